import { ServiceError, WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'

/** Waits for a workflow. @throws what went wrong in words to act on: Temporal's client says that it did, and no more */
export async function answerOf<T>(workflow: Promise<T>): Promise<T> {
  try {
    return await workflow
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw failureOf(error)
    if (error instanceof ServiceError) throw noAnswerOfTemporal(error)
    throw error
  }
}

function failureOf({ message, cause, retryState }: WorkflowFailedError): Error {
  if (cause instanceof ApplicationFailure) return cause
  const how = cause?.message ?? message
  const words = `The workflow was ended in Temporal before it had an answer (${how}). The same call starts it afresh`
  return new WorkflowFailedError(words, cause, retryState)
}

function noAnswerOfTemporal(error: ServiceError): ServiceError {
  const why = error.cause?.message ?? error.message
  const words = `Temporal gave no answer (${why}). When it is there again, the same call goes on: what was begun is not lost`
  return new ServiceError(words, { cause: error })
}
