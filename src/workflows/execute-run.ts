import { continueAsNew } from '@temporalio/workflow'
import { parseExecuteRunInput } from '../domain/parse-input.ts'
import type { ExecuteRunInput } from '../domain/input.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import { carryOut } from './carry-out.ts'
import { accepted } from './failures.ts'
import { openWatch } from './watch.ts'
import type { WatchState } from './watch.ts'

/**
 * Creates a LangGraph background run, exactly once for its workflow id, and then does all that `watchRun` does.
 *
 * @param input what to run and how to wait for it; the defaults are in `ExecuteRunInput`
 * @param carried internal: what an earlier execution of the same workflow handed over by continue-as-new
 * @throws as `watchRun`
 */
export async function executeRun(input: ExecuteRunInput, carried?: WatchState): Promise<WatchOutcome> {
  const { request, ...options } = accepted('executeRun', parseExecuteRunInput(input))
  const watch = openWatch(options, carried)
  return carryOut({ watch, request, restart: () => continueAsNew<typeof executeRun>(input, watch.state) })
}
