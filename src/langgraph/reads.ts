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
import { isRecord } from '../domain/json.ts'
import { langGraphFailureTypes } from '../domain/contract.ts'
import { BadAnswer, httpStatusOf, isNotFound, LangGraphError } from './errors.ts'
import { Reservation, slicesOf } from './guarded-fetch.ts'
import { listedRun } from './run-options.ts'
import type { ListedRun } from './run-options.ts'
import { RunStream } from './stream.ts'
import type { StreamReading } from './stream.ts'
import { jsonOf, listOf, recordOf, textOf } from './wire.ts'

/** How far back a run's checkpoint is looked for on a server that cannot filter. It is nearly always the newest. */
const unfilteredHistory = 100
const unfilteredLooks = [1, 10, unfilteredHistory] as const
/** Fewer if so many are too large: a server may repeat the input and the output of each. */
const runsAPage = [100, 10, 1] as const
/** More runs than any thread has: a server that never ends its list is not waited for. */
const mostRuns = 20_000
/** A run repeats its input, which may be large; servers that know `select` leave it out. */
const listedFields = ['run_id', 'status', 'metadata', 'created_at'] as const
const threadFields = ['thread_id', 'metadata', 'interrupts'] as const
/** The ending needs no values; servers that know `select` leave them out. */
const endingFields = ['next', 'tasks', 'metadata', 'checkpoint', 'interrupts', 'created_at'] as const

/** All runs of a thread, in the order in which they begin; empty if the thread does not exist. */
export async function runsOf(
  client: LangGraphClient,
  threadId: string,
  signal: AbortSignal,
): Promise<readonly ListedRun[]> {
  const runs = new Map<string, ListedRun>()
  // A server may give fewer runs a page than it is asked for, so only a page without a new run is the end.
  for (let offset = 0; ;) {
    const page = await firstThatFits(runsAPage, (limit) => pageOfRuns(client, threadId, { limit, offset, signal }))
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

interface Page {
  readonly limit: (typeof runsAPage)[number]
  readonly offset: number
  readonly signal: AbortSignal
}

const pages = { 100: pageAnswer(100), 10: pageAnswer(10), 1: pageAnswer(1) } as const

async function pageOfRuns(client: LangGraphClient, threadId: string, page: Page): Promise<readonly unknown[]> {
  try {
    const { runs } = client.reading(pages[page.limit])
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
export async function continuesAnother(access: RunAccess): Promise<boolean> {
  const record = await readRecord(access, runAnswer)
  const { kwargs } = record
  if (isRecord(kwargs)) return (kwargs['input'] ?? null) === null
  const input = jsonOf(record['input'])
  // Such a record shows an input of `{}` for a run without one, too.
  if (input !== '{}') return input === 'null'
  const thread = await history(access, anyEnding, { limit: unfilteredHistory })
  return !thread.some((checkpoint) => isOwn(checkpoint, access.run.runId) && checkpoint.source === 'input')
}

export async function readRecord(
  { client, run, signal }: RunAccess,
  answer: Answer,
): Promise<Readonly<Record<string, unknown>>> {
  return recordOf(await client.reading(answer).runs.get(run.threadId, run.runId, { signal }))
}

const mostEdits = 100
const anyEdit = historyAnswer(mostEdits)
const anyEnding = historyAnswer(unfilteredHistory)
const endings = new Map<number, Answer>([1, 10].map((limit) => [limit, historyAnswer(limit)])).set(
  unfilteredHistory,
  anyEnding,
)

/** How the run stood at the end, without its values. */
export function newestOwnEnding(access: RunAccess): Promise<Checkpoint | undefined> {
  return newestOwn(access, (limit) => endings.get(limit) ?? historyAnswer(limit), [...endingFields])
}

/** With its values, or these fields of them. */
export function newestOwnCheckpoint(
  access: RunAccess,
  keys: readonly string[] | undefined,
): Promise<Checkpoint | undefined> {
  return newestOwn(access, (limit) => historyWithValuesAnswer(limit, keys, access.large))
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
  answerOf: (limit: number) => Answer,
  select?: readonly string[],
): Promise<Checkpoint | undefined> {
  const isOwnOne = (checkpoint: Checkpoint) => isOwn(checkpoint, access.run.runId)
  const one = answerOf(1)
  const filter = { limit: 1, metadata: { run_id: access.run.runId } }
  const filtered = () => history(access, one, filter)
  const answer = select ? history(access, one, { ...filter, select }).catch(ifRefused(filtered)) : filtered()
  const newest = await answer.catch(ifRefused(() => undefined))
  if (newest?.every(isOwnOne)) return newest[0]
  // The server cannot filter, or a state written by hand carries the run's id.
  for (const limit of unfilteredLooks) {
    const checkpoints = await history(access, limit === 1 ? one : answerOf(limit), { limit })
    const own = checkpoints.find(isOwnOne)
    if (own || checkpoints.length < limit) return own
  }
  return undefined
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
  { client, run, signal, large }: RunAccess,
  from: 'begin' | 'now',
  keys?: readonly string[],
): Promise<StreamReading> {
  const { intake } = client
  const bounds = streamBounds(keys, large)
  const memory = new Reservation(bounds.maxKeptBytes, intake, signal, large)
  const stream = new RunStream(run.runId, keys, large)
  try {
    const body = await client.openStream(run, from, signal)
    for await (const slice of slicesOf(body, bounds, intake)) {
      stream.write(slice)
      if (stream.isDecided) break
      await memory.isEnoughFor(stream.keptBytes)
    }
    if (memory.isHeld) await intake.turn()
    return stream.end()
  } finally {
    memory.end()
  }
}

/** Asks for fewer as long as the answer is too large. */
async function firstThatFits<N, T>([most, ...fewer]: readonly N[], ask: (limit: N) => Promise<T>): Promise<T> {
  if (most === undefined) throw new Error('nothing to ask for')
  try {
    return await ask(most)
  } catch (error) {
    if (!isTooLarge(error) || fewer.length === 0) throw error
    return firstThatFits(fewer, ask)
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof LangGraphError && error.type === langGraphFailureTypes.tooLarge
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
