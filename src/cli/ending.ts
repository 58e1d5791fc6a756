import { WorkflowFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { CancelledFailure } from '@temporalio/common'
import { outcomeIn } from '../client.ts'
import type { Cancellation, WatchOutcome } from '../client.ts'
import { workflowTypes } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import { laterRunIn } from '../domain/later-run.ts'
import { isOutcome } from '../domain/outcome-in.ts'
import { applicationFailureIn, asCliError, CliError, endedFromOutside, exitCodes } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { argumentsFor } from './run-of.ts'
import { readStored } from './stored-result.ts'
import type { Temporal } from './temporal.ts'

export function exitCodeOf({ polling_result, cancelled }: WatchOutcome): ExitCode {
  if (cancelled) return exitCodes.cancelled
  switch (polling_result) {
    case 'success_with_results':
      return exitCodes.result
    case 'success_no_results':
      return exitCodes.noResults
    case 'error':
      return exitCodes.error
    case 'timeout':
      return exitCodes.timeout
    case 'interrupted':
      return exitCodes.interrupted
  }
}

/** How a workflow ended: what it returned, and what the command makes of that. */
export interface Ending {
  readonly value: unknown
  readonly exitCode: ExitCode
  readonly outcome?: WatchOutcome
  readonly nextStep?: string
  /** Why it has no result, although the run has one; `nextStep` says it, too. */
  readonly unread?: string
}

/** Waits for a workflow's end. @throws why it has no outcome, with what to do about its run */
export async function endingOf(temporal: Temporal, handle: WorkflowHandle<() => Promise<unknown>>): Promise<Ending> {
  try {
    const value = await handle.result()
    if (isOutcome(value)) return await endingWith(temporal, handle, value)
    const { isUnread, ...read } = await readStored(temporal, value)
    return { exitCode: isUnread ? exitCodes.noResults : exitCodes.result, ...read }
  } catch (error) {
    // With `onUnsuccessful: 'fail'`, or without a run, the outcome is in the failure.
    const outcome = outcomeIn(error)
    if (outcome) return endingWith(temporal, handle, outcome, error)
    throw await withoutOutcome(temporal, handle, error)
  }
}

async function endingWith(
  temporal: Temporal,
  { workflowId }: WorkflowHandle,
  outcome: WatchOutcome,
  error?: unknown,
): Promise<Ending> {
  const nextStep = hasCreatedNoRun(error) ? idIsFree : await nextStepAfter(temporal, workflowId, outcome)
  const { isUnread, ...read } = await readStored(temporal, outcome)
  const exitCode = isUnread ? exitCodes.noResults : exitCodeOf(outcome)
  return { exitCode, outcome, ...present({ nextStep, unread: read.nextStep }), ...read }
}

/** The outcome of a workflow that has ended; `undefined` if it has none. */
export async function outcomeOf(handle: WorkflowHandle<() => Promise<unknown>>): Promise<WatchOutcome | undefined> {
  try {
    const value = await handle.result()
    return isOutcome(value) ? value : undefined
  } catch (error) {
    const outcome = outcomeIn(error)
    if (outcome || error instanceof WorkflowFailedError) return outcome
    throw error
  }
}

/** Whether an execution has ended without a run, so that its id may be started again, as the client does. */
export async function hasEndedWithoutRun(handle: WorkflowHandle<() => Promise<unknown>>): Promise<boolean> {
  const error: unknown = await handle.result().then(
    () => undefined,
    (failed: unknown) => failed,
  )
  return hasCreatedNoRun(error) || (isOfCancelled(error) && (await cancellationIn(handle))?.result === 'not_created')
}

/** Whether an execution failed with this before it had created a run. */
function hasCreatedNoRun(error: unknown): boolean {
  return applicationFailureIn(error)?.details?.some((one) => Object(one).run_created === false) === true
}

function isOfCancelled(error: unknown): boolean {
  return error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure
}

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
  if (isFailureOfRun(outcome)) {
    const later = laterRunIn(outcome.error)
    if (later !== undefined) {
      const names = await argumentsFor(temporal, workflowId, { ...outcome, run_id: later })
      return `A later run of its thread is in the way. To watch that one: langgraph-runs watch ${names}`
    }
    return `The run has failed. Once the cause is gone, to continue it from where it failed: langgraph-runs retry ${await run()}`
  }
  if (outcome.polling_result === 'interrupted' && outcome.interrupts !== undefined) {
    const names = await run()
    return `The run waits to be continued. To answer it here, start langgraph-runs watch ${names} --on-interrupt wait, then langgraph-runs resume ${names}. An answer given in LangGraph makes a new run, which has its own id to watch`
  }
  return undefined
}

function isFailureOfRun(outcome: WatchOutcome): outcome is Extract<WatchOutcome, { status: 'error' | 'timeout' }> {
  return !outcome.cancelled && (outcome.status === 'error' || outcome.status === 'timeout')
}

const idIsUsedUp = 'No run was created, and this id cannot be reused. Fix the problem, then choose another --id'
const idIsFree = 'No run was created, so this id is not used up. Fix the problem, then use the same --id'

function nextStepWithoutRun({ status, cancelled, cancellation }: WatchOutcome): string | undefined {
  if (cancellation?.result === 'cancel_unconfirmed') return undefined
  if (status === 'polling_timeout') {
    return 'As far as known, no run was created. Fix what `error` says, then choose another --id'
  }
  if (cancelled) return 'No run was created, and this id cannot be reused. To create one, choose another --id'
  return idIsUsedUp
}

async function withoutOutcome(temporal: Temporal, handle: WorkflowHandle, error: unknown): Promise<unknown> {
  const { cause } = error instanceof WorkflowFailedError ? error : { cause: undefined }
  if (isOfCancelled(error)) return wasCancelled(temporal, handle)
  if (hasCreatedNoRun(cause) && (await handle.describe()).type === workflowTypes.executeRun) {
    const { message, exitCode } = asCliError(cause)
    return new CliError(exitCode, `${message}\n${idIsFree}`)
  }
  return endedFromOutside(cause, await argumentsFor(temporal, handle.workflowId)) ?? error
}

/** A cancelled workflow has no outcome, but its memo shows what happened to the run. */
async function wasCancelled(temporal: Temporal, handle: WorkflowHandle): Promise<CliError> {
  const known = await cancellationIn(handle)
  const run = await argumentsFor(temporal, handle.workflowId, known)
  const whatHappened = known
    ? whatHappenedToTheRun(known, run)
    : `. To keep watching its run: langgraph-runs watch ${run}`
  const isRunCancelled = known?.result === 'cancelled' || known?.result === 'not_created'
  const exitCode = isRunCancelled ? exitCodes.cancelled : exitCodes.error
  return new CliError(exitCode, `The workflow was cancelled${whatHappened}`)
}

async function cancellationIn(handle: WorkflowHandle): Promise<Cancellation | undefined> {
  const { memo } = await handle.describe()
  const cancellation: unknown = memo?.['cancellation']
  return isCancellation(cancellation) ? cancellation : undefined
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
      return ' before it had created a run. To create one: langgraph-runs execute with the same --id'
  }
}
