import type { WatchOutcome } from './outcome.ts'
import type { Json } from './run.ts'

/**
 * The outcome that a workflow with `onUnsuccessful: 'fail'` carries in its failure. In a client and in a parent workflow
 * alike, so no class of either is asked for.
 *
 * @param error what waiting for the workflow has thrown, or a cause of that
 * @returns `undefined` if the failure holds no outcome
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the graph's values
export function outcomeIn<Result = Json>(error: unknown): WatchOutcome<Result> | undefined {
  const { details, cause }: { readonly details?: unknown; readonly cause?: unknown } = Object(error)
  const outcome: unknown = Array.isArray(details) ? details[0] : undefined
  if (isOutcome<Result>(outcome)) return outcome
  return cause === undefined || cause === error ? undefined : outcomeIn(cause)
}

export function isOutcome<Result = Json>(value: unknown): value is WatchOutcome<Result> {
  return Object.hasOwn(Object(value), 'polling_result')
}
