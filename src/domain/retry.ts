/** How a run that has failed is continued. */
export interface RetryOptions {
  /** Of all runs, the first one included. */
  readonly maximumAttempts: number
  readonly initialMs: number
  readonly coefficient: number
  readonly maximumMs: number
  readonly nonRetryableErrors: readonly string[]
}

/** Temporal timers have this floor, as `shortestSleepMs` of polls. */
const shortestPauseMs = 1000

/** The pause before the n-th attempt, from 2 on: min(initial · coefficientⁿ⁻², maximum). */
export function pauseBeforeAttemptMs({ initialMs, coefficient, maximumMs }: RetryOptions, attempt: number): number {
  return Math.ceil(Math.max(Math.min(initialMs * coefficient ** (attempt - 2), maximumMs), shortestPauseMs))
}

/**
 * The first of these names that an error has: "ValueError: boom", or of several nodes "ValueError: boom; KeyError: 'x'".
 * A name with its module, `openai.RateLimitError`, is also found by its last part.
 */
export function namedError(error: string, names: readonly string[]): string | undefined {
  const named = [...error.matchAll(/(?:^|; )([\p{L}_$][\p{L}\d_$.]*)(?=: |; |$)/gu)].map(([, name = '']) => name)
  return names.find((name) => named.some((one) => one === name || one.endsWith(`.${name}`)))
}
