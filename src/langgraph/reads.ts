import type { Client } from '@langchain/langgraph-sdk'
import type { RunAccess } from './ask.ts'
import { isOwn, parseCheckpoint } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { BadAnswer, httpStatusOf, isNotFound } from './errors.ts'
import { isContinuation, listedRun } from './run-options.ts'
import type { ListedRun } from './run-options.ts'
import { lastOwnValues } from './stream.ts'
import type { StreamReading } from './stream.ts'
import { recordOf } from './wire.ts'

/** How far back a run's checkpoint is looked for on a server that cannot filter. */
const unfilteredHistory = 100
const runsAPage = 100
/** A run repeats its input, which may be large; servers that know `select` leave it out. */
const listedFields = ['run_id', 'status', 'metadata', 'created_at'] as const
/** The ending needs no values; servers that know `select` leave them out. */
export const endingFields = ['next', 'tasks', 'metadata', 'checkpoint', 'interrupts'] as const

/** All runs of a thread, in the order in which they begin; none if there is no such thread. */
export async function runsOf(client: Client, threadId: string, signal: AbortSignal): Promise<readonly ListedRun[]> {
  const runs = new Map<string, ListedRun>()
  // A server may give fewer runs a page than it is asked for, so only a page without a new run is the end.
  for (let offset = 0; ;) {
    const page = await pageOfRuns(client, threadId, { limit: runsAPage, offset, signal })
    const before = runs.size
    for (const run of page.map(listedRun)) if (run) runs.set(run.runId, run)
    if (runs.size === before) break
    offset += page.length
  }
  return [...runs.values()].toSorted((a, b) => a.beginsAtMs - b.beginsAtMs || (a.runId < b.runId ? -1 : 1))
}

async function pageOfRuns(client: Client, threadId: string, page: object): Promise<readonly unknown[]> {
  try {
    const answer: unknown = await client.runs
      .list(threadId, { ...page, select: [...listedFields] })
      .catch(ifRefused(() => client.runs.list(threadId, page)))
    return listIn(answer)
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}

/** Whether a run resumes, or continues past a breakpoint: it has no input of its own. */
export async function continuesAnother({ client, run, signal }: RunAccess): Promise<boolean> {
  return isContinuation(recordOf(await client.runs.get(run.threadId, run.runId, { signal })))
}

export async function newestOwnCheckpoint(access: RunAccess, select?: typeof endingFields) {
  const isOwnOne = (checkpoint: Checkpoint) => isOwn(checkpoint, access.run.runId)
  const filter = { limit: 1, metadata: { run_id: access.run.runId } }
  const filtered = () => history(access, filter)
  const answer = select ? history(access, { ...filter, select: [...select] }).catch(ifRefused(filtered)) : filtered()
  const newest = await answer.catch(ifRefused(() => undefined))
  if (newest?.every(isOwnOne)) return newest[0]
  // The server cannot filter, or a state written by hand carries the run's id.
  return (await history(access, { limit: unfilteredHistory })).find(isOwnOne)
}

async function history({ client, run, signal }: RunAccess, query: object): Promise<readonly Checkpoint[]> {
  return listIn(await client.threads.getHistory(run.threadId, { ...query, signal })).map(parseCheckpoint)
}

export async function readStream({ client, run, signal }: RunAccess, from: 'begin' | 'now'): Promise<StreamReading> {
  // The SDK does not close its connection when the loop is left early, so this does.
  const leave = new AbortController()
  try {
    const stream = client.runs.joinStream(run.threadId, run.runId, {
      signal: AbortSignal.any([signal, leave.signal]),
      streamIdleReconnect: 0,
      ...(from === 'begin' && { lastEventId: '-1' }),
    })
    return await lastOwnValues(stream, run.runId)
  } finally {
    leave.abort()
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
