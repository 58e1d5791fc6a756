import type { Command } from 'commander'
import type { Duration, RetryInput } from '../client.ts'
import { defaultRetry, mostAttempts } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import { duration, names, numeric } from './options.ts'

/** How a failed run is continued: each field inside `retry` has an option. */
export interface RetryOptions {
  readonly retryAttempts?: number
  readonly retryInitialInterval?: Duration
  readonly retryBackoffCoefficient?: number
  readonly retryMaximumInterval?: Duration
  readonly retryNonRetryableErrors?: readonly string[]
}

/** @param own the command's own defaults; without them only `--retry-attempts` switches it on */
export function addRetryOptions(command: Command, own: Partial<RetryInput> = {}): Command {
  const { maximumAttempts, initialInterval, backoffCoefficient, maximumInterval } = { ...defaultRetry, ...own }
  return command
    .option(
      '--retry-attempts <n>',
      `continue a run that fails from where it failed: so many runs in all, 2-${mostAttempts} (default: ${maximumAttempts ?? 'none'})`,
      numeric(`a whole number from 2 to ${mostAttempts}`),
    )
    .option(
      '--retry-initial-interval <duration>',
      `the pause before the second run (default: ${initialInterval}) …`,
      duration,
    )
    .option(
      '--retry-backoff-coefficient <number>',
      `… by how much the pauses grow, 1-10 (default: ${backoffCoefficient}) …`,
      numeric('a number from 1 to 10'),
    )
    .option('--retry-maximum-interval <duration>', `… and the longest (default: ${maximumInterval})`, duration)
    .option('--retry-non-retryable-errors <names>', 'errors that end it at once, such as ValueError,KeyError', names)
}

/** The field `retry` of the input, and the other options. */
export function splitRetry<O extends RetryOptions>(
  options: O,
): { readonly retry?: RetryInput; readonly others: Omit<O, keyof RetryOptions> } {
  const {
    retryAttempts: maximumAttempts,
    retryInitialInterval: initialInterval,
    retryBackoffCoefficient: backoffCoefficient,
    retryMaximumInterval: maximumInterval,
    retryNonRetryableErrors: nonRetryableErrors,
    ...others
  } = options
  const given = present({ maximumAttempts, initialInterval, backoffCoefficient, maximumInterval, nonRetryableErrors })
  if (Object.keys(given).length === 0) return { others }
  // Without the attempts the input's parser says that they are missing.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { retry: given as RetryInput, others }
}
