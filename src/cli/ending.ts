import { WorkflowFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { outcomeIn } from '../client.ts'
import type { Cancellation, WatchOutcome } from '../client.ts'
import { failureTypes, workflowTypes } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import { isOutcome } from '../domain/outcome-in.ts'
import { asCliError, CliError, endedFromOutside, exitCodes } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { argumentsFor } from './run-of.ts'
import type { Temporal } from './temporal.ts'

const exitCodeOf: Readonly<Record<WatchOutcome['polling_result'], ExitCode>> = {
  success_with_results: exitCodes.result,
  success_no_results: exitCodes.noResults,
  error: exitCodes.error,
  timeout: exitCodes.timeout,
  interrupted: exitCodes.interrupted,
}

/** How a workflow ended: what it returned, and what the command makes of that. */
export interface Ending {
  readonly value: unknown
  readonly exitCode: ExitCode
  /** The value, if it is one. */
  readonly outcome?: WatchOutcome
  /** What a person may do about it. */
  readonly nextStep?: string
}

/** Waits for a workflow's end. @throws why it has no outcome, with what to do about its run */
export async function endingOf(temporal: Temporal, handle: WorkflowHandle<() => Promise<unknown>>): Promise<Ending> {
  const value = await valueOf(handle).catch(async (error: unknown) => {
    throw await withoutOutcome(temporal, handle, error)
  })
  if (!isOutcome(value)) return { value, exitCode: exitCodes.result }
  const nextStep = await nextStepAfter(temporal, handle.workflowId, value)
  return { value, exitCode: exitCodeOf[value.polling_result], outcome: value, ...present({ nextStep }) }
}

/** Waits for what a workflow returns. With `onUnsuccessful: 'fail'` the outcome is in its failure. */
export async function valueOf(handle: WorkflowHandle<() => Promise<unknown>>): Promise<unknown> {
  try {
    return await handle.result()
  } catch (error) {
    const outcome = outcomeIn(error)
    if (outcome) return outcome
    throw error
  }
}

/** What a person may do about an outcome that does not name it itself. */
async function nextStepAfter(
  temporal: Temporal,
  workflowId: string,
  outcome: WatchOutcome,
): Promise<string | undefined> {
  if (outcome.run_id === undefined) return nextStepWithoutRun(outcome)
  // It shows what happened to the run.
  if (outcome.cancellation) return undefined
  const run = () => argumentsFor(temporal, workflowId, outcome)
  if (outcome.status === 'polling_timeout') {
    return `The run had not ended when polling stopped. To keep watching it: langgraph-runs watch ${await run()}`
  }
  if (outcome.polling_result === 'interrupted' && outcome.interrupts !== undefined) {
    const names = await run()
    return `The run waits to be continued. To answer it here, start langgraph-runs watch ${names} --on-interrupt wait, then langgraph-runs resume ${names}. An answer given in LangGraph makes a new run, which has its own id to watch`
  }
  return undefined
}

const idIsUsedUp = 'No run was created, and this id cannot be reused. Fix the problem, then choose another --id'

function nextStepWithoutRun({ status, cancellation }: WatchOutcome): string | undefined {
  if (cancellation?.result === 'cancel_unconfirmed') return undefined
  if (status === 'polling_timeout') {
    return 'As far as known, no run was created. Fix what `error` says, then choose another --id'
  }
  return idIsUsedUp
}

async function withoutOutcome(temporal: Temporal, handle: WorkflowHandle, error: unknown): Promise<unknown> {
  const { cause } = error instanceof WorkflowFailedError ? error : { cause: undefined }
  if (cause instanceof CancelledFailure) return wasCancelled(temporal, handle)
  if (cause instanceof ApplicationFailure && cause.type === failureTypes.unknownDeployment) {
    const { message, exitCode } = asCliError(cause)
    return (await hasCreatedNoRun(handle)) ? new CliError(exitCode, `${message}\n${idIsUsedUp}`) : error
  }
  return endedFromOutside(cause, await argumentsFor(temporal, handle.workflowId)) ?? error
}

/** Polls begin once a run exists. */
async function hasCreatedNoRun(handle: WorkflowHandle): Promise<boolean> {
  const { type } = await handle.describe()
  if (type !== workflowTypes.executeRun) return false
  const { events } = await handle.fetchHistory()
  return !events?.some(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'getRunStatus',
  )
}

/** A cancelled workflow has no outcome, but its memo shows what happened to the run. */
async function wasCancelled(temporal: Temporal, handle: WorkflowHandle): Promise<CliError> {
  const { memo } = await handle.describe()
  const cancellation: unknown = memo?.['cancellation']
  const known = isCancellation(cancellation) ? cancellation : undefined
  const run = await argumentsFor(temporal, handle.workflowId, known)
  const whatHappened = known
    ? whatHappenedToTheRun(known, run)
    : `. To keep watching its run: langgraph-runs watch ${run}`
  return new CliError(exitCodes.error, `The workflow was cancelled${whatHappened}`)
}

function isCancellation(value: unknown): value is Cancellation {
  return typeof Reflect.get(Object(value), 'result') === 'string'
}

function whatHappenedToTheRun({ result, run_id, status = 'unknown', error }: Cancellation, run: string): string {
  switch (result) {
    case 'left':
      return `, and its run was left alone (last status: ${status}). To keep watching it: langgraph-runs watch ${run}`
    case 'cancelled':
      return `, and its run ${run_id} with it`
    case 'had_ended':
      return `; its run had ended (status: ${status}). Its result: langgraph-runs retrieve ${run}`
    case 'cancel_unconfirmed':
      return `; its run ${run_id ?? ''} may still be running: ${error ?? `last status: ${status}`}`
    case 'not_created':
      return ' before it had created a run. To create one: langgraph-runs execute with another --id'
  }
}
