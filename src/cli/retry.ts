import type { Command } from 'commander'
import type { RunInput } from '../client.ts'
import { watchWorkflowId } from '../domain/contract.ts'
import { retryOnce } from '../domain/defaults.ts'
import { parseWatchRunInput } from '../domain/parse-input.ts'
import { requireValid, withTemporal } from './context.ts'
import type { CommandContext } from './context.ts'
import { outcomeOf } from './ending.ts'
import { CliError, exitCodes, noWorkflow } from './exit.ts'
import { runOf } from './run-of.ts'
import { startAndFollow } from './start-and-follow.ts'
import type { FoundWorkflow } from './temporal-errors.ts'
import type { Temporal } from './temporal.ts'
import { addWaitingOptions, waitingInput } from './waiting-options.ts'
import type { WaitingOptions } from './waiting-options.ts'
import { attachableOfRun } from './watch.ts'
import { addWhich, named, requireOurs, whichWatch } from './which-watch.ts'
import type { WatchByName, WhichOptions } from './which-watch.ts'

export function addRetry(program: Command, context: CommandContext): void {
  const command = program
    .command('retry')
    .summary('continue a run that has failed, from where it failed, then print its result')
    .description(
      'Continues a run that has failed for good from its last checkpoint, in a new watch of its last run. Nodes that had finished are not run again.\nCtrl-C detaches; the watch keeps running.',
    )
  addWhich(command)
  addWaitingOptions(command, 'leave', retryOnce)
    .addHelpText('after', help)
    .action((threadId: string | undefined, runId: string | undefined, options: WaitingOptions & WhichOptions) =>
      retry(context, whichWatch('retry', threadId, runId, options), options),
    )
}

async function retry(
  context: CommandContext,
  which: WatchByName,
  options: WaitingOptions & WhichOptions,
): Promise<void> {
  const { id: _, ...waiting } = options
  const how = waitingInput(waiting)
  const run = await withTemporal(context, (temporal) => failedRun(temporal, which))
  const input = { ...how, ...run, retry: { ...retryOnce, ...how.retry } }
  requireValid('retry', parseWatchRunInput(input))
  return startAndFollow(context, attachableOfRun(input), options)
}

/** The last run of what has ended under this name, and of the watches that have continued it; if nothing has, the run itself. */
async function failedRun(temporal: Temporal, which: WatchByName): Promise<RunInput> {
  const found = await temporal.find(which.workflowId)
  if (!found) {
    if (which.run) return which.run
    throw noWorkflow(which.workflowId)
  }
  const run = await lastRunOf(temporal, found, which)
  if (!run) throw new CliError(exitCodes.error, 'No run of it is known, so nothing can be continued')
  return lastAttempt(temporal, run)
}

/** `retry` may have continued it before, in a watch of its own. */
async function lastAttempt(temporal: Temporal, run: RunInput): Promise<RunInput> {
  const which = { workflowId: watchWorkflowId(run), run }
  const found = await temporal.find(which.workflowId)
  if (!found) return run
  const last = await lastRunOf(temporal, found, which)
  return last && last.runId !== run.runId ? lastAttempt(temporal, last) : run
}

async function lastRunOf(temporal: Temporal, found: FoundWorkflow, which: WatchByName): Promise<RunInput | undefined> {
  requireOurs(found)
  if (found.isOpen) {
    throw new CliError(
      exitCodes.error,
      `It is still open: langgraph-runs status ${named(which)} shows where it is. In state backing_off it continues by itself, and langgraph-runs wake ${named(which)} cuts the pause`,
    )
  }
  return runOf(temporal, which.workflowId, await temporal.ask(() => outcomeOf(temporal.handleOf(found))))
}

const help = `
A run that has not failed is not continued: its outcome is printed.

Examples:
  $ langgraph-runs retry THREAD RUN
  $ langgraph-runs retry --id order/4711/analysis

  Up to 4 more runs, 1 min apart:
  $ langgraph-runs retry THREAD RUN --retry-attempts 5 --retry-initial-interval 1m --retry-backoff-coefficient 1

  All that have failed since yesterday:
  $ langgraph-runs list --state error --since 24h --limit 10000 --json | jq -r '.[].id' |
      while read -r ID; do langgraph-runs retry --id "$ID" --detach; done`
