import { continueAsNew } from '@temporalio/workflow'
import { parseWatchRunInput } from '../domain/parse-input.ts'
import type { WatchRunInput } from '../domain/input.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import { carryOut } from './carry-out.ts'
import { accepted } from './failures.ts'
import { openWatch } from './watch.ts'
import type { WatchState } from './watch.ts'

/**
 * Waits for a LangGraph background run and brings back that run's own result.
 *
 * @param input the run and how to wait for it; the defaults are in `WatchRunInput`
 * @param carried internal: what an earlier execution of the same watch handed over by continue-as-new
 * @throws `InvalidInput`, `UnknownDeployment`; with `onUnsuccessful: 'fail'` also `RunFailed`, `RunTimedOut`,
 *   `RunInterrupted`, `RunPollingTimedOut`, `RunPollingFailed`, `RunResultMissing` with the outcome in the details
 */
export async function watchRun(input: WatchRunInput, carried?: WatchState): Promise<WatchOutcome> {
  const { run, ...options } = accepted('watchRun', parseWatchRunInput(input))
  const watch = openWatch(options, carried, run)
  return carryOut({ watch, restart: () => continueAsNew<typeof watchRun>(input, watch.state) })
}
