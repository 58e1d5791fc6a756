import { setTimeout as pause } from 'node:timers/promises'
import type { WatchProgress } from '../client.ts'
import { progressQueryName } from '../domain/contract.ts'
import { endingOf } from './ending.ts'
import type { Ending } from './ending.ts'
import { CliError, exitCodes, isUnavailable } from './exit.ts'
import { describeQuestion, waitsForHuman } from './question.ts'
import { timeSpan } from './time-span.ts'
import type { Screen } from './screen.ts'
import { present } from '../domain/json.ts'
import { onOneLine, quoted } from '../domain/printable.ts'
import { failingTask } from './failing-task.ts'
import type { FoundWorkflow } from './temporal-errors.ts'
import type { Temporal, WatchHandle } from './temporal.ts'

interface FollowOptions {
  /** A watch that was open before. */
  readonly open: FoundWorkflow | undefined
  /** Ends with 69 instead of waiting for a worker. */
  readonly requireWorker: boolean
  /** Whether a worker was running at the start. */
  readonly hasWorker: boolean
}

const lookMs = 1000
/** An outage that breaks no connection is noticed after this time. */
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

/** Runs until the signal. @throws CliError 69 if a worker is required and missing */
async function showProgress(
  temporal: Temporal,
  handle: WatchHandle,
  screen: Screen,
  { open, requireWorker, hasWorker }: FollowOptions,
  ended: AbortSignal,
): Promise<never> {
  const sayOnce = onceEach((text) => screen.say(text))
  let trouble: Trouble | undefined = hasWorker ? undefined : 'no worker'
  for (;;) {
    const look = await progressLook(temporal, handle, open?.taskQueue)
    ended.throwIfAborted()
    if (look.kind === 'progress') {
      if (trouble) screen.say('The watch responds')
      trouble = undefined
      show(look.progress, handle.workflowId, screen, sayOnce)
    }
    if (look.kind === 'trouble' && look.trouble !== trouble) {
      trouble = look.trouble
      if (trouble === 'no worker' && requireWorker) {
        const message = `${temporal.noWorker(open)}. The watch stays open, and continues once a worker is running: ${handle.workflowId}`
        throw new CliError(exitCodes.unavailable, message)
      }
      screen.say(describeTrouble(trouble, temporal, open))
      if (look.reason) screen.say(`The last one failed: ${onOneLine(look.reason)}`)
    }
    await pause(lookMs, undefined, { signal: ended })
  }
}

function show(
  progress: WatchProgress,
  workflowId: string,
  screen: Screen,
  sayOnce: (texts: readonly string[]) => void,
): void {
  sayOnce(whatStays(progress, workflowId))
  const startedAtMs = Date.parse(progress.started_at)
  screen.show((nowMs) => describe(progress, (nowMs - startedAtMs) / 1000, nowMs), news(progress))
}

/** Lines that stay, and are written once: which run it is, if the id does not show it, and which human it waits for. */
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

/** `no answer`: a worker was polling a moment ago, or is busy. */
type Trouble = 'no answer' | 'no worker' | 'no Temporal'

type ProgressLook =
  | { readonly kind: 'progress'; readonly progress: WatchProgress }
  /** `reason`: why the worker that took up the watch could not continue it. */
  | { readonly kind: 'trouble'; readonly trouble: Trouble; readonly reason?: string }
  /** Whatever it is, the end of the watch tells. */
  | { readonly kind: 'unclear' }

async function progressLook(
  temporal: Temporal,
  handle: WatchHandle,
  taskQueue: string | undefined,
): Promise<ProgressLook> {
  try {
    const progress = await temporal.ask(() => handle.query<WatchProgress>(progressQueryName))
    return { kind: 'progress', progress }
  } catch (error) {
    if (!isUnavailable(error)) return { kind: 'unclear' }
  }
  try {
    if (!(await temporal.hasWorker(taskQueue))) return { kind: 'trouble', trouble: 'no worker' }
    const reason = await temporal.ask(() => failingTask(temporal.client, handle.workflowId))
    return { kind: 'trouble', trouble: 'no answer', ...present({ reason }) }
  } catch {
    return { kind: 'trouble', trouble: 'no Temporal' }
  }
}

function describeTrouble(trouble: Trouble, temporal: Temporal, open: FoundWorkflow | undefined): string {
  switch (trouble) {
    case 'no answer':
      return 'No worker responds for the watch at the moment. Waiting for one'
    case 'no worker':
      return `${temporal.noWorker(open)}. Waiting for one`
    case 'no Temporal':
      return `Temporal does not answer at ${temporal.address}. Waiting for it; the watch is safe there, and Ctrl-C only ends this command`
  }
}

function describe(progress: WatchProgress, elapsedSeconds: number, nowMs: number): string {
  const { phase, status, poll_count, next_poll_at, swept, attempt, next_attempt_at, last_error } = progress
  const secondsTo = (at: string | undefined) => (at ? Math.round((Date.parse(at) - nowMs) / 1000) : 0)
  const [secondsToPoll, secondsToAttempt] = [secondsTo(next_poll_at), secondsTo(next_attempt_at)]
  return [
    phase,
    // On some servers the status of a run that waits for a human is `success`.
    phase !== 'interrupted' && status && `run ${status}`,
    `${poll_count} poll${poll_count === 1 ? '' : 's'}`,
    timeSpan(Math.max(0, elapsedSeconds)),
    secondsToPoll > 0 && `next poll in ${timeSpan(secondsToPoll)}${swept ? ', or when the sweep sees a change' : ''}`,
    attempt && `attempt ${attempt}${secondsToAttempt > 0 ? ` in ${timeSpan(secondsToAttempt)}` : ''}`,
    last_error && `${whatFailed(phase)}: ${last_error}`,
  ]
    .filter(Boolean)
    .join(' · ')
}

function whatFailed(phase: WatchProgress['phase']): string {
  if (phase === 'backing_off') return 'it failed'
  return phase === 'creating' ? 'no run yet' : 'last poll got no answer'
}

/** Changes when a line of its own is due, if lines stay: not in a phase that another one follows immediately. */
function news({ phase, status, poll_count, attempt, last_error }: WatchProgress): string | undefined {
  return phase === 'polling' || phase === 'done'
    ? undefined
    : JSON.stringify([phase, status, poll_count, attempt, last_error])
}
