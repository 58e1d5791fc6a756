import { isDeepStrictEqual } from 'node:util'
import { workflowMetadataKey } from '../domain/contract.ts'
import type { Later, LaterRun, StateNow } from '../domain/creation.ts'
import { present } from '../domain/json.ts'
import type { RunRef } from '../domain/run.ts'
import { asAskedNow, willAskAgain } from '../domain/same-question.ts'
import { checkpointAnswer, requestAnswer } from './answers.ts'
import type { Connection } from './ask.ts'
import { parseCheckpoint, withoutAnswered } from './checkpoint.ts'
import { RawJson } from './cut.ts'
import { continuesAnother, runsOf } from './reads.ts'
import { hadBegun } from './run-ending.ts'
import type { ListedRun } from './run-options.ts'
import { givenTo } from './run-record.ts'
import { recordOf } from './wire.ts'

// What has become of a thread on which a run waits.

const lookTimeoutMs = 4000

export async function findLaterRun(
  server: Connection,
  run: RunRef,
  asked: StateNow,
  signal: AbortSignal,
): Promise<Later> {
  const { ask, client } = server
  const runs = await ask(`runs of thread ${run.threadId}`, signal, () => runsOf(client, run.threadId, signal))
  const later = await laterOf(server, runs, run, signal)
  if (later.kind !== 'none') return later
  const now = await editedState(server, run.threadId, signal)
  const isAsAsked = !now || willAskAgain(asked, now) || isDeepStrictEqual(asAskedNow(asked, now), asked.interrupts)
  return isAsAsked ? later : { kind: 'edited', now }
}

/** The first run after this one that has begun: one that waits for its turn, or was cancelled before, changes nothing. */
export async function laterOf(
  server: Connection,
  runs: readonly ListedRun[],
  run: RunRef,
  signal: AbortSignal,
): Promise<Later> {
  const index = runs.findIndex(({ runId }) => runId === run.runId)
  if (index === -1) return { kind: 'gone' }
  const key = runs[index]?.metadata[workflowMetadataKey]
  for (const listed of runs.slice(index + 1)) {
    const { runId, metadata } = listed
    const later = { ...run, runId }
    if (!(await hasBegun(server, later, listed, signal))) continue
    const isSameKey = key !== undefined && key === metadata[workflowMetadataKey]
    return { kind: 'later', by: await laterRun(server, run, later, isSameKey, signal) }
  }
  return { kind: 'none' }
}

/** @param isSameKey the thread hands a key on to the runs that come after, so it proves nothing alone */
async function laterRun(
  server: Connection,
  run: RunRef,
  later: RunRef,
  isSameKey: boolean,
  signal: AbortSignal,
): Promise<LaterRun> {
  const { runId } = later
  const asked = { what: `input of run ${runId}`, withinMs: lookTimeoutMs }
  const read = <T>(work: (limited: AbortSignal) => Promise<T>) => server.ask(asked, signal, work)
  const resumes = await read((limited) => continuesAnother({ client: server.client, run: later, signal: limited }))
  if (resumes || !isSameKey) return { runId, resumes }
  const { runs } = server.client.reading(requestAnswer)
  const [first, second] = await read((limited) =>
    Promise.all([run, later].map((one) => runs.get(one.threadId, one.runId, { signal: limited }))),
  )
  return isSameRequest(recordOf(first), recordOf(second)) ? { runId, resumes, isOwn: true } : { runId, resumes }
}

/** The same creation, delivered twice. */
function isSameRequest(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean {
  const [first, second] = [one, other].map((run) =>
    [run['assistant_id'], givenTo(run)['input'], givenTo(run)['command']].map((part) =>
      part instanceof RawJson ? [part.bytes, part.begin] : part,
    ),
  )
  return isDeepStrictEqual(first, second)
}

async function hasBegun(
  server: Connection,
  run: RunRef,
  { status, ownWord }: ListedRun,
  signal: AbortSignal,
): Promise<boolean> {
  if (status === 'pending') return false
  if (status !== 'interrupted' && status !== 'error') return true
  const asked = { what: `ending of run ${run.runId}`, withinMs: lookTimeoutMs }
  return server.ask(asked, signal, (limited) =>
    hadBegun({ client: server.client, run, signal: limited }, { status, ...present({ ownWord }) }),
  )
}

/** What the thread's newest state waits with, if somebody has edited it: only then it may not be what the run left. */
export async function editedState(
  server: Connection,
  threadId: string,
  signal: AbortSignal,
): Promise<StateNow | undefined> {
  const asked = { what: `state of thread ${threadId}`, withinMs: lookTimeoutMs }
  const state: unknown = await server.ask(asked, signal, (limited) =>
    server.client.reading(checkpointAnswer).threads.getState(threadId, undefined, { signal: limited }),
  )
  const { source, interrupts, next } = parseCheckpoint(withoutAnswered(state))
  return source === 'update' ? { interrupts: interrupts.interrupts, next } : undefined
}
