import { log } from '@temporalio/workflow'
import { failureTypes, langGraphFailureTypes } from '../domain/contract.ts'
import { hasEnded } from '../domain/run.ts'
import type { EndedRun, Polled, RunRef } from '../domain/run.ts'
import { seconds } from '../domain/text.ts'
import { lookTimeoutMs, offered, poll } from './activities.ts'
import { iso, momentMs, tryLength } from './clock.ts'
import { failure, noAnswer } from './failures.ts'
import type { NoAnswer } from './failures.ts'
import { notifyOfOutage, outageNews } from './notifying.ts'
import { aboutRun } from './watch-events.ts'
import type { Watch } from './watch.ts'

/** The last look may go this far beyond the deadline, and no further. */
const lastLookTimeout = '5s'
const pollLength = { leastMs: 500, mostMs: lookTimeoutMs }
const mostUnreadableEndings = 3
/** Of a failed run that is to be continued: without its ending it cannot be. */
const mostUnreadableToRetry = 10

/** How the waiting came to its end. */
export type PollingEnd =
  | { readonly kind: 'terminal'; readonly look: EndedRun }
  /** A final answer that is no status, or no change for `stuckAfter`. */
  | { readonly kind: 'refused'; readonly reason: string; readonly isCancelled?: true }
  | { readonly kind: 'timed_out' }

type PollAnswer =
  | { readonly kind: 'seen'; readonly look: Polled }
  | { readonly kind: 'failed'; readonly failed: NoAnswer }

/** Sleeps and asks until the run is terminal, LangGraph answers for good, or the deadline has passed. */
export async function pollUntilTerminal(watch: Watch, run: RunRef): Promise<PollingEnd> {
  for (;;) {
    const isLastLook = (await watch.untilNextPoll()) === 'overdue'
    const answer = await askOnce(watch, run, isLastLook)
    const end = answer.kind === 'seen' ? endOf(watch, answer.look, isLastLook) : refusalOf(watch, answer.failed)
    // Nobody else gets this notice, so the watch gives it also if it ends now.
    const notice = answer.kind === 'failed' ? outageNews(watch, answer.failed) : undefined
    if (notice !== undefined) await notifyOfOutage(watch, notice)
    if (end) return end
    if (isLastLook) return { kind: 'timed_out' }
    watch.scheduleNextPoll(retryAfterOf(answer))
    await watch.restartWhereLong()
  }
}

async function askOnce(watch: Watch, run: RunRef, isLastLook: boolean): Promise<PollAnswer> {
  watch.pollBegins()
  watch.enter('polling')
  const startToCloseTimeout = isLastLook ? lastLookTimeout : tryLength(watch.deadlineMs, pollLength)
  try {
    const { count, failedInARow } = watch.memory.polls
    const options = { startToCloseTimeout, summary: `poll ${count}: is the run done?`, ...offered(failedInARow) }
    return { kind: 'seen', look: await poll.executeWithOptions(options, [{ ...run, ...watch.unanswered }]) }
  } catch (error) {
    return { kind: 'failed', failed: noAnswer(error) }
  }
}

/** A terminal run ends the watch, unless its ending could not be read: that is asked again. */
function endOf(watch: Watch, look: Polled, isLastLook: boolean): PollingEnd | undefined {
  watch.mayShow(look)
  watch.pollAnswered(look)
  watch.nameRunToSweep(look)
  const { unreadableInARow } = watch.memory.polls
  const most = isToBeContinued(watch, look) ? mostUnreadableToRetry : mostUnreadableEndings
  if (look.ending?.kind === 'unreadable' && unreadableInARow < most && !isLastLook) return undefined
  return hasEnded(look) ? { kind: 'terminal', look } : stuck(watch)
}

function isToBeContinued({ options: { retry }, attempts }: Watch, { status }: Polled): boolean {
  return retry !== undefined && attempts < retry.maximumAttempts && (status === 'error' || status === 'timeout')
}

/** After a hard restart some servers leave a run `running` for ever. It is not decided without the time of the poll. */
export function stuck({ memory, options }: Watch): PollingEnd | undefined {
  const { status, sinceMs, polledAtMs } = memory.polls.seen ?? {}
  if (sinceMs === undefined || polledAtMs === undefined || polledAtMs - sinceMs < options.stuckAfterMs) return undefined
  const reason = `The run is stuck: its status is ${status}, no change since ${iso(sinceMs)} (\`stuckAfter\` ${seconds(options.stuckAfterMs)}). Did its LangGraph server restart? Cancel it there, or watch it again to continue waiting`
  return { kind: 'refused', reason }
}

/** Most reasons for which a poll gets no answer are waited out; some answers are final. */
function refusalOf(watch: Watch, failed: NoAnswer): PollingEnd | undefined {
  const { type, message, isNotAsked } = failed
  if (failed.shown) watch.mayShow(failed.shown)
  watch.pollFailed(message, momentMs(), isNotAsked)
  if (watch.outages.isMisspelt(failed)) throw failure(failureTypes.unknownDeployment, message)
  const { polls, cancelling } = watch.memory
  log.debug('poll got no answer', { ...aboutRun(watch), failedInARow: polls.failedInARow, type })
  const isGone = type === langGraphFailureTypes.notFound
  const isExpected = isGone && cancelling?.isSent === true
  if (!isExpected && !watch.outages.isFinal(failed)) return undefined
  if (isGone && cancelling?.action === 'rollback') {
    return { kind: 'refused', reason: `The run was cancelled and rolled back. ${message}`, isCancelled: true }
  }
  const earlier = polls.seen ? `. At an earlier poll it was there, with status ${polls.seen.status}` : ''
  return { kind: 'refused', reason: `${message}${earlier}` }
}

function retryAfterOf(answer: PollAnswer): number | undefined {
  if (answer.kind === 'failed') return answer.failed.retryAfterMs
  const { ending } = answer.look
  return ending?.kind === 'unreadable' ? ending.retryAfterMs : undefined
}
