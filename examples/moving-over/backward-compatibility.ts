import type { Client } from '@temporalio/client'
import { BackgroundRunPoller } from 'langgraph-background-runs/poller'

/** Code that uses the older name only. */
export async function backwardCompatibility(client: Client, threadId: string, runId: string) {
  const poller = new BackgroundRunPoller({ client })
  return poller.pollUntilComplete(threadId, runId)
}
