import { allHandlersFinished, condition, log, sleep, workflowInfo } from '@temporalio/workflow'
import { langGraphFailureTypes } from '../domain/contract.ts'
import { maxReasonBytes } from '../domain/defaults.ts'
import { nextSleepMs } from '../domain/poll-interval.ts'
import { hasEnded } from '../domain/run.ts'
import type { EndedRun, RunLook, RunRef } from '../domain/run.ts'
import { bounded, seconds } from '../domain/text.ts'
import { lookTimeoutMs, poll } from './activities.ts'
import { noAnswer } from './failures.ts'
import type { NoAnswer } from './failures.ts'
import type { Watch, WatchState } from './watch.ts'

/** The last look may go this far beyond the deadline, and no further. */
const lastLookTimeoutMs = 5000
const shortestPollTimeoutMs = 500
/** A sleep that would end this close to the deadline ends at it: its poll is the last look. */
const nearDeadlineMs = 1000
const betweenHintedPollsMs = 1000
const mostUnreadableEndings = 3
/** Temporal suggests continue-as-new at 4 MB or 4,096 events; a watch with large failures should not come near. */
const mostHistoryEvents = 4000

/** How the waiting came to its end. */
export type PollingEnd =
  | {
      readonly kind: 'terminal'
      readonly look: EndedRun
    }
  /** A final answer that is no status, or no change for `stuckAfter`. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'timed_out' }

type PollAnswer = { readonly look: RunLook } | { readonly failed: NoAnswer }

/** Sleeps and asks until the run is terminal, LangGraph answers for good, or the deadline has passed. */
export async function pollUntilTerminal(watch: Watch, run: RunRef, restart: () => Promise<never>): Promise<PollingEnd> {
  for (;;) {
    await sleepUntilNextPoll(watch)
    const isLastLook = Date.now() >= watch.deadlineMs
    const answer = await askOnce(watch, run, isLastLook)
    const end = 'look' in answer ? endOf(watch, answer.look, isLastLook) : refusalOf(watch, answer.failed)
    if (end) return end
    if (isLastLook) return { kind: 'timed_out' }
    scheduleNextPoll(watch, retryAfterOf(answer))
    await restartWhereLong(watch, restart)
  }
}

/** Continues as new where the history has grown long; between two steps only. */
export async function restartWhereLong(watch: Watch, restart: () => Promise<never>): Promise<void> {
  if (!isHistoryLong()) return
  watch.isRestarting = true
  await condition(() => allHandlersFinished() || watch.state.cancelAsked !== undefined)
  // The update `cancelRun` waits for what the watch does next, which is soon.
  if (allHandlersFinished()) await restart()
  watch.isRestarting = false
}

/** The first poll comes at once; `wake` cuts any later sleep short. */
export async function sleepUntilNextPoll({ state, deadlineMs, enter }: Watch): Promise<void> {
  if (state.nextPollAtMs === undefined) return
  enter('waiting')
  const sleepMs = state.nextPollAtMs - Date.now()
  const isHinted =
    sleepMs > 0 &&
    (await condition(() => state.wakeRequested, sleepMs, { summary: `until poll ${state.pollCount + 1}` }))
  if (!isHinted) return
  const spacingMs = (state.lastHintedPollAtMs ?? 0) + betweenHintedPollsMs - Date.now()
  const pauseMs = Math.min(spacingMs, deadlineMs - Date.now())
  if (pauseMs > 0) await sleep(pauseMs, { summary: 'hinted polls are 1 s apart' })
  state.lastHintedPollAtMs = Date.now()
}

async function askOnce({ state, deadlineMs, enter }: Watch, run: RunRef, isLastLook: boolean): Promise<PollAnswer> {
  state.wakeRequested = false
  state.pollCount += 1
  enter('polling')
  const leftMs = deadlineMs - Date.now()
  const startToCloseTimeout = isLastLook
    ? lastLookTimeoutMs
    : Math.min(lookTimeoutMs, Math.max(leftMs, shortestPollTimeoutMs))
  try {
    const summary = `poll ${state.pollCount}`
    return { look: await poll.executeWithOptions({ startToCloseTimeout, summary }, [run]) }
  } catch (error) {
    return { failed: noAnswer(error) }
  }
}

