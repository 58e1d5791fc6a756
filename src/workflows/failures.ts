import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow'
import { failureTypes, langGraphFailureTypes } from '../domain/contract.ts'
import type { LangGraphFailureDetails } from '../domain/contract.ts'
import { refusal } from '../domain/fields.ts'
import type { Parsed } from '../domain/fields.ts'

/** A final failure of the workflow. Without a stack: it would put the worker's file paths into history. */
export function failure(type: string, message: string, ...details: unknown[]): ApplicationFailure {
  const failed = ApplicationFailure.nonRetryable(message, type, ...details)
  failed.stack = `${type}: ${message}`
  return failed
}

/** What an update fails with where its workflow is cancelled: again without a stack. */
export function withoutStack(error: unknown): unknown {
  if (error instanceof CancelledFailure) error.stack = `${error.name}: ${error.message}`
  return error
}

/** The options, or the failure `InvalidInput`: other languages start these workflows too, so the workflow checks as well. */
export function accepted<T>(workflowType: string, parsed: Parsed<T>): T {
  if ('options' in parsed) return parsed.options
  throw failure(failureTypes.invalidInput, refusal(workflowType, parsed.problems), parsed.problems)
}

/** Why an activity gave no answer, for a person and for the decision what comes next. */
export interface NoAnswer {
  readonly type: string
  readonly message: string
  readonly retryAfterMs?: number
  /** Of the activity `createRun`: the server may have got the request, and the run may be there. */
  readonly mayHaveCreated: boolean
  /** Then: for how long the request may still arrive there; absent where nobody knows. */
  readonly mayArriveForMs?: number
}

/**
 * Reads an activity's failure. Anything that says nothing about LangGraph is thrown on: a cancellation, a bug, a
 * deployment that this worker does not have.
 */
export function noAnswer(error: unknown): NoAnswer {
  if (!(error instanceof ActivityFailure)) throw error
  const { cause } = error
  if (cause instanceof TimeoutFailure) {
    return {
      type: langGraphFailureTypes.timeout,
      message: `${error.activityType} gave no answer in its time: LangGraph hangs, or the worker died`,
      mayHaveCreated: true,
    }
  }
  if (!(cause instanceof ApplicationFailure)) throw error
  if (cause.type === failureTypes.unknownDeployment) throw failure(cause.type, cause.message)
  const details: LangGraphFailureDetails = Object(cause.details?.[0])
  return {
    type: cause.type ?? langGraphFailureTypes.unforeseen,
    message: cause.message,
    mayHaveCreated: details.creation_sent ?? !isLangGraphFailure(cause.type),
    ...(details.retry_after_ms !== undefined && { retryAfterMs: details.retry_after_ms }),
    ...(details.may_arrive_for_ms !== undefined && { mayArriveForMs: details.may_arrive_for_ms }),
  }
}

/** What the activities say themselves; anything else (a worker that shuts down) came from outside, at any moment. */
function isLangGraphFailure(type: string | null | undefined): boolean {
  return Object.values(langGraphFailureTypes).some((known) => known === type)
}
