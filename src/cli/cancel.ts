import { setTimeout as pause } from 'node:timers/promises'
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import { Option } from 'commander'
import type { Command } from 'commander'
import type { CancelAction, Cancellation, CancelRunInput, WatchProgress } from '../client.ts'
import { untilProcessed } from '../client/until-processed.ts'
import { cancelRunUpdateName, progressQueryName } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import { print, withTemporal } from './context.ts'
import type { CommandContext, OutputOptions } from './context.ts'
import { endingOf } from './ending.ts'
import { applicationFailureIn, CliError, exitCodes, noWorkflow } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { jsonOption } from './options.ts'
import { argumentsFor } from './run-of.ts'
import type { Temporal, WatchHandle } from './temporal.ts'
import { addWhich, argumentsForEnded, named, requireOurs, whichWatch } from './which-watch.ts'
import type { WatchByName, WhichOptions } from './which-watch.ts'

type CancelOptions = OutputOptions & WhichOptions & { readonly action?: CancelAction }

const exitCodeOf: Readonly<Record<Cancellation['result'], ExitCode>> = {
  cancelled: exitCodes.result,
  had_ended: exitCodes.result,
  not_created: exitCodes.result,
  cancel_unconfirmed: exitCodes.error,
  left: exitCodes.error,
}

const howLong = 'usually seconds, at most 65 s'
/** Most runs have stopped before the first look. */
const lookMs = 2000

export function addCancel(program: Command, context: CommandContext): void {
  const command = program
    .command('cancel')
    .summary('cancel a run, and wait until it has stopped')
    .description(
      `Cancels a run in LangGraph, and waits until it has stopped (${howLong}). Its watch reports how the run ended; a run without an open watch gets one.`,
    )
  addWhich(command)
    .addOption(
      new Option(
        '--action <what>',
        "'rollback' also undoes what the run left on the thread (default: interrupt)",
      ).choices(['interrupt', 'rollback']),
    )
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((threadId: string | undefined, runId: string | undefined, options: CancelOptions) =>
      cancel(context, whichWatch('cancel', threadId, runId, options), options),
    )
}

async function cancel(context: CommandContext, which: WatchByName, options: CancelOptions): Promise<void> {
  const cancellation = await withTemporal(context, (temporal) => cancellationOf(context, temporal, which, options))
  const { result, run_id, status } = cancellation
  if (result === 'had_ended' && run_id !== undefined && status === undefined) {
    throw new CliError(exitCodes.error, 'LangGraph has no such run (any more): check the ids and the deployment')
  }
  print(context, cancellation, options)
  if (result === 'cancel_unconfirmed')
    context.screen.say('The run may still be running. To try again, repeat this command')
  context.endWith(exitCodeOf[result])
}

async function cancellationOf(
  context: CommandContext,
  temporal: Temporal,
  which: WatchByName,
  { action }: CancelOptions,
): Promise<Cancellation> {
  const { workflowId, run } = which
  const watch = await temporal.find(workflowId)
  if (watch) requireOurs(watch)
  const open = watch?.isOpen ? watch : undefined
  const attach = open ? async () => temporal.handleOf(open) : run && (() => temporal.runs.startWatch(run))
  if (!attach) throw watch ? hasEnded(which, await argumentsForEnded(temporal, watch)) : noWorkflow(workflowId)
  return temporal.byWorker(async () => {
    const handle = await attach()
    context.screen.say(`Cancelling, and waiting until the run has stopped (${howLong})`)
    context.atCtrlC(`Detached. The run is being cancelled. To see how it ends: langgraph-runs status ${named(which)}`)
    const args: [CancelRunInput] = [present({ action })]
    const done = new AbortController()
    const update = untilProcessed(() =>
      handle.executeUpdate<Cancellation, [CancelRunInput]>(cancelRunUpdateName, { args }),
    )
    try {
      return await Promise.race([update, showWhatDelays(context, temporal, handle, done.signal)])
    } catch (error) {
      if (hasEndedMeanwhile(error)) return endedMeanwhile(temporal, which, handle)
      throw error
    } finally {
      done.abort()
      context.screen.clear()
    }
  }, open)
}

/** Shows every 2 s, until the signal, why LangGraph could not be asked; the workflow keeps trying. */
async function showWhatDelays(
  { screen }: CommandContext,
  temporal: Temporal,
  handle: WatchHandle,
  done: AbortSignal,
): Promise<never> {
  for (;;) {
    await pause(lookMs, undefined, { signal: done })
    const look = temporal.ask(() => handle.query<WatchProgress>(progressQueryName))
    const delay = await look.then(
      ({ last_error }) => last_error,
      () => undefined,
    )
    if (delay !== undefined && !done.aborted) screen.show(() => `Not cancelled yet: ${delay}`, delay)
  }
}

/** Whether the watch ended before the update arrived, or before it was done. */
function hasEndedMeanwhile(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError)) return error instanceof WorkflowNotFoundError
  return applicationFailureIn(error)?.type === 'AcceptedUpdateCompletedWorkflow'
}

/** The watch was faster than the update. */
async function endedMeanwhile(temporal: Temporal, which: WatchByName, handle: WatchHandle): Promise<Cancellation> {
  const { outcome } = await endingOf(temporal, handle)
  if (!outcome) throw hasEnded(which, await argumentsFor(temporal, which.workflowId))
  if (outcome.status === 'polling_error') throw new CliError(exitCodes.error, outcome.error)
  const { run_id, thread_id, status } = outcome
  return { result: 'had_ended', ...present({ run_id, thread_id }), status }
}

function hasEnded(which: WatchByName, run: string): CliError {
  const message = `The watch has ended (langgraph-runs status ${named(which)} shows how), so it cannot cancel its run.\nTo cancel the run all the same: langgraph-runs cancel ${run}`
  return new CliError(exitCodes.error, message)
}

const help = `
Examples:
  $ langgraph-runs cancel THREAD RUN
  $ langgraph-runs cancel --id execute-run/0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b

  Undo also what it left on the thread:
  $ langgraph-runs cancel THREAD RUN --action rollback

Exit codes: 0 the run is not running (cancelled, had_ended, not_created), 3 it may be (cancel_unconfirmed), or does not exist.`
