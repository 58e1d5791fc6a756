// What the types promise a user. Only compiled, never run: an unused `@ts-expect-error` is a mistake of the compiler's.
import { executeChild } from '@temporalio/workflow'
import { failureIn, fetchResult } from 'langgraph-background-runs/client'
import type {
  BackgroundRuns,
  Duration,
  FailureType,
  ResultStore,
  RetrievedResult,
  WatchOutcome,
  WatchRef,
  WatchRunInput,
} from 'langgraph-background-runs/client'
import { executeRun, watchRun } from 'langgraph-background-runs/workflows'

interface Trade {
  readonly signal: 'BUY' | 'SELL'
}

export async function results(
  runs: BackgroundRuns,
  input: WatchRunInput,
  watch: WatchRef,
  store: ResultStore,
): Promise<unknown[]> {
  const watched: WatchOutcome<Trade> = await runs.watch<Trade>(input)
  const executed: WatchOutcome<Trade> = await runs.execute<Trade>('order/1', { assistantId: 'agent' })
  const retrieved: RetrievedResult<Trade> = await runs.retrieve<Trade>(input)
  // @ts-expect-error: it may be in the workers' result store
  const always: Trade = retrieved.result
  const result: Trade = retrieved.result_reference
    ? await fetchResult<Trade>(retrieved.result_reference, store)
    : retrieved.result
  const handled: WatchOutcome<Trade> = await (await runs.startWatch<Trade>(input)).result()
  const untyped: WatchOutcome = await (await runs.startExecution('order/1', { assistantId: 'agent' })).result()
  // @ts-expect-error: without a type the result is any JSON
  const signal: 'BUY' | 'SELL' = (await runs.retrieve(input)).result.signal
  return [watched, executed, always, result, handled, untyped, signal, await runs.progress(watch)]
}

export async function children(input: WatchRunInput): Promise<unknown[]> {
  const watched: WatchOutcome<Trade> = await executeChild(watchRun<Trade>, { args: [input] })
  const executed: WatchOutcome<Trade> = await executeChild(executeRun<Trade>, { args: [{ assistantId: 'agent' }] })
  const byName: WatchOutcome<Trade> = await executeChild<typeof watchRun<Trade>>('watchRun', { args: [input] })
  const untyped: WatchOutcome = await executeChild(watchRun, { args: [input] })
  // @ts-expect-error: there is no second argument
  await executeChild(watchRun, { args: [input, {}] })
  // @ts-expect-error: nor for a caller
  await watchRun(input, {})
  return [watched, executed, byName, untyped]
}

export const durations: Duration[] = ['10s', '5 minutes', '1.5h', '365d', 1500]
// @ts-expect-error
export const soon: Duration = 'soon'
// @ts-expect-error
export const apples: Duration = '10 apples'
export const options = { maxPollTime: 'none', pollInterval: { initialInterval: '1s' } } satisfies Partial<WatchRunInput>

export function why(error: unknown): FailureType | undefined {
  return failureIn(error)?.type
}
