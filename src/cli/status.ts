import { WorkflowNotFoundError } from '@temporalio/common'
import type { Command } from 'commander'
import type { RunInput, WatchOutcome, WatchProgress } from '../client.ts'
import { progressQueryName, watchWorkflowId } from '../domain/contract.ts'
import { parseReadRunStatusInput } from '../domain/input.ts'
import { CliError, exitCodes, isUnavailable } from './exit.ts'
import { deploymentOption, jsonOption, runArgument, threadArgument } from './options.ts'
import { endingOf } from './outcome.ts'
import type { Ending } from './outcome.ts'
import { startWorker } from './temporal-errors.ts'
import type { Temporal } from './temporal.ts'
import { print, requireValid, withTemporal } from './world.ts'
import type { OutputOptions, World } from './world.ts'

type StatusOptions = OutputOptions & { readonly deployment?: string; readonly id?: string }

/** A watch by its id, and the run where that is known. */
interface Asked {
  readonly workflowId: string
  readonly run?: RunInput
}

export function addStatus(program: Command, world: World): void {
  program
    .command('status')
    .summary('print how far a watch is, or how it ended')
    .description(
      'Prints how far the watch of a run is, or how it ended (with the exit code of that outcome).\nWithout a watch: one look at the run itself.',
    )
    .addArgument(threadArgument().argOptional())
    .addArgument(runArgument().argOptional())
    .addOption(deploymentOption())
    .option('--id <workflow-id>', 'the workflow id of the watch, instead of THREAD RUN')
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (threadId: string | undefined, runId: string | undefined, options: StatusOptions) => {
      const asked = whatIsAsked(threadId, runId, options)
      const { value, exitCode, nextStep } = await withTemporal(world, (temporal) => statusOf(world, temporal, asked))
      print(world, value, options)
      if (nextStep) world.screen.say(nextStep)
      world.endWith(exitCode)
    })
}

/** @throws CliError 64 */
function whatIsAsked(
  threadId: string | undefined,
  runId: string | undefined,
  { id, deployment }: StatusOptions,
): Asked {
  if (id !== undefined) {
    if (threadId === undefined && deployment === undefined) return { workflowId: id }
    throw new CliError(exitCodes.usage, 'Give THREAD RUN, or --id alone: the workflow id says all of them')
  }
  if (threadId === undefined || runId === undefined) {
    throw new CliError(exitCodes.usage, 'Which watch? Give THREAD RUN, or --id; `langgraph-runs list` shows the ids')
  }
  const run = { threadId, runId, ...(deployment !== undefined && { deployment }) }
  requireValid('status', parseReadRunStatusInput(run))
  return { workflowId: watchWorkflowId(run), run }
}

/** A closed watch needs no worker. */
async function statusOf({ screen }: World, temporal: Temporal, { workflowId, run }: Asked): Promise<Ending> {
  const watch = await temporal.find(workflowId)
  if (!watch) {
    if (!run) throw new WorkflowNotFoundError('not found', workflowId, undefined)
    screen.say('No watch of this run. One look at the run itself:')
    const value = await temporal.byWorker(() => temporal.runs.readStatus(run))
    return { value, exitCode: exitCodes.result }
  }
  const link = await temporal.webUi(workflowId)
  if (link) screen.say(`Web UI  ${link}`)
  const handle = temporal.client.workflow.getHandle<() => Promise<WatchOutcome>>(workflowId)
  if (!watch.isOpen) return temporal.ask(() => endingOf(handle))
  try {
    const value = await temporal.ask(() => handle.query<WatchProgress>(progressQueryName))
    return { value, exitCode: exitCodes.result }
  } catch (error) {
    if (!isUnavailable(error)) throw error
    const message = `The watch is open, but no worker answers for it. It goes on when one is there: ${startWorker(watch.taskQueue)}`
    throw new CliError(exitCodes.unavailable, message)
  }
}

const help = `
Examples:
  $ langgraph-runs status THREAD RUN
  $ langgraph-runs status --id watch-run/default/THREAD/RUN

  Has the watch ended? An open one has a phase, a closed one a polling_result:
  $ langgraph-runs status THREAD RUN --json | jq -r '.polling_result // .phase'`
