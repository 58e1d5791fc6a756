import { activityInfo, cancellationSignal } from '@temporalio/activity'
import { withTimeout } from '../langgraph/with-timeout.ts'

/** What an activity needs to say why it failed, before Temporal cuts it off without a word. */
const marginMs = 300
const shortestMs = 200

/**
 * Aborts when the activity is cancelled, or shortly before Temporal's timeout for this try, which begins now: call it
 * first. The worker's clock is never compared with the server's: one that is some seconds wrong would leave no time.
 */
export function timeLimit(): AbortSignal {
  const { startToCloseTimeoutMs, scheduleToCloseTimeoutMs, scheduledTimestampMs, currentAttemptScheduledTimestampMs } =
    activityInfo()
  const earlierTriesMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs
  const allLeftMs = scheduleToCloseTimeoutMs > 0 ? scheduleToCloseTimeoutMs - earlierTriesMs : Infinity
  const leftMs = Math.min(startToCloseTimeoutMs, allLeftMs) - marginMs
  return withTimeout(cancellationSignal(), Math.max(leftMs, shortestMs))
}
