import type { Command } from 'commander'
import type { WatchRunInput } from '../client.ts'
import { watchWorkflowId } from '../domain/contract.ts'
import { parseWatchRunInput } from '../domain/parse-input.ts'
import { CliError, exitCodes } from './exit.ts'
import { runOfWatch } from './run-of.ts'
import { runArguments } from './shell.ts'
import { startAndFollow } from './start-and-follow.ts'
import type { Beginning } from './start-and-follow.ts'
import { addWaitingOptions, waitingInput } from './waiting-options.ts'
import type { WaitingOptions } from './waiting-options.ts'
import { addWhich, named, whatIsAsked } from './which-watch.ts'
import type { Asked, WhichOptions } from './which-watch.ts'
import { requireValid } from './world.ts'
import type { World } from './world.ts'

type WatchOptions = WaitingOptions & WhichOptions

export function addWatch(program: Command, world: World): void {
  const command = program
    .command('watch')
    .summary('wait for a run, then print its result')
    .description(
      'Starts the watch of a run, or attaches to the one that is open, and waits for the outcome.\nCtrl-C leaves the watch at work: the same command attaches again.',
    )
  addWhich(command)
  addWaitingOptions(command, 'leave')
    .addHelpText('after', help)
    .action((threadId: string | undefined, runId: string | undefined, options: WatchOptions) =>
      startAndFollow(world, beginningOf(threadId, runId, options), options),
    )
}

/** @throws CliError 64 */
function beginningOf(threadId: string | undefined, runId: string | undefined, options: WatchOptions): Beginning {
  const { id, ...waiting } = options
  const how = waitingInput(waiting)
  if (id === undefined && threadId !== undefined && runId !== undefined) return ofRun({ threadId, runId, ...how })
  const asked = whatIsAsked('watch', threadId, runId, options)
  if (Object.keys(how).length === 0) return ofId(asked)
  throw new CliError(
    exitCodes.usage,
    'What is there under --id has its own options: give --id with --json and --require-worker only',
  )
}

function ofRun(input: WatchRunInput): Beginning {
  requireValid('watch', parseWatchRunInput(input))
  return {
    workflowId: watchWorkflowId(input),
    noun: 'watch',
    again: `langgraph-runs watch ${runArguments(input)}`,
    ended: 'start anew',
    start: ({ runs }) => runs.startWatch(input),
  }
}

/** A watch or an execution that is there. */
function ofId(asked: Asked): Beginning {
  const { workflowId } = asked
  return {
    workflowId,
    noun: runOfWatch(workflowId) ? 'watch' : 'execution',
    again: `langgraph-runs watch ${named(asked)}`,
    ended: 'print',
    mustBeThere: true,
    start: async ({ client }) => client.workflow.getHandle(workflowId),
  }
}

const help = `
A duration has a unit: 30s, 10m, 2h, 1d.

Examples:
  Wait as long as it takes, and look every 30 s:
  $ langgraph-runs watch THREAD RUN --max-poll-time none --poll-interval 30s

  Two fields of the result, in a script:
  $ langgraph-runs watch THREAD RUN --result-keys trading_signal,analysis_summary --json | jq .result

  Look often at first, then every 5 minutes:
  $ langgraph-runs watch THREAD RUN --initial-interval 2s --backoff-coefficient 2 --maximum-interval 5m

  Wait for the human too, whom \`langgraph-runs resume\` lets answer:
  $ langgraph-runs watch THREAD RUN --on-interrupt wait --human-timeout 2d

  Follow an execution that is open:
  $ langgraph-runs watch --id order/4711/analysis

  A run of another LangGraph server of the worker's configuration:
  $ langgraph-runs watch THREAD RUN --deployment research

  In CI, where nobody starts a worker meanwhile:
  $ langgraph-runs watch THREAD RUN --require-worker`
