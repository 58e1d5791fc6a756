import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import type { WatchOutcome } from '../domain/outcome.ts'

/**
 * A workflow with `onUnsuccessful: 'fail'` carries its outcome in its failure.
 *
 * @param error what waiting for the workflow has thrown, or the cause of that
 * @returns `undefined` where the failure holds none
 */
export function outcomeIn(error: unknown): WatchOutcome | undefined {
  const failure = error instanceof WorkflowFailedError ? error.cause : error
  const details: unknown = failure instanceof ApplicationFailure ? failure.details?.[0] : undefined
  return isOutcome(details) ? details : undefined
}

export function isOutcome(value: unknown): value is WatchOutcome {
  return Object.hasOwn(Object(value), 'polling_result')
}
