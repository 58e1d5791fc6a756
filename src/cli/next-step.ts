import type { WatchOutcome } from '../client.ts'
import { argumentsFor } from './run-of.ts'
import type { Temporal } from './temporal.ts'
import { idIsUsedUp } from './without-outcome.ts'

/** What a person may do about an outcome, where its own words do not say it. */
export async function nextStepAfter(
  temporal: Temporal,
  workflowId: string,
  outcome: WatchOutcome,
): Promise<string | undefined> {
  if (outcome.run_id === undefined) return withoutRun(outcome)
  // What became of the run is said there.
  if (outcome.cancellation) return undefined
  const run = () => argumentsFor(temporal, workflowId, outcome)
  if (outcome.status === 'polling_timeout') {
    return `It had not ended by then, as far as known. To go on: langgraph-runs watch ${await run()}`
  }
  if (outcome.polling_result === 'interrupted' && outcome.interrupts !== undefined) {
    const names = await run()
    return `The run waits to be continued. To answer it here: langgraph-runs watch ${names} --on-interrupt wait, and beside that langgraph-runs resume ${names}. Or answer it in LangGraph: that makes a new run, with an id of its own to watch`
  }
  return undefined
}

function withoutRun({ status, cancellation }: WatchOutcome): string | undefined {
  if (cancellation?.result === 'cancel_unconfirmed') return undefined
  if (status === 'polling_timeout') {
    return 'No run is known to have been created: mend what `error` says, then take another --id'
  }
  return idIsUsedUp
}
