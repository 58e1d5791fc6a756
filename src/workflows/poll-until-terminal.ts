import { log } from '@temporalio/workflow'
import { langGraphFailureTypes } from '../domain/contract.ts'
import { hasEnded } from '../domain/run.ts'
import type { EndedRun, RunLook, RunRef } from '../domain/run.ts'
import { seconds } from '../domain/text.ts'
import { lookTimeoutMs, poll } from './activities.ts'
import { isFinal, noAnswer } from './failures.ts'
import type { NoAnswer } from './failures.ts'
import type { Watch } from './watch.ts'

/** The last look may go this far beyond the deadline, and no further. */
const lastLookTimeoutMs = 5000
const shortestPollTimeoutMs = 500
const mostUnreadableEndings = 3

/** How the waiting came to its end. */
export type PollingEnd =
  | { readonly kind: 'terminal'; readonly look: EndedRun }
  /** A final answer that is no status, or no change for `stuckAfter`. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'timed_out' }

type PollAnswer =
  | { readonly kind: 'seen'; readonly look: RunLook }
  | { readonly kind: 'failed'; readonly failed: NoAnswer }

/** Sleeps and asks until the run is terminal, LangGraph answers for good, or the deadline has passed. */
export async function pollUntilTerminal(watch: Watch, run: RunRef): Promise<PollingEnd> {
  for (;;) {
    await watch.untilNextPoll()
    const isLastLook = Date.now() >= watch.deadlineMs
    const answer = await askOnce(watch, run, isLastLook)
    const end = answer.kind === 'seen' ? endOf(watch, answer.look, isLastLook) : refusalOf(watch, answer.failed)
    if (end) return end
    if (isLastLook) return { kind: 'timed_out' }
    watch.scheduleNextPoll(Date.now(), retryAfterOf(answer))
    await watch.restartWhereLong()
  }
}

async function askOnce(watch: Watch, run: RunRef, isLastLook: boolean): Promise<PollAnswer> {
  watch.pollBegins()
  watch.enter('polling')
  const leftMs = watch.deadlineMs - Date.now()
  const startToCloseTimeout = isLastLook
    ? lastLookTimeoutMs
    : Math.min(lookTimeoutMs, Math.max(leftMs, shortestPollTimeoutMs))
  try {
    const summary = `poll ${watch.memory.polls.count}`
    return { kind: 'seen', look: await poll.executeWithOptions({ startToCloseTimeout, summary }, [run]) }
  } catch (error) {
    return { kind: 'failed', failed: noAnswer(error) }
  }
}

/** A terminal run ends the watch, unless its ending could not be read: that is asked again. */
function endOf(watch: Watch, look: RunLook, isLastLook: boolean): PollingEnd | undefined {
  watch.pollAnswered(look, Date.now())
  const { unreadableInARow } = watch.memory.polls
  if (look.ending?.kind === 'unreadable' && unreadableInARow < mostUnreadableEndings && !isLastLook) return undefined
  return hasEnded(look) ? { kind: 'terminal', look } : stuck(watch, Date.now())
}

/** After a hard restart some servers leave a run `running` for ever. */
export function stuck({ memory, options }: Watch, nowMs: number): PollingEnd | undefined {
  const { seen } = memory.polls
  if (!seen || nowMs - seen.sinceMs < options.stuckAfterMs) return undefined
  const since = new Date(seen.sinceMs).toISOString()
  const reason = `The run is stuck: its status is ${seen.status}, no change since ${since} (\`stuckAfter\` ${seconds(options.stuckAfterMs)}). Did its LangGraph server restart? Cancel it there, or watch it again to continue waiting`
  return { kind: 'refused', reason }
}

/** Most reasons for which a poll gets no answer are waited out; some answers are final. */
function refusalOf(watch: Watch, { type, message }: NoAnswer): PollingEnd | undefined {
  watch.pollFailed(message)
  const { polls, hasBeenReached, cancelling } = watch.memory
  log.warn('poll got no answer', { poll: polls.count, failedInARow: polls.failedInARow, type })
  if (!isFinal(type, hasBeenReached)) return undefined
  const isRolledBack = cancelling?.action === 'rollback' && type === langGraphFailureTypes.notFound
  if (isRolledBack) return { kind: 'refused', reason: `The run was cancelled and rolled back. ${message}` }
  const earlier = polls.seen ? `. At an earlier poll it was there, with status ${polls.seen.status}` : ''
  return { kind: 'refused', reason: `${message}${earlier}` }
}

function retryAfterOf(answer: PollAnswer): number | undefined {
  if (answer.kind === 'failed') return answer.failed.retryAfterMs
  const { ending } = answer.look
  return ending?.kind === 'unreadable' ? ending.retryAfterMs : undefined
}
