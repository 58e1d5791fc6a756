import { isRecord, present } from '../domain/json.ts'
import { assistantAnswer, outputAnswer, threadAnswer } from './answers.ts'
import type { RunAccess } from './ask.ts'
import type { Checkpoint } from './checkpoint.ts'
import { isNotFound } from './errors.ts'
import type { OwnValues } from './port.ts'
import { readRecord } from './reads.ts'
import { tellsItsEnd } from './run-record.ts'
import { valuesIn } from './values.ts'
import { recordOf, textOf } from './wire.ts'

const hidden: OwnValues = {
  found: 'nothing',
  reason: "a later run of another graph hides a part of the run's values, and the run's record holds none",
}

/**
 * The values that the run's record holds: the output that its graph declares. Fields of the whole state are only at the
 * checkpoint.
 *
 * @returns `undefined` if the checkpoint's values are to be taken, or the server keeps no results in its records
 */
export async function valuesByRecord(
  access: RunAccess,
  own: Checkpoint | undefined,
  keys: readonly string[] | undefined,
): Promise<OwnValues | undefined> {
  const record = await readRecord(access, outputAnswer(keys, access.large))
  if (!tellsItsEnd(record)) return undefined
  if (keys && own && (await isSameGraph(access, record))) return undefined
  const output = valuesIn(record['output'])
  const isWhole = output.found !== 'values' || isOutput(output.values)
  const hasSucceeded = record['status'] === 'success' || own?.next.length === 0
  if (isWhole && hasSucceeded) return { ...output, ...present({ checkpointId: own?.checkpointId }) }
  return !own || (await isSameGraph(access, record)) ? undefined : hidden
}

/** A run whose stream had no values has an output of `{}`; one that asks has its question there. */
function isOutput(output: unknown): boolean {
  return isRecord(output) && !('__interrupt__' in output) && Object.keys(output).length > 0
}

/** Whether the thread's last run, by whose graph the checkpoints are read, has the graph of this one. */
async function isSameGraph(access: RunAccess, record: Readonly<Record<string, unknown>>): Promise<boolean> {
  const { client, run, signal } = access
  const thread = recordOf(await client.reading(threadAnswer).threads.get(run.threadId, { signal }))
  const last = recordOf(thread['metadata'])
  const assistantId = textOf(record['assistant_id'])
  if (assistantId === undefined) return false
  if (textOf(last['assistant_id']) === assistantId) return true
  const graphId = textOf(last['graph_id'])
  return graphId !== undefined && graphId === (await graphOf(access, assistantId))
}

/** `undefined`: there is no such assistant any more. */
async function graphOf({ client, signal }: RunAccess, assistantId: string): Promise<string | undefined> {
  try {
    return textOf(recordOf(await client.reading(assistantAnswer).assistants.get(assistantId, { signal }))['graph_id'])
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
