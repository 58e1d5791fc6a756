/** How the sleeps between polls grow. */
export interface PollInterval {
  readonly initialMs: number
  readonly coefficient: number
  readonly maximumMs: number
  /** ±10 %, so that watches started together do not poll together; off if the user asked for one exact interval. */
  readonly jitter: boolean
}

const sweptSleepMs = 600_000
/** Temporal timers have this floor; we apply it ourselves so that poll counts do not depend on the server. */
const shortestSleepMs = 1000
const mostRetryAfterMs = 60_000

/** The k-th pause (from 0) after no worker could ask: 1, 2, 4 … 60 s, but at least what the worker says, up to 60 s. */
export function pauseUntilAskedMs(k: number, retryAfterMs = 0): number {
  return Math.min(Math.max(1000 * 2 ** k, retryAfterMs), mostRetryAfterMs)
}

export interface FailedPoll {
  /** Failures in a row, this one included. */
  readonly inARow: number
  /** What the server asked for in `Retry-After`. */
  readonly retryAfterMs?: number
}

/**
 * While the sweep looks at the run's thread, a watch sleeps 10 min (±10 %), whatever its poll interval: the sweep wakes it.
 *
 * @param mostMs when `stuckAfter` would be over
 */
export function nextSweptSleepMs(mostMs: number, random = Math.random()): number {
  return Math.ceil(Math.max(Math.min(sweptSleepMs * (0.9 + 0.2 * random), mostMs), shortestSleepMs))
}

/**
 * The n-th sleep (from 0): min(initial · coefficientⁿ, maximum). After a failed poll the shorter of that and
 * 1, 2, 4 … s, but at least the server's `Retry-After`, which is honoured up to 60 s.
 *
 * @param random in [0, 1); the workflow's own deterministic `Math.random`
 */
export function nextSleepMs(interval: PollInterval, n: number, failed?: FailedPoll, random = Math.random()): number {
  const ordinaryMs = Math.min(interval.initialMs * interval.coefficient ** n, interval.maximumMs)
  const chosenMs = failed ? Math.min(ordinaryMs, 1000 * 2 ** (failed.inARow - 1)) : ordinaryMs
  const jitteredMs = interval.jitter ? chosenMs * (0.9 + 0.2 * random) : chosenMs
  const askedForMs = Math.min(failed?.retryAfterMs ?? 0, mostRetryAfterMs)
  return Math.ceil(Math.max(jitteredMs, askedForMs, shortestSleepMs))
}
