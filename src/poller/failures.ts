import { ServiceError, WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'

/** Waits for a workflow. @throws what went wrong and what to do, which Temporal's client does not tell */
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
  const words = `The workflow was ended in Temporal before it had an answer (${how}). The same call starts it again`
  return new WorkflowFailedError(words, cause, retryState)
}

function noAnswerOfTemporal(error: ServiceError): ServiceError {
  const why = error.cause?.message ?? error.message
  const words = `Temporal did not answer (${why}). Nothing that was started is lost: repeat the same call when Temporal is back`
  return new ServiceError(words, { cause: error })
}
