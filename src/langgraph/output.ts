import { isRecord } from '../domain/json.ts'
import type { RunOrigin } from '../domain/run.ts'
import { schemasAnswer } from './answers.ts'
import type { LangGraphClient } from './client.ts'
import { httpStatusOf } from './errors.ts'
import type { OwnValues } from './port.ts'
import { recordOf, textOf } from './wire.ts'
import { withTimeout } from './with-timeout.ts'

const toldMs = 300_000
/** Reading them out of the graph's source takes some servers many seconds, and then they fail. */
const notToldMs = 3_600_000
const schemaTimeoutMs = 3000
const mostKept = 1000

type Fields = readonly string[] | undefined

/**
 * The fields of the output that an assistant's graph declares. They are read once for an assistant, and kept 5 min.
 *
 * Tradeoff: a server that takes longer than 3 s for them does not tell, and the result is the whole state.
 */
export class DeclaredOutputs {
  readonly #client: LangGraphClient
  readonly #kept = new Map<string, { readonly fields: Promise<Fields>; untilMs: number }>()

  constructor(client: LangGraphClient) {
    this.#client = client
  }

  /** `undefined` if the server does not tell. */
  fieldsOf(origin: RunOrigin | undefined): Promise<Fields> {
    const { assistantId } = origin ?? {}
    if (assistantId === undefined) return Promise.resolve(undefined)
    const kept = this.#kept.get(assistantId)
    if (kept && kept.untilMs > Date.now()) return kept.fields
    if (this.#kept.size >= mostKept) this.#kept.clear()
    const asked = { fields: this.#ask(assistantId), untilMs: Infinity }
    this.#kept.set(assistantId, asked)
    asked.fields.then(
      (fields) => (asked.untilMs = Date.now() + (fields ? toldMs : notToldMs)),
      () => (asked.untilMs = 0),
    )
    return asked.fields
  }

  /** It has a limit of its own, since several may wait for it. */
  async #ask(assistantId: string): Promise<Fields> {
    const { assistants } = this.#client.reading(schemasAnswer)
    const { signal } = new AbortController()
    try {
      const schemas = await withTimeout(signal, schemaTimeoutMs, (limited) =>
        assistants.getSchemas(assistantId, { signal: limited }),
      )
      return fieldsIn(recordOf(schemas)['output_schema'])
    } catch (error) {
      if (isNotTold(error)) return undefined
      throw error
    }
  }
}

function isNotTold(error: unknown): boolean {
  const isTimeout = error instanceof Error && ['TimeoutError', 'AbortError'].includes(error.name)
  return isTimeout || [400, 404, 405, 422, 500, 501].includes(httpStatusOf(error) ?? 0)
}

/** Of the JSON Schema of an object, or of one that it refers to. */
function fieldsIn(schema: unknown): readonly string[] | undefined {
  const root = recordOf(schema)
  const name = textOf(root['$ref'])?.split('/').at(-1)
  const definitions = recordOf(root['$defs'] ?? root['definitions'])
  const fields = Object.keys(recordOf((name === undefined ? root : recordOf(definitions[name]))['properties']))
  return fields.length > 0 ? fields : undefined
}

function isIn(read: Extract<OwnValues, { found: 'values' | 'large' }>, key: string): boolean {
  if (read.found === 'large') return read.json.fields.has(key)
  return isRecord(read.values) && Object.hasOwn(read.values, key)
}

/** A stream may show the declared output alone: a field beside it is not absent, but not to be seen there. */
export function withoutUnseen(
  read: OwnValues,
  resultKeys: readonly string[] = [],
  declared: readonly string[] = resultKeys,
): OwnValues {
  if (read.found !== 'values' && read.found !== 'large') return read
  const isSeen = (key: string) => declared.includes(key) || isIn(read, key)
  const unseen = resultKeys.filter((key) => !isSeen(key))
  if (unseen.length === 0) return read
  return { found: 'nothing', reason: `the stream shows the declared output alone, without ${unseen.join(', ')}` }
}
