import { present } from '../domain/json.ts'
import {
  foundThreadAnswer,
  historyAnswer,
  historyWithValuesAnswer,
  pageAnswer,
  runAnswer,
  streamBounds,
} from './answers.ts'
import type { Answer } from './answers.ts'
import type { LangGraphClient } from './client.ts'
import type { RunAccess } from './ask.ts'
import { interruptsOf, isOwn, parseCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { BadAnswer, httpStatusOf, isNotFound } from './errors.ts'
import { Reservation, slicesOf } from './guarded-fetch.ts'
import { isContinuation, listedRun } from './run-options.ts'
import type { ListedRun } from './run-options.ts'
import { RunStream } from './stream.ts'
import type { StreamReading } from './stream.ts'
import { listOf, recordOf, textOf } from './wire.ts'

/** How far back a run's checkpoint is looked for on a server that cannot filter. */
const unfilteredHistory = 100
const runsAPage = 100
const aPage = pageAnswer(runsAPage)
/** More runs than any thread has: a server that never ends its list is not waited for. */
const mostRuns = 20_000
/** A run repeats its input, which may be large; servers that know `select` leave it out. */
const listedFields = ['run_id', 'status', 'metadata', 'created_at'] as const
const threadFields = ['thread_id', 'metadata', 'interrupts'] as const
/** The ending needs no values; servers that know `select` leave them out. */
const endingFields = ['next', 'tasks', 'metadata', 'checkpoint', 'interrupts', 'created_at'] as const

/** All runs of a thread, in the order in which they begin; none if there is no such thread. */
export async function runsOf(
  client: LangGraphClient,
  threadId: string,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  const runs = new Map<string, ListedRun>()
  // A server may give fewer runs a page than it is asked for, so only a page without a new run is the end.
  for (let offset = 0; ;) {
    const page = await pageOfRuns(client, threadId, { limit: runsAPage, offset, signal })
    const before = runs.size
    for (const run of page.map(listedRun)) if (run) runs.set(run.runId, run)
    if (runs.size === before) break
    if (runs.size > mostRuns) throw new BadAnswer(`lists more than ${mostRuns} runs`)
    offset += page.length
  }
  return [...runs.values()].toSorted((a, b) => a.beginsAtMs - b.beginsAtMs || (a.runId < b.runId ? -1 : 1))
}

/** Without those that wait for their turn, or for their time. */
export async function begunRunsOf({ client, run, signal }: RunAccess): Promise<readonly ListedRun[]> {
  return (await runsOf(client, run.threadId, signal)).filter(({ status }) => status !== 'pending')
}

/** What a server says about a thread beside its state. */
export interface ThreadRecord {
  /** The graph through which the server reads the thread. */
  readonly graphId?: string
  /** Of the run that ended last. */
  readonly interrupts: ReturnType<typeof interruptsOf>
}

export async function threadOf({ client, run, signal }: RunAccess): Promise<ThreadRecord | undefined> {
  const { threads } = client.reading(foundThreadAnswer)
  const found = await threads.search({ ids: [run.threadId], limit: 1, select: [...threadFields], signal })
  const thread = listOf(found)
    .map(recordOf)
    .find(({ thread_id: id }) => textOf(id) === run.threadId)
  if (!thread) return undefined
  return {
    ...present({ graphId: textOf(recordOf(thread['metadata'])['graph_id']) }),
    interrupts: Object.values(recordOf(thread['interrupts'])).flatMap((asked) => interruptsOf(asked)),
  }
}

async function pageOfRuns(client: LangGraphClient, threadId: string, page: object): Promise<readonly unknown[]> {
  try {
    const { runs } = client.reading(aPage)
    const answer: unknown = await runs
      .list(threadId, { ...page, select: [...listedFields] })
      .catch(ifRefused(() => runs.list(threadId, page)))
    return listIn(answer)
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}

/** Whether a run resumes, or continues past a breakpoint: it has no input of its own. */
export async function continuesAnother({ client, run, signal }: RunAccess): Promise<boolean> {
  return isContinuation(recordOf(await client.reading(runAnswer).runs.get(run.threadId, run.runId, { signal })))
}

const mostEdits = 100
const anyEdit = historyAnswer(mostEdits)
const newestEnding = historyAnswer(1)
const anyEnding = historyAnswer(unfilteredHistory)

/** How the run stood at the end, without its values. */
export function newestOwnEnding(access: RunAccess): Promise<Checkpoint | undefined> {
  return newestOwn(access, { one: newestEnding, all: anyEnding }, [...endingFields])
}

/** With its values, or these fields of them. */
export function newestOwnCheckpoint(
  access: RunAccess,
  keys: readonly string[] | undefined,
): Promise<Checkpoint | undefined> {
  const one = historyWithValuesAnswer(1, keys)
  return newestOwn(access, { one, all: historyWithValuesAnswer(unfilteredHistory, keys) })
}

/** Whether the thread's state was edited by hand between two times. */
export async function wasEdited(access: RunAccess, sinceMs = 0, untilMs: number): Promise<boolean> {
  const query = { limit: mostEdits, metadata: { source: 'update' } }
  const edits = await history(access, anyEdit, query).catch(ifRefused(() => []))
  return edits.some(
    ({ source, createdAtMs = 0 }) => source === 'update' && createdAtMs > sinceMs && createdAtMs <= untilMs,
  )
}

async function newestOwn(
  access: RunAccess,
  answers: { readonly one: Answer; readonly all: Answer },
  select?: readonly string[],
): Promise<Checkpoint | undefined> {
  const isOwnOne = (checkpoint: Checkpoint) => isOwn(checkpoint, access.run.runId)
  const filter = { limit: 1, metadata: { run_id: access.run.runId } }
  const filtered = () => history(access, answers.one, filter)
  const answer = select ? history(access, answers.one, { ...filter, select }).catch(ifRefused(filtered)) : filtered()
  const newest = await answer.catch(ifRefused(() => undefined))
  if (newest?.every(isOwnOne)) return newest[0]
  // The server cannot filter, or a state written by hand carries the run's id.
  return (await history(access, answers.all, { limit: unfilteredHistory })).find(isOwnOne)
}

async function history(
  { client, run, signal }: RunAccess,
  answer: Answer,
  query: object,
): Promise<readonly Checkpoint[]> {
  const { threads } = client.reading(answer)
  return listIn(await threads.getHistory(run.threadId, { ...query, signal })).map(parseCheckpoint)
}

export async function readStream(
  { client, run, signal }: RunAccess,
  from: 'begin' | 'now',
  keys?: readonly string[],
): Promise<StreamReading> {
  const { intake } = client
  const memory = new Reservation(streamBounds.maxKeptBytes, intake, signal)
  const stream = new RunStream(run.runId, keys)
  try {
    const body = await client.openStream(run, from, signal)
    for await (const slice of slicesOf(body, streamBounds.maxReadBytes, intake)) {
      stream.write(slice)
      if (stream.isDecided) break
      await memory.isEnoughFor(stream.keptBytes)
    }
    if (memory.isHeld) await intake.turn()
    return stream.end()
  } finally {
    memory.release()
  }
}

/** Some servers answer a filter, or a selection, that they do not know with an error. */
function ifRefused<T>(instead: () => T): (error: unknown) => T {
  return (error) => {
    if (![400, 422, 500, 501].includes(httpStatusOf(error) ?? 0)) throw error
    return instead()
  }
}

function listIn(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer
  throw new BadAnswer('is not a list')
}