/** Notes what the poll saw. A terminal run ends the watch, unless its ending could not be read: that is asked again. */
function endOf(watch: Watch, look: RunLook, isLastLook: boolean): PollingEnd | undefined {
  const { state } = watch
  const { status, ending } = look
  noteChange(state, look)
  if (ending?.kind === 'unreadable') {
    state.failedInARow += 1
    state.unreadableInARow += 1
    state.lastError = bounded(
      `the run has ended (${status}), but how could not be read: ${ending.reason}`,
      maxReasonBytes,
    )
    if (state.unreadableInARow < mostUnreadableEndings && !isLastLook) return undefined
  } else {
    state.failedInARow = 0
    state.unreadableInARow = 0
    state.lastError = undefined
  }
  return hasEnded(look) ? { kind: 'terminal', look } : stuck(watch)
}

function noteChange(state: WatchState, { status, updatedAt }: RunLook): void {
  if (updatedAt !== undefined) state.unchangedSinceMs = Date.parse(updatedAt)
  else if (status !== state.status || state.unchangedSinceMs === undefined) state.unchangedSinceMs = Date.now()
  state.answered = true
  state.status = status
  if (updatedAt !== undefined) state.updatedAt = updatedAt
}

/** After a hard restart some servers leave a run `running` for ever. */
function stuck({ state, options }: Watch): PollingEnd | undefined {
  const { status, unchangedSinceMs = Infinity } = state
  if (Date.now() - unchangedSinceMs < options.stuckAfterMs) return undefined
  const since = new Date(unchangedSinceMs).toISOString()
  const reason = `The run is stuck: its status is ${status}, no change since ${since} (\`stuckAfter\` ${seconds(options.stuckAfterMs)}). Did its LangGraph server restart? Cancel it there, or watch again to go on waiting`
  return { kind: 'refused', reason }
}

/** Notes why the poll got no answer. Most reasons are waited out; some answers are final. */
function refusalOf({ state }: Watch, failed: NoAnswer): PollingEnd | undefined {
  noteNoAnswer(state, failed)
  log.warn('poll got no answer', { poll: state.pollCount, failedInARow: state.failedInARow, type: failed.type })
  if (!isFinal(failed.type, state.answered)) return undefined
  const isRolledBack = state.cancelAsked === 'rollback' && failed.type === langGraphFailureTypes.notFound
  if (isRolledBack) return { kind: 'refused', reason: `The run was cancelled and rolled back. ${failed.message}` }
  const earlier = state.status !== undefined ? `. At an earlier poll it was there, with status ${state.status}` : ''
  return { kind: 'refused', reason: `${failed.message}${earlier}` }
}

export function noteNoAnswer(state: WatchState, failed: NoAnswer): void {
  state.failedInARow += 1
  state.unreadableInARow = 0
  state.lastError = bounded(failed.message, maxReasonBytes)
}

export function isFinal(failureType: string, answered: boolean): boolean {
  switch (failureType) {
    case langGraphFailureTypes.notFound:
    case langGraphFailureTypes.refused:
      return true
    case langGraphFailureTypes.unauthorized:
      // Once a status came with this key, the refusal is an outage: a key rotated wrongly, waited out and shown.
      return !answered
    default:
      return false
  }
}

export function scheduleNextPoll({ state, options, deadlineMs }: Watch, retryAfterMs?: number): void {
  const failed = state.failedInARow > 0 && {
    inARow: state.failedInARow,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
  const sleepMs = nextSleepMs(options.pollInterval, state.sleeps, failed || undefined)
  const now = Date.now()
  state.sleeps += 1
  state.nextPollAtMs = now + sleepMs > deadlineMs - nearDeadlineMs ? deadlineMs : now + sleepMs
}

function retryAfterOf(answer: PollAnswer): number | undefined {
  if ('failed' in answer) return answer.failed.retryAfterMs
  const { ending } = answer.look
  return ending?.kind === 'unreadable' ? ending.retryAfterMs : undefined
}

function isHistoryLong(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  return continueAsNewSuggested || historyLength > mostHistoryEvents
}
