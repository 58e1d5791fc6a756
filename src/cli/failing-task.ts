import type { Client } from '@temporalio/client'

/** How the failure converter writes a message that only the keys can read. */
const unreadable = 'Encoded failure'

/** Why workers cannot carry out a workflow, as the last of them has written into its history; `undefined` if none has. */
export async function failingTask(client: Client, workflowId: string): Promise<string | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: 1,
  })
  const message = history?.events?.[0]?.workflowTaskFailedEventAttributes?.failure?.message
  return message && message !== unreadable ? message : undefined
}
