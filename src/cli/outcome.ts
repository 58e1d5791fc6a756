import type { WorkflowHandle } from '@temporalio/client'
import { outcomeIn } from '../client.ts'
import type { WatchOutcome } from '../client.ts'
import { isOutcome } from '../domain/outcome-in.ts'
import { exitCodes } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { nextStepAfter } from './next-step.ts'
import { printable } from './screen.ts'
import type { Temporal } from './temporal.ts'
import { withoutOutcome } from './without-outcome.ts'

type PollingResult = WatchOutcome['polling_result']

const exitCodeOf: Readonly<Record<PollingResult, ExitCode>> = {
  success_with_results: exitCodes.result,
  success_no_results: exitCodes.noResults,
  error: exitCodes.error,
  timeout: exitCodes.timeout,
  interrupted: exitCodes.interrupted,
}

/** What a workflow ended with: an outcome, or what else it returned. */
export interface Ending {
  readonly value: unknown
  readonly exitCode: ExitCode
  /** The value, where it is one. */
  readonly outcome?: WatchOutcome
  /** What a person may do about it. */
  readonly nextStep?: string
}

/** Waits for a workflow's end. @throws what says why it has no outcome, with what to do about its run */
export async function endingOf(temporal: Temporal, handle: WorkflowHandle<() => Promise<unknown>>): Promise<Ending> {
  const value = await valueOf(handle).catch(async (error: unknown) => {
    throw await withoutOutcome(temporal, handle, error)
  })
  if (!isOutcome(value)) return { value, exitCode: exitCodes.result }
  const nextStep = await nextStepAfter(temporal, handle.workflowId, value)
  return { value, exitCode: exitCodeOf[value.polling_result], outcome: value, ...(nextStep && { nextStep }) }
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

/** For a person: one field a line, what is inside a field indented below it, lists as JSON. */
export function readable(value: unknown): string {
  if (typeof value === 'string') return printable(value)
  if (!isTree(value)) return printable(JSON.stringify(value) ?? '')
  return Object.entries(value)
    .map(([name, field]) => {
      const text = isList(field) ? field.map((item) => `- ${readableItem(item)}`).join('\n') : readable(field)
      const isBelow = isTree(field) || isList(field) || text.includes('\n')
      return `${printable(name)}:${isBelow ? `\n${text.replaceAll(/^/gm, '  ')}` : ` ${text}`}`
    })
    .join('\n')
}

function readableItem(item: unknown): string {
  return printable(JSON.stringify(item))
}

/** Of objects or lists: a list of plain values stays on its line. */
function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null)
}

/** An object with fields. */
function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
}
