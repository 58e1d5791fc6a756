import type { Command } from 'commander'
import type { RunInput } from '../client.ts'
import { watchWorkflowId } from '../domain/contract.ts'
import { parseReadRunStatusInput } from '../domain/input.ts'
import { CliError, exitCodes } from './exit.ts'
import { deploymentOption, runArgument, threadArgument } from './options.ts'
import { startWorker } from './temporal-errors.ts'
import { requireValid } from './world.ts'

export interface WhichOptions {
  readonly deployment?: string
  readonly id?: string
}

/** A watch by its id, and the run where that is known. */
export interface Asked {
  readonly workflowId: string
  readonly run?: RunInput
}

/** THREAD RUN, or --id. */
export function addWhich(command: Command): Command {
  return command
    .addArgument(threadArgument().argOptional())
    .addArgument(runArgument().argOptional())
    .addOption(deploymentOption())
    .option('--id <workflow-id>', 'the workflow id of a watch or an execution, instead of THREAD RUN')
}

/** @throws CliError 64 */
export function whatIsAsked(
  command: string,
  threadId: string | undefined,
  runId: string | undefined,
  { id, deployment }: WhichOptions,
): Asked {
  if (id !== undefined) {
    if (threadId === undefined && deployment === undefined) return { workflowId: id }
    throw new CliError(exitCodes.usage, 'Give THREAD RUN, or --id alone: the workflow id says all of them')
  }
  if (threadId === undefined || runId === undefined) {
    throw new CliError(exitCodes.usage, 'Which watch? Give THREAD RUN, or --id; `langgraph-runs list` shows the ids')
  }
  const run = { threadId, runId, ...(deployment !== undefined && { deployment }) }
  requireValid(command, parseReadRunStatusInput(run))
  return { workflowId: watchWorkflowId(run), run }
}

/** How a person names it in another command. */
export function named({ workflowId, run }: Asked): string {
  if (!run) return `--id ${workflowId}`
  return `${run.threadId} ${run.runId}${run.deployment ? ` --deployment ${run.deployment}` : ''}`
}

/** It is open, and its progress cannot be asked for. */
export function noWorkerForWatch(taskQueue: string): CliError {
  const message = `The watch is open, but no worker answers for it. It goes on when one is there: ${startWorker(taskQueue)}`
  return new CliError(exitCodes.unavailable, message)
}
