import { WorkflowFailedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common'
import { DifferentRequest, howItDiffers } from '../client/same-request.ts'
import { ConfigError } from '../config.ts'
import { failureTypes } from '../domain/contract.ts'
import { movedIn, onOneLine } from '../domain/printable.ts'
import { keyErrorIn } from '../payloads/key-error.ts'
import { optionFor, positionalFields } from './options.ts'

/** Exit codes, as scripts may rely on them. */
export const exitCodes = {
  result: 0,
  unforeseen: 1,
  noResults: 2,
  error: 3,
  timeout: 4,
  interrupted: 5,
  cancelled: 6,
  usage: 64,
  unavailable: 69,
  ctrlC: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What ends a command early: one sentence with the next step for a person, the code for a script. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Temporal or every worker is down, which may pass. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof CliError && error.exitCode === exitCodes.unavailable
}

/** Gives any error a sentence and a code of the command line. */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof ConfigError) return new CliError(exitCodes.usage, error.message)
  const keyError = keyErrorIn(error)
  if (keyError) return new CliError(exitCodes.usage, sentence(keyError.message))
  const failure = applicationFailureIn(error)
  if (failure) return new CliError(codeOf(failure), movedIn(sentenceFor(failure), '  '))
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) return asCliError(error.cause)
  const fromOutside = endedFromOutside(error, 'THREAD RUN')
  if (fromOutside) return fromOutside
  if (error instanceof WorkflowNotFoundError) return noWorkflow(error.workflowId)
  return new CliError(exitCodes.unforeseen, movedIn(wholeMessage(error), '  '))
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export function noWorkflow(workflowId: string): CliError {
  const message = `Temporal has no workflow "${onOneLine(workflowId)}": \`langgraph-runs list\` shows the existing ones`
  return new CliError(exitCodes.error, message)
}

export function applicationFailureIn(error: unknown): ApplicationFailure | undefined {
  if (error instanceof ApplicationFailure) return error
  const isWrapped = error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError
  return isWrapped ? applicationFailureIn(error.cause) : undefined
}

/** @param run as arguments of a command. @returns `undefined` unless somebody, or a time limit, ended the workflow */
export function endedFromOutside(error: unknown, run: string): CliError | undefined {
  const how =
    error instanceof TerminatedFailure
      ? `was terminated (${onOneLine(error.message)})`
      : error instanceof TimeoutFailure && 'was ended by a Temporal timeout that its starter set'
  if (!how) return undefined
  const message = `The workflow ${how}. This does not affect its run. To keep watching it: langgraph-runs watch ${run}`
  return new CliError(exitCodes.error, message)
}

const misuse: readonly string[] = [
  failureTypes.invalidInput,
  failureTypes.unknownDeployment,
  failureTypes.differentRequest,
]

function codeOf({ type }: ApplicationFailure): ExitCode {
  if (misuse.includes(type ?? '')) return exitCodes.usage
  return type === failureTypes.retrieval ? exitCodes.noResults : exitCodes.error
}

function sentenceFor(failure: ApplicationFailure): string {
  if (!(failure instanceof DifferentRequest) || failure.differences.length === 0) return failure.message
  const { workflowId, differences } = failure
  const positional = positionalFields('execute')
  const sentences = differences.map((one) => `${optionFor(one.field, positional)} ${howItDiffers(one)}`)
  return `Workflow "${workflowId}" was started with another request: ${sentences.join('; ')}. Take another --id for another run`
}

/** The message of Temporal's client names what failed, and its causes name why. */
function wholeMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${wholeMessage(error.cause)}`
}
