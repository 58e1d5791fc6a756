import { WorkflowFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { CancelledFailure } from '@temporalio/common'
import { outcomeIn } from '../client.ts'
import type { WatchOutcome } from '../client.ts'
import { isOutcome } from '../client/outcome-in.ts'
import { wasCancelled } from './cancelled.ts'
import { exitCodes } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { printable } from './screen.ts'

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

/** Waits for a workflow's end. With `onUnsuccessful: 'fail'` the outcome is in its failure. */
export async function endingOf(handle: WorkflowHandle<() => Promise<unknown>>): Promise<Ending> {
  try {
    return ending(await handle.result())
  } catch (error) {
    const outcome = outcomeIn(error)
    if (outcome) return ending(outcome)
    throw isCancelled(error) ? await wasCancelled(handle) : error
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure
}

function ending(value: unknown): Ending {
  if (!isOutcome(value)) return { value, exitCode: exitCodes.result }
  const nextStep = nextStepAfter(value)
  return { value, exitCode: exitCodeOf[value.polling_result], outcome: value, ...(nextStep && { nextStep }) }
}

/** Where the outcome's own words do not say it. */
function nextStepAfter(outcome: WatchOutcome): string | undefined {
  if (outcome.status === 'polling_timeout') {
    return 'The run has not ended: watch it again to go on waiting (--max-poll-time none: without a limit)'
  }
  if (outcome.polling_result === 'interrupted' && outcome.interrupts !== undefined) {
    return 'The run waits to be continued. To answer it here: langgraph-runs watch THREAD RUN --on-interrupt wait, and beside that langgraph-runs resume THREAD RUN. Or answer it in LangGraph: that makes a new run, with an id of its own to watch'
  }
  return undefined
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
