import type { Client as LangGraph } from '@langchain/langgraph-sdk'
import { workflowMetadataKey } from '../../src/domain/contract.ts'
import { isRecord } from '../../src/domain/json.ts'
import { metadataKey } from './play.ts'

/** A run as its server knows it. */
export interface TrueRun {
  readonly runId: string
  readonly status: string
  /** By which `executeRun` or an answer has created it. */
  readonly key?: string
  /** The symbol of the run that this program has created. */
  readonly symbol?: string
  /** The run's own last values. */
  readonly values: Readonly<Record<string, unknown>>
}

/** @returns the runs of a thread, the oldest first; none if the server does not know the thread */
export async function trueRuns(langGraph: LangGraph, threadId: string): Promise<readonly TrueRun[]> {
  const runs = await langGraph.runs.list(threadId, { limit: 100 }).catch((error: unknown) => {
    if (Reflect.get(Object(error), 'status') === 404) return []
    throw error
  })
  const oldestFirst = runs.toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at))
  return Promise.all(
    oldestFirst.map(async ({ run_id, status, metadata }) => {
      const [own] = await langGraph.threads.getHistory(threadId, { limit: 1, metadata: { run_id } })
      const { [workflowMetadataKey]: key, [metadataKey]: symbol } = metadata ?? {}
      return {
        runId: run_id,
        status,
        values: isRecord(own?.values) ? own.values : {},
        ...(typeof key === 'string' && { key }),
        ...(typeof symbol === 'string' && { symbol }),
      }
    }),
  )
}
