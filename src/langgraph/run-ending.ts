import { present } from '../domain/json.ts'
import type { RunEnding, Unproven } from '../domain/run.ts'
import { checkpointAnswer, foundThreadAnswer, threadAnswer } from './answers.ts'
import type { RunAccess } from './ask.ts'
import { endingAt, parseCheckpoint, withoutAnswered } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { errorText } from './error-text.ts'
import type { OwnValues } from './port.ts'
import { continuesAnother, newestOwnEnding, readStream, runsOf } from './reads.ts'
import { jsonOf, listOf, recordOf, textOf } from './wire.ts'
import { withTimeout } from './with-timeout.ts'

const evidenceTimeoutMs = 2000

export const noOwnCheckpoint =
  "no checkpoint of the thread belongs to the run, so nothing proves which values are the run's"
const unproven: Unproven = { kind: 'unproven', reason: noOwnCheckpoint }

/** How a run that has ended with this status really ended. */
export async function readEnding(access: RunAccess, status: string): Promise<RunEnding> {
  const checkpoint =
    (await newestOwnEnding(access)) ??
    (status === 'success' ? await checkpointItStoppedAt(access, status) : undefined) ??
    (status === 'error' ? await unlessItFails(access, (limited) => checkpointItStoppedAt(limited, status)) : undefined)
  const ending = checkpoint ? endingAt(checkpoint) : unproven
  if (status !== 'error' || ending.error !== undefined) return ending
  return { ...ending, ...present({ error: await unlessItFails(access, errorOutsideNodes) }) }
}

/**
 * A run that answered one of several questions, reached the next one at once, or failed with the answer has written no
 * checkpoint: it stopped where the run before it did. It did so if it was the last run of its thread, and the thread
 * still waits, or has failed.
 */
async function checkpointItStoppedAt(access: RunAccess, status: 'success' | 'error'): Promise<Checkpoint | undefined> {
  const { client, run, signal } = access
  const state: unknown = await client.reading(checkpointAnswer).threads.getState(run.threadId, undefined, { signal })
  const newest = parseCheckpoint(withoutAnswered(state))
  const hasFailed = newest.error !== undefined
  // A thread that has failed has no `next` on some servers.
  if (status === 'error' ? !hasFailed : hasFailed || newest.next.length === 0) return undefined
  const runs = await runsOf(client, run.threadId, signal)
  const isLast = runs.at(-1)?.runId === run.runId
  // If the run before it failed too, the error may be that run's.
  if (hasFailed && runs.at(-2)?.status === 'error') return undefined
  return isLast && (await continuesAnother(access)) ? newest : undefined
}

/** For evidence that may be missing: without it the ending says less, but nothing wrong. */
async function unlessItFails<T>(access: RunAccess, read: (limited: RunAccess) => Promise<T>): Promise<T | undefined> {
  try {
    return await withTimeout(access.signal, evidenceTimeoutMs, (signal) => read({ ...access, signal }))
  } catch {
    access.signal.throwIfAborted()
    return undefined
  }
}

/**
 * A run that failed between nodes (recursion limit, a graph that cannot be loaded) leaves no error in its checkpoint.
 * Some servers keep it on the thread, as long as the run is the last one, and some in the run's own stream.
 */
async function errorOutsideNodes(access: RunAccess): Promise<string | undefined> {
  const onThread = await errorOnThread(access)
  if (onThread !== undefined) return onThread
  const read = await readStream(access, 'begin')
  return read.found === 'error' ? read.error : undefined
}

async function errorOnThread({ client, run, signal }: RunAccess): Promise<string | undefined> {
  const { error } = recordOf(await client.reading(threadAnswer).threads.get(run.threadId, { signal }))
  if (jsonOf(error) === 'null') return undefined
  const runs = await runsOf(client, run.threadId, signal)
  return runs.at(-1)?.runId === run.runId ? errorText(jsonOf(error)) : undefined
}

/**
 * A server reads a thread's checkpoints through the graph that ran last on it. After a run of another graph the
 * checkpoints of the watched run seem to have ended: `next` is empty, even if a human was waiting.
 */
export async function misread(access: RunAccess, own: Checkpoint): Promise<OwnValues | undefined> {
  const { threadId } = access.run
  if (own.graphId === undefined) return undefined
  // A server without this query, or one that answers with another thread, gives no evidence.
  const threads = await unlessItFails(access, ({ client, signal }) =>
    client
      .reading(foundThreadAnswer)
      .threads.search({ ids: [threadId], limit: 1, select: ['thread_id', 'metadata'], signal }),
  )
  const thread = listOf(threads)
    .map(recordOf)
    .find((found) => textOf(found['thread_id']) === threadId)
  const graphId = textOf(recordOf(thread?.['metadata'])['graph_id'])
  if (graphId === undefined || graphId === own.graphId) return undefined
  const reason = `a later run of another graph ("${graphId}") hides how this run of "${own.graphId}" ended`
  return { found: 'nothing', reason }
}
