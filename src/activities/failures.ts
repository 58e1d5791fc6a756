import { log } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { ApplicationFailureCategory } from '@temporalio/common'
import { failureTypes, langGraphFailureTypes as types } from '../domain/contract.ts'
import type { LangGraphFailureDetails } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import { CreationUnanswered } from '../langgraph/creation.ts'
import { UnknownDeploymentError } from '../langgraph/deployments.ts'
import { LangGraphError } from '../langgraph/errors.ts'
import type { LangGraphFailureType } from '../langgraph/errors.ts'
import { NotAsked } from '../langgraph/pace.ts'
import { framesOf } from '../telemetry/log-fields.ts'
import { ThreadMissing } from './missing-thread.ts'

/**
 * The one place that classifies an activity's failures. What leaves it goes into history as it is, so that is a sanitised
 * message, a stable type, the HTTP status and `Retry-After` only: no stack, no cause.
 */
export async function classified<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw classify(error)
  }
}

function classify(error: unknown): unknown {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error
  if (error instanceof UnknownDeploymentError) {
    // Another worker may know it, as in a deploy.
    return withoutStack(ApplicationFailure.retryable(error.message, failureTypes.unknownDeployment, {}))
  }
  if (error instanceof CreationUnanswered) {
    return asFailure(error, { creation_sent: true, may_arrive_for_ms: error.mayArriveForMs })
  }
  // Hundreds at once are no reason for a warning each.
  if (error instanceof NotAsked) return asFailure(error, { not_asked: true }, 'BENIGN')
  if (error instanceof ThreadMissing) return asFailure(error, { thread_missing: true })
  if (!(error instanceof LangGraphError)) {
    const name = error instanceof Error ? error.name : typeof error
    // The message may quote a URL or a body; the place it came from is enough to find the bug.
    const stack = error instanceof Error ? framesOf(error) : undefined
    log.error('unforeseen error in an activity', { name, stack })
    const message = `unforeseen ${name}: see the worker's log`
    return withoutStack(ApplicationFailure.retryable(message, types.unforeseen, {}))
  }
  return asFailure(error)
}

function asFailure(
  error: LangGraphError,
  more: LangGraphFailureDetails = {},
  category?: ApplicationFailureCategory,
): ApplicationFailure {
  const { type, message, httpStatus, retryAfterMs } = error
  const details: LangGraphFailureDetails = {
    ...present({ http_status: httpStatus, retry_after_ms: retryAfterMs }),
    ...more,
  }
  return withoutStack(
    ApplicationFailure.create({
      type,
      message,
      nonRetryable: !isWorthAnotherTry(type),
      details: [details],
      ...present({ nextRetryDelay: retryAfterMs, category }),
    }),
  )
}

function isWorthAnotherTry(type: LangGraphFailureType): boolean {
  switch (type) {
    case types.unavailable:
    case types.timeout:
    case types.badAnswer:
    case types.unforeseen:
      return true
    case types.notFound:
    case types.refused:
    case types.unauthorized:
    case types.tooLarge:
      return false
  }
}

/** A stack would put the worker's file paths into history. */
export function withoutStack(failure: ApplicationFailure): ApplicationFailure {
  failure.stack = `${failure.type}: ${failure.message}`
  return failure
}
