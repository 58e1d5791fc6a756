import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { failureTypes, langGraphFailureTypes as types } from '../domain/contract.ts'
import { UnknownDeploymentError } from '../langgraph/deployments.ts'
import { LangGraphError } from '../langgraph/errors.ts'
import { NotAsked } from '../langgraph/pace.ts'

/** Why LangGraph could not be asked, or what it answered instead, in one word. */
export type FailureResult =
  | (typeof words)[keyof typeof words]
  | 'not_asked'
  | 'unknown_deployment'
  | 'cancelled'
  | 'unforeseen'

const words = {
  [types.unavailable]: 'unavailable',
  [types.timeout]: 'timeout',
  [types.badAnswer]: 'bad_answer',
  [types.tooLarge]: 'too_large',
  [types.notFound]: 'not_found',
  [types.refused]: 'refused',
  [types.unauthorized]: 'unauthorized',
  [types.unforeseen]: 'unforeseen',
} as const

/** Of an error as it comes from LangGraph's port, or as it leaves an activity. */
export function resultOf(error: unknown): FailureResult {
  if (error instanceof CancelledFailure) return 'cancelled'
  if (error instanceof NotAsked) return 'not_asked'
  if (error instanceof UnknownDeploymentError) return 'unknown_deployment'
  if (error instanceof LangGraphError) return words[error.type]
  if (!(error instanceof ApplicationFailure)) return 'unforeseen'
  if (error.type === failureTypes.unknownDeployment) return 'unknown_deployment'
  if (Reflect.get(Object(error.details?.[0]), 'not_asked') === true) return 'not_asked'
  return Object.entries(words).find(([type]) => type === error.type)?.[1] ?? 'unforeseen'
}

/** Whether the server gave no usable answer: it is away, hangs, is broken, or does not take the key. */
export function isOutage(result: FailureResult): boolean {
  switch (result) {
    case 'unavailable':
    case 'timeout':
    case 'bad_answer':
    case 'unauthorized':
      return true
    case 'too_large':
    case 'not_found':
    case 'refused':
    case 'not_asked':
    case 'unknown_deployment':
    case 'cancelled':
    case 'unforeseen':
      return false
  }
}

/** Whether the server answered, if only by refusing. */
export function isAnswer(result: FailureResult): boolean {
  return result === 'too_large' || result === 'not_found' || result === 'refused'
}
