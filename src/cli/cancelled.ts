import type { WorkflowHandle } from '@temporalio/client'
import type { Cancellation } from '../client.ts'
import { CliError, exitCodes } from './exit.ts'

/** A cancelled workflow has no outcome: its memo says what became of the run. */
export async function wasCancelled(handle: WorkflowHandle): Promise<CliError> {
  const { memo } = await handle.describe()
  const cancellation: unknown = memo?.['cancellation']
  const words = isCancellation(cancellation) ? wordsFor(cancellation) : '. To go on: langgraph-runs watch THREAD RUN'
  return new CliError(exitCodes.error, `The workflow was cancelled${words}`)
}

function isCancellation(value: unknown): value is Cancellation {
  return typeof Reflect.get(Object(value), 'result') === 'string'
}

function wordsFor({ result, run_id, thread_id, status = 'unknown', error }: Cancellation): string {
  const ids = `${thread_id} ${run_id}`
  switch (result) {
    case 'left':
      return `, and its run goes on (last status: ${status}). To go on: langgraph-runs watch ${ids}`
    case 'cancelled':
      return `, and its run ${run_id} with it`
    case 'had_ended':
      return `; its run had ended (status: ${status}). Its result: langgraph-runs retrieve ${ids}`
    case 'cancel_unconfirmed':
      return `; its run ${run_id ?? ''} may still be at work: ${error ?? `last status: ${status}`}`
    case 'not_created':
      return ' before it had created a run. To create one: langgraph-runs execute with another --id'
  }
}
