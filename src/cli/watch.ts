import type { Command } from 'commander'
import type { WatchRunInput } from '../client.ts'
import { watchWorkflowId } from '../domain/contract.ts'
import { parseWatchRunInput } from '../domain/parse-input.ts'
import { requireValid } from './context.ts'
import type { CommandContext } from './context.ts'
import { CliError, exitCodes } from './exit.ts'
import { runArguments, runOfWatch } from './run-of.ts'
import { startAndFollow } from './start-and-follow.ts'
import type { Attachable } from './start-and-follow.ts'
import { addWaitingOptions, waitingInput } from './waiting-options.ts'
import type { WaitingOptions } from './waiting-options.ts'
import { watchSeveral } from './watch-several.ts'
import { addWhich, named, whichWatch } from './which-watch.ts'
import type { WatchByName, WhichOptions } from './which-watch.ts'

type WatchOptions = WaitingOptions & WhichOptions

export function addWatch(program: Command, context: CommandContext): void {
  const command = program
    .command('watch')
    .summary('wait for a run, then print its result')
    .description(
      'Starts the watch of a run, or attaches to the open one, and waits for the outcome.\nCtrl-C detaches; the watch keeps running, and the same command attaches again.\n`watch -` reads THREAD RUN from stdin, one pair a line, and waits for all of them.',
    )
  addWhich(command)
  addWaitingOptions(command, 'leave')
    .addHelpText('after', help)
    .action((threadId: string | undefined, runId: string | undefined, options: WatchOptions) =>
      isStdin(threadId, runId, options)
        ? watchSeveral(context, waitingInput(options), options)
        : startAndFollow(context, attachableOf(threadId, runId, options), options),
    )
}

/** `-` alone: stdin names the runs. */
function isStdin(threadId: string | undefined, runId: string | undefined, { id }: WatchOptions): boolean {
  return threadId === '-' && runId === undefined && id === undefined
}

/** @throws CliError 64 */
function attachableOf(threadId: string | undefined, runId: string | undefined, options: WatchOptions): Attachable {
  const { id, ...waiting } = options
  const how = waitingInput(waiting)
  if (id === undefined && threadId !== undefined && runId !== undefined)
    return attachableOfRun({ threadId, runId, ...how })
  const which = whichWatch('watch', threadId, runId, options)
  if (Object.keys(how).length === 0) return existing(which)
  throw new CliError(
    exitCodes.usage,
    '--id attaches to a workflow that already has its options; combine it only with --json, --detach and --require-worker',
  )
}

/** @throws CliError 64 */
export function attachableOfRun(input: WatchRunInput): Attachable {
  requireValid('watch', parseWatchRunInput(input))
  return {
    workflowId: watchWorkflowId(input),
    noun: 'watch',
    again: `langgraph-runs watch ${runArguments(input)}`,
    ended: 'start again',
    start: ({ runs }) => runs.startWatch(input),
  }
}

/** A watch or an execution. */
function existing(which: WatchByName): Attachable {
  const { workflowId } = which
  return {
    workflowId,
    noun: runOfWatch(workflowId) ? 'watch' : 'execution',
    again: `langgraph-runs watch ${named(which)}`,
    ended: 'print',
  }
}

const help = `
A duration has a unit: 30s, 10m, 2h, 1d.

Examples:
  Wait as long as it takes, and poll every 30 s:
  $ langgraph-runs watch THREAD RUN --max-poll-time none --poll-interval 30s

  Two fields of the result, in a script:
  $ langgraph-runs watch THREAD RUN --result-keys trading_signal,analysis_summary --json | jq .result

  Poll often at first, then every 5 minutes:
  $ langgraph-runs watch THREAD RUN --initial-interval 2s --backoff-coefficient 2 --maximum-interval 5m

  Wait for the human too, who answers with \`langgraph-runs resume\`:
  $ langgraph-runs watch THREAD RUN --on-interrupt wait --human-timeout 2d

  Continue it from where it failed, up to 4 times, 10 s, 20 s, 40 s … later:
  $ langgraph-runs watch THREAD RUN --retry-attempts 5

  Follow an open execution:
  $ langgraph-runs watch --id order/4711/analysis

  A run on another LangGraph server of the worker's configuration:
  $ langgraph-runs watch THREAD RUN --deployment research

  Start it, and come back later:
  $ langgraph-runs watch THREAD RUN --detach
  $ langgraph-runs status THREAD RUN

  Many runs at once, one outcome a line as they end; the exit code is that of the worst (1, 69, 64, 3, 4, 6, 5, 2, 0):
  $ langgraph-runs watch - --json < pairs.txt

  In CI, where nobody starts a worker meanwhile:
  $ langgraph-runs watch THREAD RUN --require-worker`
