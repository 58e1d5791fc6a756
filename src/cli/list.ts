import type { Client } from '@temporalio/client'
import { workflowTypes } from '../domain/contract.ts'

export interface ListedWatch {
  readonly id: string
  /** As Temporal names it: RUNNING, COMPLETED, FAILED, … */
  readonly state: string
  /** ISO 8601 UTC. */
  readonly started: string
}

/** The newest watches, open ones first. */
export async function listWatches(client: Client, limit: number): Promise<ListedWatch[]> {
  const ofType = `WorkflowType = '${workflowTypes.watchRun}'`
  const [open, closed] = await Promise.all([
    some(client, `${ofType} AND ExecutionStatus = 'Running'`, limit),
    some(client, `${ofType} AND ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew'`, limit),
  ])
  return [...open, ...closed].slice(0, limit)
}

async function some(client: Client, query: string, limit: number): Promise<ListedWatch[]> {
  const watches: ListedWatch[] = []
  for await (const { workflowId, status, startTime } of client.workflow.list({ query, pageSize: limit })) {
    watches.push({ id: workflowId, state: status.name, started: startTime.toISOString() })
    if (watches.length >= limit) break
  }
  return watches
}
