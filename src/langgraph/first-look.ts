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
  return { kind: 'ready', ...present({ version: await versionOf(connection, signal) }) }
}

/** Not every server tells it. */
async function versionOf({ client, ask }: Connection, signal: AbortSignal): Promise<string | undefined> {
  try {
    const info = await ask('the version', signal, () => client.readInfo(signal))
    return textOf(info['version'])
  } catch (error) {
    if (error instanceof LangGraphError) return undefined
    throw error
  }
}
