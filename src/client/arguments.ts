import { inspect } from 'node:util'
import { ApplicationFailure } from '@temporalio/common'
import { failureTypes, longestWorkflowId } from '../domain/contract.ts'
import { refusal } from '../domain/fields.ts'
import type { Parsed } from '../domain/fields.ts'
import { messageOf } from '../domain/json.ts'
import { bounded, utf8Bytes } from '../domain/text.ts'

// JavaScript calls this package too, so a type is no promise.

/** @throws ApplicationFailure of type `InvalidInput` where there are problems */
export function refuse(what: string, problems: readonly string[]): void {
  if (problems.length > 0) throw invalid(what, problems)
}

/** @throws ApplicationFailure of type `InvalidInput` */
export function accepted<T>(what: string, parsed: Parsed<T>): T {
  if ('options' in parsed) return parsed.options
  throw invalid(what, parsed.problems)
}

function invalid(what: string, problems: readonly string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(refusal(what, problems), failureTypes.invalidInput, problems)
}

export function shown(value: unknown): string {
  return value === undefined ? 'missing' : bounded(inspect(value), 100)
}

export function problemOfClient(client: unknown): string[] {
  const isClient = typeof Reflect.get(Object(Reflect.get(Object(client), 'workflow')), 'start') === 'function'
  // Never shown: a client of another kind may hold a key.
  return isClient ? [] : ['`client` must be a Temporal client: `new Client({ connection })` of @temporalio/client']
}

export function problemOfWorkflowId(workflowId: unknown): string[] {
  if (typeof workflowId !== 'string') {
    return [`the workflow id is ${shown(workflowId)}: must be a text of 1-${longestWorkflowId} bytes of UTF-8`]
  }
  const bytes = utf8Bytes(workflowId)
  if (bytes > 0 && bytes <= longestWorkflowId) return []
  return [`the workflow id has ${bytes} bytes of UTF-8: must be 1-${longestWorkflowId}`]
}

/** One for each field that would not arrive as it is. What the parser takes as "any JSON" may be anything here. */
export function problemsOfJson(input: unknown): string[] {
  return Object.entries(Object(input)).flatMap(([name, value]) => {
    const why = whyNoJson(value)
    return why === undefined ? [] : [`\`${name}\` holds what JSON cannot: ${why}`]
  })
}

function whyNoJson(value: unknown): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  try {
    JSON.stringify(value)
    return undefined
  } catch (error) {
    // Below the first line it may quote the value.
    return bounded(messageOf(error).split('\n', 1)[0] ?? '', 200)
  }
}
