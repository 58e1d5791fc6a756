import { Client } from '@langchain/langgraph-sdk'

export interface MinimalRun {
  readonly threadId: string
  readonly runId: string
}

export type MinimalActivities = ReturnType<typeof minimalActivities>

export function minimalActivities(apiUrl: string, apiKey: string | null = null) {
  const { runs, threads } = new Client({ apiUrl, apiKey })
  return {
    status: async ({ threadId, runId }: MinimalRun) => (await runs.get(threadId, runId)).status,
    values: async ({ threadId }: MinimalRun) => (await threads.getState(threadId)).values,
  }
}
