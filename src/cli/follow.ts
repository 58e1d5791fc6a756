import { setTimeout as pause } from 'node:timers/promises'
import type { WorkflowHandle } from '@temporalio/client'
import type { WatchOutcome, WatchProgress } from '../client.ts'
import { progressQueryName } from '../domain/contract.ts'
import { ElapsedClock } from './elapsed-clock.ts'
import { CliError, exitCodes, isUnavailable } from './exit.ts'
import { inWords } from './in-words.ts'
import { endingOf } from './outcome.ts'
import type { Ending } from './outcome.ts'
import { describeQuestion, waitsForHuman } from './question.ts'
import type { Screen } from './screen.ts'
import { quoted } from './shell.ts'
import type { FoundWorkflow, Temporal } from './temporal.ts'

type WatchHandle = WorkflowHandle<() => Promise<WatchOutcome>>

interface FollowOptions {
  /** A watch that was there before. */
  readonly open: FoundWorkflow | undefined
  /** Ends with 69 instead of waiting for a worker. */
  readonly requireWorker: boolean
  /** Whether there was one at the start. */
  readonly hasWorker: boolean
}

const lookMs = 1000
/** An outage that breaks no connection is noticed then. */
const longestWaitMs = 60_000

/** Shows a watch's progress until it ends, through outages of Temporal and of the workers. */
export async function follow(
  temporal: Temporal,
  handle: WatchHandle,
  screen: Screen,
  options: FollowOptions,
): Promise<Ending> {
  const ended = new AbortController()
  try {
    return await Promise.race([
      untilEnded(temporal, handle),
      showProgress(temporal, handle, screen, options, ended.signal),
    ])
  } finally {
    ended.abort()
    screen.clear()
  }
}

async function untilEnded(temporal: Temporal, handle: WatchHandle): Promise<Ending> {
  for (;;) {
    try {
      return await temporal.client.withDeadline(Date.now() + longestWaitMs, () => endingOf(temporal, handle))
    } catch (error) {
      if (!isUnavailable(temporal.explain(error))) throw error
    }
    await pause(lookMs)
  }
}

/** Until the signal, or until a worker is missing that is required. */
async function showProgress(
  temporal: Temporal,
  handle: WatchHandle,
  screen: Screen,
  { open, requireWorker, hasWorker }: FollowOptions,
  ended: AbortSignal,
): Promise<never> {
  const clock = new ElapsedClock(open?.startTime)
  const sayOnce = onceEach((text) => screen.say(text))
  let trouble: Trouble = hasWorker ? 'none' : 'no worker'
  for (;;) {
    const seen = await look(temporal, handle, open?.taskQueue)
    ended.throwIfAborted()
    if (seen.trouble && seen.trouble !== trouble) {
      trouble = seen.trouble
      if (trouble === 'no worker' && requireWorker) throw workerIsGone(temporal.noWorker(open), handle)
      screen.say(wordsFor(trouble, temporal, open))
    }
    const { progress } = seen
    if (progress) {
      clock.see(progress.elapsed_seconds)
      sayOnce(whatStays(progress, handle.workflowId))
      screen.show((nowMs) => describe(progress, clock.secondsAt(nowMs), nowMs), news(progress))
    }
    await pause(lookMs, undefined, { signal: ended })
  }
}

/** What is told once, on lines that stay: which run it is, where the id does not say it, and whom it waits for. */
function whatStays(progress: WatchProgress, workflowId: string): string[] {
  const { run_id, thread_id } = progress
  return [
    ...(run_id === undefined ? [] : [`Run ${run_id} of thread ${thread_id}`]),
    ...(waitsForHuman(progress)
      ? [`${describeQuestion(progress)}\nTo answer: langgraph-runs resume --id ${quoted(workflowId)}`]
      : []),
  ]
}

function onceEach(say: (text: string) => void): (texts: readonly string[]) => void {
  const said = new Set<string>()
  return (texts) => {
    for (const text of texts) {
      if (!said.has(text)) say(text)
      said.add(text)
    }
  }
}

/** Why there is no progress to show. `no answer`: a worker was there a moment ago, or has much to do. */
type Trouble = 'none' | 'no answer' | 'no worker' | 'no Temporal'

interface Seen {
  readonly trouble?: Trouble
  readonly progress?: WatchProgress
}

async function look(temporal: Temporal, handle: WatchHandle, taskQueue: string | undefined): Promise<Seen> {
  try {
    return { trouble: 'none', progress: await temporal.ask(() => handle.query<WatchProgress>(progressQueryName)) }
  } catch (error) {
    // Whatever else it is, the end of the watch says it.
    if (!isUnavailable(error)) return {}
  }
  try {
    return { trouble: (await temporal.hasWorker(taskQueue)) ? 'no answer' : 'no worker' }
  } catch {
    return { trouble: 'no Temporal' }
  }
}

function wordsFor(trouble: Trouble, temporal: Temporal, open: FoundWorkflow | undefined): string {
  switch (trouble) {
    case 'none':
      return 'The watch answers'
    case 'no answer':
      return 'No worker answers for the watch at the moment. Waiting for it'
    case 'no worker':
      return `${temporal.noWorker(open)}. Waiting for it`
    case 'no Temporal':
      return `Temporal does not answer at ${temporal.address}, which keeps the watch. Waiting for it; Ctrl-C ends the waiting only`
  }
}

function workerIsGone(noWorker: string, { workflowId }: WatchHandle): CliError {
  const message = `${noWorker}. The watch stays open, and goes on when a worker is there: ${workflowId}`
  return new CliError(exitCodes.unavailable, message)
}

function describe(progress: WatchProgress, elapsedSeconds: number, nowMs: number): string {
  const { phase, status, poll_count, next_poll_at, last_error } = progress
  const secondsToPoll = next_poll_at ? Math.round((Date.parse(next_poll_at) - nowMs) / 1000) : 0
  return [
    phase,
    // On some servers the status of a run that waits for a human is `success`.
    phase !== 'interrupted' && status && `run ${status}`,
    `${poll_count} poll${poll_count === 1 ? '' : 's'}`,
    inWords(elapsedSeconds),
    secondsToPoll > 0 && `next poll in ${inWords(secondsToPoll)}`,
    last_error && `${phase === 'creating' ? 'no run yet' : 'last poll got no answer'}: ${last_error}`,
  ]
    .filter(Boolean)
    .join(' · ')
}

/** What is worth a line of its own where lines stay: nothing that something follows at once. */
function news({ phase, status, poll_count, last_error }: WatchProgress): string | undefined {
  return phase === 'polling' || phase === 'done' ? undefined : JSON.stringify([phase, status, poll_count, last_error])
}
