import type { Client } from '@temporalio/client'
import { ResultRetrievalError, RunResultRetriever } from 'langgraph-background-runs/poller'

/** Returns the result of a run that has ended, without waiting for the run. */
export async function directRetrieval(client: Client, threadId: string, runId: string): Promise<string> {
  const retriever = new RunResultRetriever({ client })
  try {
    const { trading_signal, _retrieval_metadata } = await retriever.getResultWithTimeout(threadId, runId)
    return `${JSON.stringify(trading_signal)}, retrieved by ${_retrieval_metadata.strategy_used}`
  } catch (error) {
    if (error instanceof ResultRetrievalError) return `no result: ${error.message}`
    throw error
  }
}
