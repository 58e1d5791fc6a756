import { langGraphFailureTypes as types } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import { statusAnswer } from './answers.ts'
import type { Connection } from './ask.ts'
import { LangGraphError } from './errors.ts'
import type { FirstLook } from './port.ts'
import { textOf } from './wire.ts'

/** No server has a thread or a run of this id. */
const nobody = '00000000-0000-0000-0000-000000000000'

/** Asks as a poll does: what refuses this refuses every poll. */
export async function firstLook(connection: Connection, signal: AbortSignal): Promise<FirstLook> {
  try {
    await connection.ask('an answer', signal, () =>
      connection.client.reading(statusAnswer).runs.get(nobody, nobody, { signal }),
    )
  } catch (error) {
    if (!(error instanceof LangGraphError)) throw error
    if (error.type === types.unauthorized) return { kind: 'refused', reason: error.message }
    if (error.type !== types.notFound && error.type !== types.refused) {
      return { kind: 'unanswered', reason: error.message }
    }
  }
  return { kind: 'ready', ...present(await toldBy(connection, signal)) }
}

interface Told {
  readonly version: string | undefined
  readonly language: 'JavaScript' | 'Python' | undefined
}

/** Not every server tells it. */
async function toldBy({ client, ask }: Connection, signal: AbortSignal): Promise<Told> {
  try {
    const info = await ask('the version', signal, () => client.readInfo(signal))
    return { version: textOf(info['version']), language: languageOf(info) }
  } catch (error) {
    if (error instanceof LangGraphError) return { version: undefined, language: undefined }
    throw error
  }
}

function languageOf(info: Readonly<Record<string, unknown>>): Told['language'] {
  if (textOf(info['context']) === 'js') return 'JavaScript'
  return 'langgraph_py_version' in info ? 'Python' : undefined
}
