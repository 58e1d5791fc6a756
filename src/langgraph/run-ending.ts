import { present } from '../domain/json.ts'
import type { KnownEnding, RunEnding, RunOrigin } from '../domain/run.ts'
import { checkpointAnswer, stateAnswer, threadAnswer } from './answers.ts'
import type { Answer } from './answers.ts'
import type { RunAccess } from './ask.ts'
import { boundedInterrupts, endingAt, isOwn, parseCheckpoint, withoutAnswered } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { errorText } from './error-text.ts'
import { httpStatusOf, mayPass } from './errors.ts'
import { endingWithoutLaterWords } from './later-words.ts'
import type { StatusLook } from './port.ts'
import { begunRunsOf, continuesAnother, newestOwnCheckpoint, newestOwnEnding, readStream, threadOf } from './reads.ts'
import type { ThreadRecord } from './reads.ts'
import { endingByRecord } from './record-ending.ts'
import { jsonOf, recordOf } from './wire.ts'
import { withTimeout } from './with-timeout.ts'

const evidenceTimeoutMs = 2000
const threadTimeoutMs = 1000

export const noOwnCheckpoint =
  "no checkpoint of the thread belongs to the run, so nothing proves which values are the run's"

type ReadEnding = Exclude<RunEnding, { kind: 'unreadable' }>
/** Why evidence is missing that may be there the next time. */
type Unasked = unknown[]

/**
 * How a run that has ended with this status really ended. If one source fails, the others are asked.
 *
 * @throws if a source failed that may say the next time what the others do not
 */
export async function readEnding(access: RunAccess, { status, origin, ownWord }: StatusLook): Promise<RunEnding> {
  const byRecord = ownWord && (await endingByRecord(access, status, ownWord, noOwnCheckpoint))
  if (byRecord) return byRecord
  const unasked: Unasked = []
  const ending = await endingInCheckpoints(access, status, origin, unasked).catch(async (error: unknown) => {
    const elsewhere = await endingElsewhere(access, status, unasked)
    if (elsewhere) return elsewhere
    throw error
  })
  if (status !== 'error' || ending.error !== undefined) return ending
  const error = await errorElsewhere(access, unasked)
  // A place that may hold its error could not be read, so nothing shows that there is none.
  if (error === undefined && unasked.length > 0) throw unasked[0]
  return { ...ending, ...present({ error }) }
}

async function endingInCheckpoints(
  access: RunAccess,
  status: string,
  origin: RunOrigin | undefined,
  unasked: Unasked,
): Promise<ReadEnding> {
  const unseen: Unasked = []
  const [own, thread] = await Promise.all([newestOwnEnding(access), threadSeen(access, origin, unseen)])
  const reason = hiddenIn(thread, origin)
  // An error that is shown is the run's, or of a later one that continued it: its node is in both graphs.
  const mayBeHidden = status === 'success' || own?.error === undefined
  if (mayBeHidden && unseen.length > 0) throw unseen[0]
  if (mayBeHidden && reason !== undefined)
    return (await questionsOn(thread, access, status)) ?? { kind: 'hidden', reason }
  if (own) return endingWithoutLaterWords(access, status, own)
  const stopped = await checkpointWithoutOwn(access, status, origin, unasked)
  if (!stopped) return { kind: 'unproven', reason: noOwnCheckpoint }
  const { error, failedNodes } = stopped.checkpoint
  if (!stopped.isShared || error === undefined) return endingAt(stopped.checkpoint)
  return { kind: 'unproven', reason: noOwnCheckpoint, sharedError: { error, ...present({ failedNodes }) } }
}

/**
 * Whether a run had begun that has failed or was cancelled: it has left a trace on its thread. Its stream is not read, since
 * some servers tell a run's error once.
 *
 * @throws if that cannot be found out
 */
export async function hadBegun(
  access: RunAccess,
  { status, ownWord }: Pick<StatusLook, 'status' | 'ownWord'>,
): Promise<boolean> {
  const unasked: Unasked = []
  const byRecord = ownWord && (await endingByRecord(access, status, ownWord, noOwnCheckpoint))
  const ending = byRecord ?? (await endingInCheckpoints(access, status, undefined, unasked))
  // One that continued a failed run, and failed in the same node, has left no checkpoint either.
  if (ending.kind !== 'unproven' || ending.sharedError !== undefined) return true
  if (unasked.length > 0) throw unasked[0]
  return false
}

/** A server without this query, or one that answers with another thread, gives no evidence. */
function threadSeen(
  access: RunAccess,
  origin: RunOrigin | undefined,
  unseen?: Unasked,
): Promise<ThreadRecord | undefined> {
  if (origin?.graphId === undefined) return Promise.resolve(undefined)
  return unlessItFails(access, evidenceTimeoutMs, threadOf, unseen)
}

/**
 * A server reads a thread's checkpoints through one graph, which is another run's if runs of several graphs share the
 * thread. Then they seem to have ended although a human is waiting, or to be at a node although they have ended.
 *
 * A checkpoint's own `graph_id` says nothing: it may be inherited from the thread, or the user's.
 */
function hiddenIn(thread: ThreadRecord | undefined, origin: RunOrigin | undefined): string | undefined {
  if (thread?.graphId === undefined || origin?.graphId === undefined || thread.graphId === origin.graphId)
    return undefined
  return `LangGraph reads the thread through another graph ("${thread.graphId}"), which hides how this run of "${origin.graphId}" ended`
}

/** Why the thread's checkpoints are no evidence for this run; that they are was found out before, with its ending. */
export async function hiddenBy(access: RunAccess, origin: RunOrigin | undefined): Promise<string | undefined> {
  return hiddenIn(await threadSeen(access, origin), origin)
}

