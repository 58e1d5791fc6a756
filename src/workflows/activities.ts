import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow'
import type {
  Activities,
  DiagnosisActivities,
  NotifyActivities,
  ShownActivities,
  SweepActivities,
} from '../activities/index.ts'
import { failureTypes } from '../domain/contract.ts'
import { longestSweepMs } from '../domain/sweep.ts'

/** A cancelled workflow ends at once, since nothing that these activities do needs undoing. */
const cancellationType = ActivityCancellationType.TRY_CANCEL

/**
 * Temporal hands an activity back to the worker that asked for it, which is quick. After a failure it is offered to all
 * workers, since that one may have a wrong configuration.
 */
export function offered(failures: number): { readonly allowEagerDispatch: boolean } {
  return { allowEagerDispatch: failures === 0 }
}

/** One look at a run: its status, and how it ended. */
export const lookTimeoutMs = 10_000
/** One strategy, all its tries together. */
export const strategyTimeoutMs = 10_000

/** One poll of a watch. It has one try, because the watch's own loop is its retry: visible, wakeable and on time. */
export const { getRunStatus: poll } = proxyActivities<Activities>({
  startToCloseTimeout: lookTimeoutMs,
  retry: { maximumAttempts: 1 },
  cancellationType,
})

/** One look without a loop around it. It has three tries, so that a single lost packet is not a failure. */
export const { getRunStatus: lookAtRun } = proxyActivities<Activities>({
  startToCloseTimeout: lookTimeoutMs,
  retry: { maximumAttempts: 3, nonRetryableErrorTypes: [failureTypes.unknownDeployment] },
  cancellationType,
})

/** These read what the server keeps, so they are safe to repeat, and a try that hangs leaves time for another. */
export const { retrieveStreamValues, retrieveThreadState } = proxyActivities<Activities>({
  startToCloseTimeout: '8s',
  scheduleToCloseTimeout: strategyTimeoutMs,
  retry: { maximumAttempts: 3 },
  cancellationType,
})

/** Joining waits for what comes. It has one try with all the time, since a second one would miss what the first was sent. */
export const { retrieveJoinStream } = proxyActivities<Activities>({
  startToCloseTimeout: strategyTimeoutMs,
  scheduleToCloseTimeout: strategyTimeoutMs,
  retry: { maximumAttempts: 1 },
  cancellationType,
})

/**
 * One try to create a run. The workflow's loop is its retry, as for polls. Nothing cancels it, since whether the run was
 * created must be known.
 */
export const { createRun } = proxyActivities<Activities>({
  startToCloseTimeout: '20s',
  retry: { maximumAttempts: 1 },
})

/** Cancelling twice is the same as once. It is bounded, since a cancelled workflow waits for it. */
export const { cancelRun } = proxyActivities<Activities>({
  startToCloseTimeout: '8s',
  scheduleToCloseTimeout: '15s',
  retry: { maximumAttempts: 3 },
})

/** A look at the thread. It has one try, since the next look comes anyway. */
export const { findLaterRun } = proxyActivities<Activities>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
  cancellationType,
})

/**
 * Works as long as watches are open. Without a heartbeat for 8 s its worker counts as dead, and another one takes over. The
 * tries are limited, since the next poll starts another sweep.
 */
export const { sweepThreads } = proxyActivities<SweepActivities>({
  // Temporal's limit runs from before the sweep begins, so it must be the longer one.
  startToCloseTimeout: longestSweepMs + 3_600_000,
  heartbeatTimeout: '8s',
  retry: { initialInterval: '1s', maximumInterval: '5s', maximumAttempts: 30 },
  cancellationType,
})

/** A receiver may be down for a day. 1, 2, 4 … s apart, 15 min at most, or as the receiver says. */
export const { notify } = proxyActivities<NotifyActivities>({
  startToCloseTimeout: '15s',
  scheduleToCloseTimeout: '1 day',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15m' },
})

/** Without an answer the watch goes without search attributes. */
export const { lookAtShown } = proxyActivities<ShownActivities>({
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '5s',
  retry: { maximumAttempts: 1 },
  cancellationType,
})

/** A look before and after a run is cancelled. It is bounded, as `cancelRun` is. */
export const { getRunStatus: lookAtCancelledRun } = proxyActivities<Activities>({
  startToCloseTimeout: lookTimeoutMs,
  scheduleToCloseTimeout: lookTimeoutMs,
  retry: { maximumAttempts: 3 },
})

/** What it finds is of this moment, and a person waits for it: one try. */
export const { diagnose: askWorker } = proxyActivities<DiagnosisActivities>({
  startToCloseTimeout: '7s',
  scheduleToCloseTimeout: '7s',
  retry: { maximumAttempts: 1 },
  cancellationType,
})
