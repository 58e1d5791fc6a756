import type { Command } from 'commander'
import type { RunInput, WatchProgress } from '../client.ts'
import { isWorkflowId } from '../client/arguments.ts'
import { longestWorkflowId, progressQueryName, watchWorkflowId, workflowTypes } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import { parseReadRunStatusInput } from '../domain/parse-input.ts'
import { utf8Bytes } from '../domain/text.ts'
import { requireValid } from './context.ts'
import { outcomeOf } from './ending.ts'
import { CliError, exitCodes, isUnavailable } from './exit.ts'
import { deploymentOption, runArgument, threadArgument } from './options.ts'
import { argumentsFor, runArguments, runOfWatch } from './run-of.ts'
import { quoted } from '../domain/printable.ts'
import { startWorker } from './temporal-errors.ts'
import type { FoundWorkflow } from './temporal-errors.ts'
import type { Temporal } from './temporal.ts'
import { listed } from './list/listed.ts'
import type { Listed } from './list/listed.ts'

export interface WhichOptions {
  readonly deployment?: string
  readonly id?: string
}

/** A watch by its workflow id, and its run if that is known. */
export interface WatchByName {
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
export function whichWatch(
  command: string,
  threadId: string | undefined,
  runId: string | undefined,
  { id, deployment }: WhichOptions,
): WatchByName {
  if (id !== undefined) {
    if (threadId === undefined && deployment === undefined) return { workflowId: lowerCased(acceptedId(id)) }
    throw new CliError(exitCodes.usage, 'Give THREAD RUN, or --id alone: the workflow id names the run')
  }
  if (threadId === undefined || runId === undefined) {
    throw new CliError(exitCodes.usage, 'Which watch? Give THREAD RUN, or --id; `langgraph-runs list` shows the ids')
  }
  const run = { threadId, runId, ...present({ deployment }) }
  requireValid(command, parseReadRunStatusInput(run))
  return { workflowId: watchWorkflowId(run), run }
}

/** @throws CliError 64 if Temporal would refuse it */
export function acceptedId(id: string): string {
  if (isWorkflowId(id)) return id
  throw new CliError(exitCodes.usage, `--id has ${utf8Bytes(id)} bytes of UTF-8: must be 1-${longestWorkflowId}`)
}

/** The id of a watch holds its UUIDs in lower case. */
function lowerCased(id: string): string {
  const run = runOfWatch(id)
  return run && parseReadRunStatusInput(run).kind === 'accepted' ? watchWorkflowId(run) : id
}

/** @throws CliError 64 if the id belongs to some other workflow */
export function requireOurs({ workflowId, type }: FoundWorkflow): void {
  if (type === workflowTypes.watchRun || type === workflowTypes.executeRun) return
  const message = `"${workflowId}" is a workflow of type ${type}, not a watch or an execution: \`langgraph-runs list\` shows the existing ones`
  throw new CliError(exitCodes.usage, message)
}

/** The arguments THREAD RUN for the run of a workflow that has ended: its outcome names the last one. */
export async function argumentsForEnded(temporal: Temporal, ended: FoundWorkflow): Promise<string> {
  const handle = temporal.handleOf({ ...ended, isOpen: false })
  const outcome = await temporal.ask(() => outcomeOf(handle)).catch(() => undefined)
  return argumentsFor(temporal, ended.workflowId, outcome)
}

/** How a person names it in another command. */
export function named({ workflowId, run }: WatchByName): string {
  return run ? runArguments(run) : `--id ${quoted(workflowId)}`
}

/** The progress of an open one; or, if no worker answers for it, what its memo shows, and what to do. */
export type Look =
  | { readonly kind: 'progress'; readonly progress: WatchProgress }
  | { readonly kind: 'memo'; readonly seen: Seen; readonly advice: string }

/** Where it was when a worker last worked on it. */
type Seen = Omit<Listed, 'id' | 'type' | 'temporal_status' | 'ended'>

/** @throws CliError 69 if no worker answers, and its memo does not show where it is */
export async function lookAt(temporal: Temporal, watch: FoundWorkflow): Promise<Look> {
  const hasWorker = await temporal.hasWorker(watch.taskQueue)
  const found = hasWorker ? await progressOf(temporal, watch) : noAnswerFor(watch)
  if (typeof found !== 'string') return { kind: 'progress', progress: found }
  const isElsewhere = watch.taskQueue !== temporal.taskQueue && !hasWorker
  const advice = isElsewhere ? temporal.noWorker(watch) : found
  const { id: _, type: __, temporal_status, ended: ___, ...seen } = await listed(temporal.client, watch.row)
  if (seen.state === temporal_status) throw new CliError(exitCodes.unavailable, advice)
  return { kind: 'memo', seen, advice }
}

/** @returns what to do if no worker answers */
async function progressOf(temporal: Temporal, watch: FoundWorkflow): Promise<WatchProgress | string> {
  try {
    return await temporal.ask(() => temporal.handleOf(watch).query<WatchProgress>(progressQueryName))
  } catch (error) {
    if (!isUnavailable(error)) throw error
    return (await temporal.whyNoWorkerCan(error, watch))?.message ?? noAnswerFor(watch)
  }
}

function noAnswerFor({ taskQueue }: FoundWorkflow): string {
  return `The watch is open, but no worker answers for it. It continues once one is running: ${startWorker(taskQueue)}`
}
