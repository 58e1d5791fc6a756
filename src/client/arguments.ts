import { ApplicationFailure } from '@temporalio/common'
import { failureTypes, longestWorkflowId } from '../domain/contract.ts'
import { retryOnce } from '../domain/defaults.ts'
import type { Parsed } from '../domain/fields.ts'
import type { WatchRunInput } from '../domain/input.ts'
import { isRecord, messageOf } from '../domain/json.ts'
import { inWords, refusal } from '../domain/problem.ts'
import { bounded, found, utf8Bytes } from '../domain/text.ts'

// Callers may be plain JavaScript, so types are checked at run time.

/** @throws ApplicationFailure of type `InvalidInput` if any problem is given */
export function refuse(what: string, problems: readonly string[]): void {
  if (problems.length > 0) throw invalid(what, problems)
}

/** @throws ApplicationFailure of type `InvalidInput` */
export function accepted<T>(what: string, parsed: Parsed<T>): T {
  switch (parsed.kind) {
    case 'accepted':
      return parsed.options
    case 'refused':
      throw invalid(what, parsed.problems.map(inWords))
  }
}

function invalid(what: string, problems: readonly string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(refusal(what, problems), failureTypes.invalidInput, problems)
}

/** `null` anywhere means "not given". What is no object is left for the parser to refuse. */
export function onceMore(input: WatchRunInput): WatchRunInput {
  const retry: unknown = Reflect.get(Object(input), 'retry') ?? {}
  if (!isRecord(retry)) return input
  const given = Object.fromEntries(Object.entries(retry).filter(([, value]) => (value ?? null) !== null))
  return { ...input, retry: { ...retryOnce, ...given } }
}

export function problemOfClient(client: unknown): string[] {
  const isClient = typeof Reflect.get(Object(Reflect.get(Object(client), 'workflow')), 'start') === 'function'
  // The value is never shown: a client of another kind may hold a key.
  return isClient ? [] : ['`client` must be a Temporal client: `new Client({ connection })` of @temporalio/client']
}

export function isWorkflowId(text: string): boolean {
  const bytes = utf8Bytes(text)
  return bytes > 0 && bytes <= longestWorkflowId
}

export function problemOfWorkflowId(workflowId: unknown): string[] {
  if (typeof workflowId !== 'string') {
    return [`the workflow id is ${found(workflowId)}: must be a text of 1-${longestWorkflowId} bytes of UTF-8`]
  }
  if (isWorkflowId(workflowId)) return []
  return [`the workflow id has ${utf8Bytes(workflowId)} bytes of UTF-8: must be 1-${longestWorkflowId}`]
}

/** One for each field that would not arrive as it is: the parser takes anything as "any JSON". */
export function problemsOfJson(input: unknown): string[] {
  return Object.entries(Object(input)).flatMap(([name, value]) => {
    const why = whyNotJson(value)
    return why === undefined ? [] : [`\`${name}\` holds what JSON cannot: ${why}`]
  })
}

function whyNotJson(value: unknown): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  try {
    JSON.stringify(value)
    return undefined
  } catch (error) {
    // Below the first line it may quote the value.
    return bounded(messageOf(error).split('\n', 1)[0] ?? '', 200)
  }
}
