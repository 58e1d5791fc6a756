import { failureTypes, langGraphFailureTypes, storeFailureTypes } from './contract.ts'
import { outcomeIn } from './outcome-in.ts'
import type { WatchOutcome } from './outcome.ts'

/** The `type` of every failure of this application that reaches a caller: of `failureTypes`, `langGraphFailureTypes` and `storeFailureTypes`. */
export type FailureType =
  | (typeof failureTypes)[keyof typeof failureTypes]
  | (typeof langGraphFailureTypes)[keyof typeof langGraphFailureTypes]
  | (typeof storeFailureTypes)[keyof typeof storeFailureTypes]

/** Why a call or a workflow of this application failed. */
export interface Failure {
  readonly type: FailureType
  readonly message: string
  /** With `onUnsuccessful: 'fail'`: how the watch ended. */
  readonly outcome?: WatchOutcome
}

/**
 * The failure of this application in an error, however deep in its causes: Temporal wraps it in errors of its own. In a
 * client and in a parent workflow alike, so no class of either is asked for.
 *
 * @param error what a method of `BackgroundRuns`, or waiting for a workflow, has thrown
 * @returns `undefined` if the error is of another kind, such as a workflow that was terminated
 */
export function failureIn(error: unknown): Failure | undefined {
  const { type, message, cause }: { readonly type?: unknown; readonly message?: unknown; readonly cause?: unknown } =
    Object(error)
  if (!isFailureType(type)) return cause === undefined || cause === error ? undefined : failureIn(cause)
  const outcome = outcomeIn(error)
  return { type, message: String(message), ...(outcome && { outcome }) }
}

const types: readonly unknown[] = [failureTypes, langGraphFailureTypes, storeFailureTypes].flatMap((some) =>
  Object.values<string>(some),
)

function isFailureType(type: unknown): type is FailureType {
  return types.includes(type)
}
