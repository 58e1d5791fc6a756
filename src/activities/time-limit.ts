import { activityInfo, cancellationSignal } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { LangGraphFailureDetails } from '../domain/contract.ts'
import { withTimeout } from '../langgraph/with-timeout.ts'

/** What an activity needs to say why it failed, before Temporal cuts it off without a word. */
const marginMs = 300
const shortestMs = 200
/** Each request of a look has its own limit, so that an ending that hangs does not lose the status. */
export const requestTimeoutMs = 4000

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

/** By Temporal's clock: the worker's may be wrong, and the workflow may not read its own. */
export function scheduledAtMs(): number {
  return activityInfo().currentAttemptScheduledTimestampMs
}

export type Timed<T> = T & { readonly tookMs?: number }

/** Says how long all tries of the activity took, in its answer or its failure: the workflow's clock would not do. */
export async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const { scheduledTimestampMs } = activityInfo()
  const startedMs = performance.now()
  const tookMs = () => Math.round(scheduledAtMs() - scheduledTimestampMs + performance.now() - startedMs)
  try {
    return { ...(await work()), tookMs: tookMs() }
  } catch (error) {
    if (error instanceof ApplicationFailure) {
      const took: LangGraphFailureDetails = { took_ms: tookMs() }
      Object.assign(Object(error.details?.[0]), took)
    }
    throw error
  }
}
