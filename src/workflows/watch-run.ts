import { makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow'
import { failureTypes } from '../domain/contract.ts'
import { refusal } from '../domain/problem.ts'
import type { ExecuteRunInput, WatchRunInput } from '../domain/input.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import { parseExecuteRunInput, parseWatchRunInput } from '../domain/parse-input.ts'
import { present } from '../domain/json.ts'
import type { Json } from '../domain/run.ts'
import { carryOut } from './carry-out.ts'
import { accepted, failure, noRunCreated } from './failures.ts'
import { handedOver } from './handed-over.ts'
import { beginning } from './memory.ts'
import type { Memory } from './memory.ts'
import { attributesToCarry } from './shown.ts'
import { Watch } from './watch.ts'

// The second argument of both workflows is internal: what an earlier execution handed over by continue-as-new. `Result` is
// what the caller takes the run's values for; Temporal's own types read the result from the last signature.
type Next<Input> = (input: Input, carried: Memory) => Promise<WatchOutcome>

/**
 * Waits for a LangGraph background run and returns that run's own result.
 *
 * @param input the run and how to wait for it; the defaults are in `WatchRunInput`
 * @throws `InvalidInput`, `UnknownDeployment`; with `onUnsuccessful: 'fail'` also `RunFailed`, `RunTimedOut`,
 *   `RunInterrupted`, `RunPollingTimedOut`, `RunPollingFailed`, `RunResultMissing` with the outcome in the details
 */
export async function watchRun<Result = Json>(input: WatchRunInput): Promise<WatchOutcome<Result>>
export async function watchRun(input: WatchRunInput): Promise<WatchOutcome>
export async function watchRun(input: WatchRunInput, carried?: Memory): Promise<WatchOutcome> {
  const { run, ...options } = accepted('watchRun', parseWatchRunInput(input))
  const memory = handedOver('watchRun', carried) ?? beginning(workflowInfo().startTime.getTime(), run)
  const restart = (next: Memory) => continueWithMemo(input, next)
  return carryOut(new Watch({ options, memory, named: run, continueAsNew: restart }))
}

/**
 * Creates a LangGraph background run, exactly once for its workflow id, and then does all that `watchRun` does.
 *
 * @param input what to run and how to wait for it; the defaults are in `ExecuteRunInput`
 * @throws as `watchRun`; if no run was created, the last of the details is `{ run_created: false }`
 */
export async function executeRun<Result = Json>(input: ExecuteRunInput): Promise<WatchOutcome<Result>>
export async function executeRun(input: ExecuteRunInput): Promise<WatchOutcome>
export async function executeRun(input: ExecuteRunInput, carried?: Memory): Promise<WatchOutcome> {
  const { request, ...options } = accepted('executeRun', parseExecuteRunInput(input), noRunCreated)
  refuseCron()
  const memory = handedOver('executeRun', carried) ?? beginning(workflowInfo().startTime.getTime())
  const restart = (next: Memory) => continueWithMemo(input, next)
  return carryOut(new Watch({ options, memory, request, continueAsNew: restart }))
}

/** Temporal drops what a workflow has put into its memo, by which the sweep finds the run while the next one sleeps. */
function continueWithMemo(input: WatchRunInput | ExecuteRunInput, memory: Memory): Promise<never> {
  const { memo } = workflowInfo()
  return makeContinueAsNewFunc<Next<typeof input>>({ ...present({ memo }), ...attributesToCarry(memory) })(
    input,
    memory,
  )
}

/** A cron starts one workflow id again and again, and an id has one run. */
function refuseCron(): void {
  const { cronSchedule } = workflowInfo()
  if (cronSchedule === undefined) return
  const problem = `\`cron\` is "${cronSchedule}": must be absent, since all its ticks have one workflow id, and an id has one run. Use a Temporal Schedule, which gives each start an id of its own`
  throw failure(failureTypes.invalidInput, refusal('executeRun', [problem]), [problem], noRunCreated)
}
