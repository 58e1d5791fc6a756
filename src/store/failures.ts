import { ApplicationFailure } from '@temporalio/common'
import { storeFailureTypes } from '../domain/contract.ts'

type StoreFailureType = (typeof storeFailureTypes)[keyof typeof storeFailureTypes]

/**
 * What is said of a failure of the store, in words of our own: what a store or its SDK say may hold keys, hosts and paths,
 * and an activity's failure goes into history.
 */
export function storeFailure(type: StoreFailureType, message: string): ApplicationFailure {
  const nonRetryable = type !== storeFailureTypes.unavailable
  const failure = ApplicationFailure.create({ type, message, nonRetryable, details: [{}] })
  // A stack would put the worker's file paths into history.
  failure.stack = `${type}: ${message}`
  return failure
}

export function unavailable(url: string, why: string): ApplicationFailure {
  return storeFailure(storeFailureTypes.unavailable, `The result store ${url} ${why}`)
}
