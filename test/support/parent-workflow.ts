import { ChildWorkflowCancellationType, executeChild } from '@temporalio/workflow'
import type { ExecuteRunInput, WatchOutcome } from '../../src/client.ts'
import type { executeRun } from '../../src/workflows/index.ts'

/** A workflow of a user, which executes a run as one of its steps. */
export async function parent(taskQueue: string, workflowId: string, input: ExecuteRunInput): Promise<WatchOutcome> {
  return executeChild<typeof executeRun>('executeRun', {
    taskQueue,
    workflowId,
    args: [input],
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
  })
}
