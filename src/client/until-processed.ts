import { WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'

const mostTries = 5

/**
 * Sends an update again if Temporal rejects it because no worker has processed it: a worker that takes up a workflow for a
 * query and an update at the same time may leave the update alone. Then nothing has happened yet.
 */
export async function untilProcessed<T>(send: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n += 1) {
    try {
      return await send()
    } catch (error) {
      if (n === mostTries || !isUnprocessed(error)) throw error
    }
  }
}

function isUnprocessed(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return false
  return error.cause instanceof ApplicationFailure && error.cause.type === 'UnprocessedUpdate'
}
