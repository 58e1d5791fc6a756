import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow'
import { failureTypes, langGraphFailureTypes } from '../domain/contract.ts'
import type { LangGraphFailureDetails } from '../domain/contract.ts'
import { confirmationTimeoutMs, creationTimeoutMs } from '../domain/defaults.ts'
import type { Parsed } from '../domain/fields.ts'
import type { Shown } from '../domain/run.ts'
import { present } from '../domain/json.ts'
import { inWords, refusal } from '../domain/problem.ts'

/** A final failure of the workflow. It has no stack, which would put the worker's file paths into history. */
export function failure(type: string, message: string, ...details: unknown[]): ApplicationFailure {
  const failed = ApplicationFailure.nonRetryable(message, type, ...details)
  failed.stack = `${type}: ${message}`
  return failed
}

/** An update fails with this if its workflow is cancelled; it has no stack either. */
export function withoutStack(error: unknown): unknown {
  if (error instanceof CancelledFailure) error.stack = `${error.name}: ${error.message}`
  return error
}

/** Stands in the details of a failure that ends an `executeRun` which has created no run. */
export const noRunCreated = { run_created: false } as const

/** The options, or the failure `InvalidInput`: other languages start these workflows too, so the workflow checks as well. */
export function accepted<T>(workflowType: string, parsed: Parsed<T>, ...more: readonly object[]): T {
  if (parsed.kind === 'accepted') return parsed.options
  const problems = parsed.problems.map(inWords)
  throw failure(failureTypes.invalidInput, refusal(workflowType, problems), problems, ...more)
}

/** Why an activity gave no answer: for a person, and to decide what comes next. */
export interface NoAnswer {
  readonly type: string
  readonly message: string
  /** False if Temporal says it: the worker hangs, or died. */
  readonly isFromWorker: boolean
  /** The worker may not ask now: it makes a pause, or keeps to a limit. That is waited out. */
  readonly isNotAsked?: true
  readonly retryAfterMs?: number
  /** After `createRun`: the server may have got the request, and the run may exist. */
  readonly mayHaveCreated: boolean
  /** For how long that request may still arrive there; absent if nobody knows. */
  readonly mayArriveForMs?: number
  /** 404, and nothing shows that the server has the thread: it may be another server than the run's. */
  readonly isThreadMissing?: true
  /** What the watch may show; absent if Temporal says it, or an earlier worker. */
  readonly shown?: Shown
  /** How long a retrieval took until it failed. */
  readonly tookMs?: number
}

/** Reads an activity's failure. Anything that says nothing about LangGraph is thrown on: a cancellation, or a bug. */
export function noAnswer(error: unknown): NoAnswer {
  if (!(error instanceof ActivityFailure)) throw error
  const { cause } = error
  if (cause instanceof TimeoutFailure) {
    return {
      type: langGraphFailureTypes.timeout,
      message: `${error.activityType} gave no answer in its time: LangGraph hangs, or the worker died`,
      isFromWorker: false,
      mayHaveCreated: true,
      mayArriveForMs: confirmationTimeoutMs + creationTimeoutMs,
    }
  }
  if (!(cause instanceof ApplicationFailure)) throw error
  const details: LangGraphFailureDetails = Object(cause.details?.[0])
  return {
    type: cause.type ?? langGraphFailureTypes.unforeseen,
    message: cause.message,
    isFromWorker: true,
    mayHaveCreated: details.creation_sent ?? !isLangGraphFailure(cause.type),
    ...present({
      isNotAsked: details.not_asked,
      retryAfterMs: details.retry_after_ms,
      mayArriveForMs: details.may_arrive_for_ms,
      isThreadMissing: details.thread_missing,
      tookMs: details.took_ms,
      shown: details.shown,
    }),
  }
}

/** The activities say this themselves; anything else (a worker that shuts down) came from outside, at any moment. */
function isLangGraphFailure(type: string | null | undefined): boolean {
  const own: readonly string[] = [...Object.values(langGraphFailureTypes), failureTypes.unknownDeployment]
  return own.includes(type ?? '')
}

/** Asking again would not help. */
export function isFinal(failureType: string, hasBeenReached: boolean): boolean {
  switch (failureType) {
    case langGraphFailureTypes.notFound:
    case langGraphFailureTypes.refused:
      return true
    case langGraphFailureTypes.unauthorized:
      // Once an answer came with this key, the refusal is an outage: a key rotated wrongly, waited out and shown.
      return !hasBeenReached
    default:
      return false
  }
}
