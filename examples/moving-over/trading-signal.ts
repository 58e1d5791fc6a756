import type { Client } from '@temporalio/client'
import { EnhancedBackgroundRunPoller } from 'langgraph-background-runs/poller'

/** Waits for a run of the trading graph. Returns its signal, or why it has none. */
export async function tradingSignal(client: Client, threadId: string, runId: string) {
  const poller = new EnhancedBackgroundRunPoller({ client, pollInterval: '5s', maxPollTime: '300s' })
  const outcome = await poller.pollUntilCompleteWithResults(threadId, runId)

  switch (outcome.polling_result) {
    case 'success_with_results': {
      const { trading_signal, analysis_summary, _retrieval_metadata } = outcome.result
      const { poll_count, completion_time_seconds } = outcome.polling_metadata
      const { strategy_used } = _retrieval_metadata
      return { trading_signal, analysis_summary, strategy_used, poll_count, completion_time_seconds }
    }
    case 'interrupted':
      // It is waiting for a human, or was cancelled: then `error` says so.
      return { questions: outcome.interrupts, error: outcome.error }
    case 'success_no_results':
    case 'error':
    case 'timeout':
      return { status: outcome.status, error: outcome.error }
  }
}
