import type { Command } from 'commander'
import type { RunInput, WatchProgress } from '../client.ts'
import { isOutcome } from '../domain/outcome-in.ts'
import { longestWorkflowId, watchWorkflowId, workflowTypes } from '../domain/contract.ts'
import { parseReadRunStatusInput } from '../domain/parse-input.ts'
import { utf8Bytes } from '../domain/text.ts'
import { CliError, exitCodes, isUnavailable } from './exit.ts'
import { deploymentOption, runArgument, threadArgument } from './options.ts'
import { valueOf } from './outcome.ts'
import { argumentsFor, runOfWatch } from './run-of.ts'
import { quoted, runArguments } from './shell.ts'
import { startWorker } from './temporal-errors.ts'
import type { FoundWorkflow, Temporal } from './temporal.ts'
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
    if (threadId === undefined && deployment === undefined) return { workflowId: lowerCased(acceptedId(id)) }
    throw new CliError(exitCodes.usage, 'Give THREAD RUN, or --id alone: the workflow id says all of them')
  }
  if (threadId === undefined || runId === undefined) {
    throw new CliError(exitCodes.usage, 'Which watch? Give THREAD RUN, or --id; `langgraph-runs list` shows the ids')
  }
  const run = { threadId, runId, ...(deployment !== undefined && { deployment }) }
  requireValid(command, parseReadRunStatusInput(run))
  return { workflowId: watchWorkflowId(run), run }
}

/** @throws CliError 64 where Temporal would refuse it */
export function acceptedId(id: string): string {
  const bytes = utf8Bytes(id)
  if (bytes > 0 && bytes <= longestWorkflowId) return id
  throw new CliError(exitCodes.usage, `--id has ${bytes} bytes in UTF-8: must be 1 to ${longestWorkflowId}`)
}

/** As the id of a watch has its UUIDs. */
function lowerCased(id: string): string {
  const run = runOfWatch(id)
  return run && 'options' in parseReadRunStatusInput(run) ? watchWorkflowId(run) : id
}

/** @throws CliError 64 where the id is that of some other workflow */
export function requireOurs({ workflowId, type }: FoundWorkflow): void {
  if (type === workflowTypes.watchRun || type === workflowTypes.executeRun) return
  const message = `"${workflowId}" is a workflow of type ${type}, no watch and no execution: \`langgraph-runs list\` shows those there are`
  throw new CliError(exitCodes.usage, message)
}

/** The arguments THREAD RUN for the run of a workflow that has ended: its outcome says which one was the last. */
export async function argumentsForEnded(temporal: Temporal, { workflowId }: Asked): Promise<string> {
  const handle = temporal.client.workflow.getHandle(workflowId)
  const value = await temporal.ask(() => valueOf(handle)).catch(() => undefined)
  return argumentsFor(temporal, workflowId, isOutcome(value) ? value : {})
}

/** How a person names it in another command. */
export function named({ workflowId, run }: Asked): string {
  return run ? runArguments(run) : `--id ${quoted(workflowId)}`
}

/** How far an open one is. @throws CliError 69 when no worker answers for it */
export async function progressOf(temporal: Temporal, watch: FoundWorkflow): Promise<WatchProgress> {
  try {
    return await temporal.ask(() => temporal.runs.progress(watch))
  } catch (error) {
    if (!isUnavailable(error)) throw error
    if (watch.taskQueue !== temporal.taskQueue) await temporal.requireWorker(watch)
    const message = `The watch is open, but no worker answers for it. It goes on when one is there: ${startWorker(watch.taskQueue)}`
    throw new CliError(exitCodes.unavailable, message)
  }
}
