import { WorkflowFailedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common'
import { ConfigError } from '../config.ts'
import { failureTypes } from '../domain/contract.ts'
import { asOptions } from './options.ts'

/** Exit codes, as scripts may rely on them. */
export const exitCodes = {
  result: 0,
  unforeseen: 1,
  noResults: 2,
  error: 3,
  timeout: 4,
  interrupted: 5,
  usage: 64,
  unavailable: 69,
  ctrlC: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What ends a command early: for a person one sentence with the next step, for a script the code. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Temporal does not answer, or no worker does: it may pass. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof CliError && error.exitCode === exitCodes.unavailable
}

/** Puts any error into the words and the code of the command line. */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof ConfigError) return new CliError(exitCodes.usage, error.message)
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) return asCliError(error.cause)
  if (error instanceof ApplicationFailure) return new CliError(codeOfFailure(error.type), wordsOf(error))
  const fromOutside = endedFromOutside(error, 'THREAD RUN')
  if (fromOutside) return fromOutside
  if (error instanceof WorkflowNotFoundError) {
    const message = `Temporal has no workflow "${error.workflowId}": \`langgraph-runs list\` shows the watches there are`
    return new CliError(exitCodes.error, message)
  }
  return new CliError(exitCodes.unforeseen, wholeMessage(error))
}

/** The words for a workflow that somebody has ended, or a limit that somebody has set. @param run as arguments of a command */
export function endedFromOutside(error: unknown, run: string): CliError | undefined {
  const how =
    error instanceof TerminatedFailure
      ? `was terminated (${error.message})`
      : error instanceof TimeoutFailure && 'was ended by a Temporal timeout that its starter set'
  if (!how) return undefined
  const message = `The workflow ${how}. Its run is not touched by that. To go on: langgraph-runs watch ${run}`
  return new CliError(exitCodes.error, message)
}

const misuse: readonly string[] = [
  failureTypes.invalidInput,
  failureTypes.unknownDeployment,
  failureTypes.differentRequest,
]

function codeOfFailure(type: string | null | undefined): ExitCode {
  if (misuse.includes(type ?? '')) return exitCodes.usage
  return type === failureTypes.retrieval ? exitCodes.noResults : exitCodes.error
}

function wordsOf({ type, message }: ApplicationFailure): string {
  return asOptions(message, type === failureTypes.differentRequest ? '--thread-id' : 'THREAD')
}

/** Temporal's client says what it wanted, and in the causes why it did not get it. */
function wholeMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${wholeMessage(error.cause)}`
}
