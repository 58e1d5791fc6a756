import { isRecord } from '../domain/json.ts'
import type { RunOrigin } from '../domain/run.ts'
import { schemasAnswer } from './answers.ts'
import type { LangGraphClient } from './client.ts'
import { httpStatusOf } from './errors.ts'
import type { OwnValues } from './port.ts'
import { recordOf, textOf } from './wire.ts'

const keptMs = 300_000
const mostKept = 1000

/** The fields of the output that an assistant's graph declares. Read once for an assistant, and kept 5 min. */
export class DeclaredOutputs {
  readonly #client: LangGraphClient
  readonly #kept = new Map<string, { readonly fields: readonly string[] | undefined; readonly untilMs: number }>()

  constructor(client: LangGraphClient) {
    this.#client = client
  }

  /** `undefined` if the server does not tell. */
  async fieldsOf(origin: RunOrigin | undefined, signal: AbortSignal): Promise<readonly string[] | undefined> {
    const { assistantId } = origin ?? {}
    if (assistantId === undefined) return undefined
    const kept = this.#kept.get(assistantId)
    if (kept && kept.untilMs > Date.now()) return kept.fields
    const fields = fieldsIn(await this.#schemaOf(assistantId, signal))
    if (this.#kept.size >= mostKept) this.#kept.clear()
    this.#kept.set(assistantId, { fields, untilMs: Date.now() + keptMs })
    return fields
  }

  async #schemaOf(assistantId: string, signal: AbortSignal): Promise<unknown> {
    const { assistants } = this.#client.reading(schemasAnswer)
    try {
      return recordOf(await assistants.getSchemas(assistantId, { signal }))['output_schema']
    } catch (error) {
      // Some servers have no schemas, or cannot read them out of the graph's source.
      if ([400, 404, 405, 422, 500, 501].includes(httpStatusOf(error) ?? 0)) return undefined
      throw error
    }
  }
}

/** Of the JSON Schema of an object, or of one that it refers to. */
function fieldsIn(schema: unknown): readonly string[] | undefined {
  const root = recordOf(schema)
  const name = textOf(root['$ref'])?.split('/').at(-1)
  const definitions = recordOf(root['$defs'] ?? root['definitions'])
  const fields = Object.keys(recordOf((name === undefined ? root : recordOf(definitions[name]))['properties']))
  return fields.length > 0 ? fields : undefined
}

/** A stream may show the declared output alone: a field beside it is not absent, but not to be seen there. */
export function withoutUnseen(
  read: OwnValues,
  resultKeys: readonly string[] = [],
  declared: readonly string[] = resultKeys,
): OwnValues {
  if (read.found !== 'values') return read
  const { values } = read
  const isSeen = (key: string) => declared.includes(key) || (isRecord(values) && Object.hasOwn(values, key))
  const unseen = resultKeys.filter((key) => !isSeen(key))
  if (unseen.length === 0) return read
  return { found: 'nothing', reason: `the stream shows the declared output alone, without ${unseen.join(', ')}` }
}
