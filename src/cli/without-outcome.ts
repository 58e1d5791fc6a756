import { WorkflowFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { Cancellation } from '../client.ts'
import { failureTypes, workflowTypes } from '../domain/contract.ts'
import { asCliError, CliError, endedFromOutside, exitCodes } from './exit.ts'
import { argumentsFor } from './run-of.ts'
import type { Temporal } from './temporal.ts'

/** Why a workflow has ended and has no outcome, with what to do about its run. */
export async function withoutOutcome(temporal: Temporal, handle: WorkflowHandle, error: unknown): Promise<unknown> {
  const { cause } = error instanceof WorkflowFailedError ? error : { cause: undefined }
  if (cause instanceof CancelledFailure) return wasCancelled(temporal, handle)
  if (cause instanceof ApplicationFailure && cause.type === failureTypes.unknownDeployment) {
    const { message, exitCode } = asCliError(cause)
    return (await hasCreatedNoRun(handle)) ? new CliError(exitCode, `${message}\n${idIsUsedUp}`) : error
  }
  return endedFromOutside(cause, await argumentsFor(temporal, handle.workflowId)) ?? error
}

/** What an execution that was refused leaves behind. */
export const idIsUsedUp = 'No run was created under this id, and it is used up: mend that, then take another --id'

/** Polls begin when there is a run. */
async function hasCreatedNoRun(handle: WorkflowHandle): Promise<boolean> {
  const { type } = await handle.describe()
  if (type !== workflowTypes.executeRun) return false
  const { events } = await handle.fetchHistory()
  return !events?.some(
    ({ activityTaskScheduledEventAttributes: asked }) => asked?.activityType?.name === 'getRunStatus',
  )
}

/** A cancelled workflow has no outcome: its memo says what became of the run. */
async function wasCancelled(temporal: Temporal, handle: WorkflowHandle): Promise<CliError> {
  const { memo } = await handle.describe()
  const cancellation: unknown = memo?.['cancellation']
  const known = isCancellation(cancellation) ? cancellation : undefined
  const run = await argumentsFor(temporal, handle.workflowId, known)
  const words = known ? wordsFor(known, run) : `. To go on: langgraph-runs watch ${run}`
  return new CliError(exitCodes.error, `The workflow was cancelled${words}`)
}

function isCancellation(value: unknown): value is Cancellation {
  return typeof Reflect.get(Object(value), 'result') === 'string'
}

function wordsFor({ result, run_id, status = 'unknown', error }: Cancellation, run: string): string {
  switch (result) {
    case 'left':
      return `, and its run goes on (last status: ${status}). To go on: langgraph-runs watch ${run}`
    case 'cancelled':
      return `, and its run ${run_id} with it`
    case 'had_ended':
      return `; its run had ended (status: ${status}). Its result: langgraph-runs retrieve ${run}`
    case 'cancel_unconfirmed':
      return `; its run ${run_id ?? ''} may still be at work: ${error ?? `last status: ${status}`}`
    case 'not_created':
      return ' before it had created a run. To create one: langgraph-runs execute with another --id'
  }
}