/** The thread keeps the questions of the run that ended last, whatever graph reads it. */
async function questionsOn(
  thread: ThreadRecord | undefined,
  access: RunAccess,
  status: string,
): Promise<KnownEnding | undefined> {
  if (status !== 'success' || !thread || thread.interrupts.length === 0) return undefined
  const runs = await begunRunsOf(access)
  if (runs.at(-1)?.runId !== access.run.runId) return undefined
  return { kind: 'known', next: [], ...boundedInterrupts(thread.interrupts) }
}

async function endingElsewhere(access: RunAccess, status: string, unasked: Unasked): Promise<ReadEnding | undefined> {
  if (status === 'success') {
    return unlessItFails(access, evidenceTimeoutMs, async (limited) =>
      questionsOn(await threadOf(limited), limited, status),
    )
  }
  const error = status === 'error' ? await errorElsewhere(access, unasked) : undefined
  return error === undefined ? undefined : { kind: 'unproven', reason: 'its checkpoints could not be read', error }
}

async function checkpointWithoutOwn(
  access: RunAccess,
  status: string,
  origin: RunOrigin | undefined,
  unasked: Unasked,
): Promise<StoppedAt | undefined> {
  if (status === 'success') return checkpointItStoppedAt(access, status, origin)
  if (status !== 'error') return undefined
  return unlessItFails(access, evidenceTimeoutMs, (limited) => checkpointItStoppedAt(limited, status, origin), unasked)
}

/** The checkpoint at which a run that succeeded has ended, with these fields of its values. */
export async function ownCheckpoint(
  access: RunAccess,
  origin: RunOrigin | undefined,
  keys: readonly string[] | undefined,
): Promise<Checkpoint | undefined> {
  const newest = await stateOf(access, stateAnswer(keys, access.large)).then(parseCheckpoint, (error: unknown) => {
    // A state that cannot be sent may not be the run's own.
    if (httpStatusOf(error) !== 500) throw error
  })
  if (newest && isOwn(newest, access.run.runId)) return newest
  const own = await newestOwnCheckpoint(access, keys)
  if (own || !origin?.continues) return own
  return (await checkpointItStoppedAt(access, 'success', origin, stateAnswer(keys, access.large)))?.checkpoint
}

function stateOf({ client, run, signal }: RunAccess, answer: Answer): Promise<unknown> {
  return client.reading(answer).threads.getState(run.threadId, undefined, { signal })
}

interface StoppedAt {
  readonly checkpoint: Checkpoint
  /** The run before it failed too: the error may still be that run's. */
  readonly isShared: boolean
}

/**
 * A run that answered one of several questions, reached the next one at once, failed with the answer, or had nothing left
 * to do has written no checkpoint: it stopped where the run before it did. It did so if it is the last run of its thread
 * that has begun, and the thread was at that checkpoint before.
 */
async function checkpointItStoppedAt(
  access: RunAccess,
  status: 'success' | 'error',
  origin: RunOrigin | undefined,
  answer: Answer = checkpointAnswer,
): Promise<StoppedAt | undefined> {
  if (origin?.continues === false) return undefined
  const newest = parseCheckpoint(withoutAnswered(await stateOf(access, answer)))
  const error = newest.error ?? (status === 'error' ? newest.cancelledAs : undefined)
  const hasFailed = error !== undefined
  if (hasFailed !== (status === 'error')) return undefined
  // The state of a thread without a run looks like one that has ended.
  if (newest.next.length === 0 && !hasFailed && newest.checkpointId === undefined) return undefined
  const runs = await begunRunsOf(access)
  const itself = runs.at(-1)
  if (itself?.runId !== access.run.runId || (newest.createdAtMs ?? 0) > itself.beginsAtMs) return undefined
  if (!(origin?.continues ?? (await continuesAnother(access)))) return undefined
  return { checkpoint: { ...newest, ...present({ error }) }, isShared: hasFailed && runs.at(-2)?.status === 'error' }
}

/** For evidence that may be missing: without it the ending says less, but nothing wrong. */
async function unlessItFails<T>(
  access: RunAccess,
  ms: number,
  read: (limited: RunAccess) => Promise<T>,
  unasked: Unasked = [],
): Promise<T | undefined> {
  try {
    return await withTimeout(access.signal, ms, (signal) => read({ ...access, signal }))
  } catch (error) {
    access.signal.throwIfAborted()
    if (mayPass(error)) unasked.push(error)
    return undefined
  }
}

/**
 * A run that failed between nodes (recursion limit, a graph that cannot be loaded) leaves no error in its checkpoint.
 * Some servers keep it on the thread, as long as the run is the last one, and some in the run's own stream.
 */
function errorElsewhere(access: RunAccess, unasked: Unasked): Promise<string | undefined> {
  const onThreadOrInStream = async (limited: RunAccess) =>
    (await unlessItFails(limited, threadTimeoutMs, errorOnThread, unasked)) ?? errorInStream(limited)
  return unlessItFails(access, evidenceTimeoutMs, onThreadOrInStream, unasked)
}

async function errorInStream(access: RunAccess): Promise<string | undefined> {
  const read = await readStream(access, 'begin')
  return read.found === 'error' ? read.error : undefined
}

async function errorOnThread(access: RunAccess): Promise<string | undefined> {
  const { client, run, signal } = access
  const { error } = recordOf(await client.reading(threadAnswer).threads.get(run.threadId, { signal }))
  if (jsonOf(error) === 'null') return undefined
  const runs = await begunRunsOf(access)
  return runs.at(-1)?.runId === run.runId ? errorText(jsonOf(error)) : undefined
}
