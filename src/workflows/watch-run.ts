import { continueAsNew, log } from '@temporalio/workflow'
import { parseWatchRunInput } from '../domain/input.ts'
import type { WatchRunInput } from '../domain/input.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import type { EndedRun } from '../domain/run.ts'
import { accepted, failure } from './failures.ts'
import * as outcomes from './outcomes.ts'
import { pollUntilTerminal } from './poll-until-terminal.ts'
import type { PollingEnd } from './poll-until-terminal.ts'
import { retrieveInOrder } from './retrieve-in-order.ts'
import { verdictOn } from './verdict.ts'
import { openWatch } from './watch.ts'
import type { Watch, WatchState } from './watch.ts'

/**
 * Waits for a LangGraph background run and brings back that run's own result.
 *
 * @param input the run and how to wait for it; the defaults are in `WatchRunInput`
 * @param carried internal: what an earlier execution of the same watch handed over by continue-as-new
 * @throws `InvalidInput`, `UnknownDeployment`; with `onUnsuccessful: 'fail'` also `RunFailed`, `RunTimedOut`,
 *   `RunInterrupted`, `RunPollingTimedOut`, `RunPollingFailed`, `RunResultMissing` with the outcome in the details
 */
export async function watchRun(input: WatchRunInput, carried?: WatchState): Promise<WatchOutcome> {
  const watch = openWatch(accepted('watchRun', parseWatchRunInput(input)), carried)
  const end = await pollUntilTerminal(watch, () => continueAsNew<typeof watchRun>(input, watch.state))
  const outcome = await concludeWatch(watch, end)
  return deliver(watch, outcome)
}

async function concludeWatch(watch: Watch, end: PollingEnd): Promise<WatchOutcome> {
  switch (end.kind) {
    case 'timed_out':
      return outcomes.pollingTimedOut(watch)
    case 'refused':
      return outcomes.pollingRefused(watch, end.reason)
    case 'terminal':
      return concludeRun(watch, end.look)
  }
}

/** Only a run that succeeded, and did not stop half-way, has a result to bring back. */
async function concludeRun(watch: Watch, look: EndedRun): Promise<WatchOutcome> {
  const verdict = verdictOn(look)
  switch (verdict.kind) {
    case 'unsuccessful':
      return outcomes.unsuccessful(watch, verdict, look.ending)
    case 'waiting':
      return outcomes.interrupted(watch, verdict.ending)
    case 'success': {
      watch.enter('retrieving')
      const { run, retrieval } = watch.options
      return outcomes.retrieved(watch, await retrieveInOrder(run, retrieval, look), look.ending)
    }
  }
}

function deliver(watch: Watch, outcome: WatchOutcome): WatchOutcome {
  watch.enter('done', outcomes.details(outcome))
  const { polling_result, status, polling_metadata } = outcome
  log.info('watch ended', { pollingResult: polling_result, status, polls: polling_metadata.poll_count })
  if (watch.options.onUnsuccessful === 'return' || polling_result === 'success_with_results') return outcome
  throw failure(outcomes.failureType(outcome), outcomes.summary(outcome), outcome)
}
