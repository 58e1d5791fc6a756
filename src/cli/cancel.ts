import { WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common'
import { Option } from 'commander'
import type { Command } from 'commander'
import type { CancelAction, Cancellation, WatchOutcome } from '../client.ts'
import { CliError, exitCodes } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { jsonOption } from './options.ts'
import { endingOf } from './outcome.ts'
import type { Temporal } from './temporal.ts'
import { addWhich, argumentsForEnded, named, requireOurs, whatIsAsked } from './which-watch.ts'
import type { Asked, WhichOptions } from './which-watch.ts'
import { print, withTemporal } from './world.ts'
import type { OutputOptions, World } from './world.ts'

type CancelOptions = OutputOptions & WhichOptions & { readonly action?: CancelAction }

const exitCodeOf: Readonly<Record<Cancellation['result'], ExitCode>> = {
  cancelled: exitCodes.result,
  had_ended: exitCodes.result,
  not_created: exitCodes.result,
  cancel_unconfirmed: exitCodes.error,
  left: exitCodes.error,
}

export function addCancel(program: Command, world: World): void {
  const command = program
    .command('cancel')
    .summary('cancel a run, and wait until it has stopped')
    .description(
      'Cancels a run in LangGraph, and waits until it has stopped: 30 s, or a minute where the server hangs. Its watch reports how the run ended; a run without an open watch gets one.',
    )
  addWhich(command)
    .addOption(
      new Option(
        '--action <what>',
        "'rollback' also takes back what the run has left on the thread (default: interrupt)",
      ).choices(['interrupt', 'rollback']),
    )
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((threadId: string | undefined, runId: string | undefined, options: CancelOptions) =>
      cancel(world, whatIsAsked('cancel', threadId, runId, options), options),
    )
}

async function cancel(world: World, asked: Asked, options: CancelOptions): Promise<void> {
  const cancellation = await withTemporal(world, (temporal) => cancellationOf(world, temporal, asked, options))
  const { result, run_id, status } = cancellation
  if (result === 'had_ended' && run_id !== undefined && status === undefined) {
    throw new CliError(exitCodes.error, 'LangGraph has no such run (any more): check the ids and the deployment')
  }
  print(world, cancellation, options)
  if (result === 'cancel_unconfirmed') world.screen.say('The run may still be at work: the same command tries again')
  world.endWith(exitCodeOf[result])
}

async function cancellationOf(
  world: World,
  temporal: Temporal,
  asked: Asked,
  { action }: CancelOptions,
): Promise<Cancellation> {
  const { workflowId, run } = asked
  const watch = await temporal.find(workflowId)
  if (!watch && !run) throw new WorkflowNotFoundError('not found', workflowId, undefined)
  if (watch) requireOurs(watch)
  if (!watch?.isOpen && !run) throw await hasEnded(temporal, asked)
  return temporal.byWorker(
    async () => {
      if (!watch?.isOpen && run) await temporal.runs.startWatch(run)
      world.screen.say('Cancelling. This waits until the run has stopped: up to a minute')
      world.atCtrlC(`Stopped looking. The run is being cancelled. To see: langgraph-runs status ${named(asked)}`)
      try {
        return await temporal.runs.cancelRun({ workflowId }, action ? { action } : {})
      } catch (error) {
        if (hasEndedMeanwhile(error)) return endedMeanwhile(temporal, asked)
        throw error
      }
    },
    watch?.isOpen ? watch : undefined,
  )
}

/** Before the update came, or before it was done. */
function hasEndedMeanwhile(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return error instanceof WorkflowNotFoundError
  return error.cause instanceof ApplicationFailure && error.cause.type === 'AcceptedUpdateCompletedWorkflow'
}

/** The watch was faster than the update. */
async function endedMeanwhile(temporal: Temporal, asked: Asked): Promise<Cancellation> {
  const handle = temporal.client.workflow.getHandle<() => Promise<WatchOutcome>>(asked.workflowId)
  const { outcome } = await endingOf(temporal, handle)
  if (!outcome) throw await hasEnded(temporal, asked)
  if (outcome.status === 'polling_error') throw new CliError(exitCodes.error, outcome.error)
  const { run_id, thread_id, status } = outcome
  return { result: 'had_ended', ...(run_id && { run_id }), ...(thread_id && { thread_id }), status }
}

async function hasEnded(temporal: Temporal, asked: Asked): Promise<CliError> {
  const run = await argumentsForEnded(temporal, asked)
  const message = `The watch has ended, and its run is not waited for any more: langgraph-runs status ${named(asked)}\nTo cancel the run nevertheless: langgraph-runs cancel ${run}`
  return new CliError(exitCodes.error, message)
}

const help = `
Examples:
  $ langgraph-runs cancel THREAD RUN
  $ langgraph-runs cancel --id execute-run/0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b

  And take back what it has left on the thread:
  $ langgraph-runs cancel THREAD RUN --action rollback

Exit codes: 0 the run is not at work (cancelled, had_ended, not_created), 3 it may be (cancel_unconfirmed), or it is not there.`
