import { activityInfo, cancellationSignal } from '@temporalio/activity'
import { withTimeout } from '../langgraph/with-timeout.ts'

/** What an activity needs to say why it failed, before Temporal cuts it off without a word. */
const marginMs = 300
const shortestMs = 200

/**
 * Works with a signal that aborts when the activity is cancelled, or shortly before Temporal's timeout for this try. The
 * try begins now, so call it first. The worker's clock is never compared with the server's, which may differ by seconds.
 */
export function withinTry<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { startToCloseTimeoutMs, scheduleToCloseTimeoutMs, scheduledTimestampMs, currentAttemptScheduledTimestampMs } =
    activityInfo()
  const earlierTriesMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs
  const allLeftMs = scheduleToCloseTimeoutMs > 0 ? scheduleToCloseTimeoutMs - earlierTriesMs : Infinity
  const leftMs = Math.min(startToCloseTimeoutMs, allLeftMs) - marginMs
  return withTimeout(cancellationSignal(), Math.max(leftMs, shortestMs), work)
}
