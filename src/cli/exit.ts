import { WorkflowFailedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common'
import type { WatchOutcome } from '../client.ts'
import { ConfigError } from '../config.ts'
import { failureTypes } from '../domain/contract.ts'

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

type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What ends a command early: for a person one sentence with the next step, for a script the code. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

export function exitCodeOf({ polling_result }: WatchOutcome): ExitCode {
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

/** Puts any error into the words and the code of the command line. */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof ConfigError) return new CliError(exitCodes.usage, error.message)
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) return asCliError(error.cause)
  if (error instanceof ApplicationFailure) return new CliError(codeOfFailure(error.type), asOptions(error.message))
  if (error instanceof CancelledFailure) return new CliError(exitCodes.error, 'The workflow was cancelled')
  if (error instanceof TerminatedFailure) {
    return new CliError(exitCodes.error, 'The workflow was terminated: start it again to go on')
  }
  if (error instanceof WorkflowNotFoundError) {
    return new CliError(exitCodes.error, `${error.message}: \`langgraph-runs list\` shows what there is`)
  }
  return new CliError(exitCodes.unforeseen, error instanceof Error ? error.message : String(error))
}

function codeOfFailure(type: string | null | undefined): ExitCode {
  if (type === failureTypes.invalidInput || type === failureTypes.unknownDeployment) return exitCodes.usage
  return type === failureTypes.retrieval ? exitCodes.noResults : exitCodes.error
}

/** Inputs are named as in TypeScript; here they are arguments and options. */
export function asOptions(message: string): string {
  return message
    .replaceAll('`threadId`', 'THREAD')
    .replaceAll('`runId`', 'RUN')
    .replaceAll(/`([a-z]+[A-Z][A-Za-z]*|deployment)`/g, (_, name: string) => `--${kebab(name)}`)
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
