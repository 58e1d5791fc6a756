import type { Command } from 'commander'
import type { WatchRunInput } from '../client.ts'
import { watchWorkflowId } from '../domain/contract.ts'
import { parseWatchRunInput } from '../domain/input.ts'
import { deploymentOption, runArgument, threadArgument } from './options.ts'
import { startAndFollow } from './start-and-follow.ts'
import type { Temporal } from './temporal.ts'
import { addWaitingOptions, waitingInput } from './waiting-options.ts'
import type { WaitingOptions } from './waiting-options.ts'
import { requireValid } from './world.ts'
import type { World } from './world.ts'

export function addWatch(program: Command, world: World): void {
  const command = program
    .command('watch')
    .summary('wait for a run, then print its result')
    .description(
      'Starts the watch of a run, or attaches to the one that is open, and waits for the outcome.\nCtrl-C leaves the watch at work: the same command attaches again.',
    )
    .addArgument(threadArgument())
    .addArgument(runArgument())
    .addOption(deploymentOption())
  addWaitingOptions(command, 'leave')
    .addHelpText('after', help)
    .action((threadId: string, runId: string, options: WaitingOptions) => watch(world, threadId, runId, options))
}

async function watch(world: World, threadId: string, runId: string, options: WaitingOptions): Promise<void> {
  const input = { threadId, runId, ...waitingInput(options) }
  requireValid('watch', parseWatchRunInput(input))
  const beginning = {
    workflowId: watchWorkflowId(input),
    noun: 'watch' as const,
    again: again(input),
    isOnce: false,
    start: ({ runs }: Temporal) => runs.startWatch(input),
  }
  await startAndFollow(world, beginning, options)
}

function again({ threadId, runId, deployment }: WatchRunInput): string {
  return `langgraph-runs watch ${threadId} ${runId}${deployment ? ` --deployment ${deployment}` : ''}`
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

  A run of another LangGraph server of the worker's configuration:
  $ langgraph-runs watch THREAD RUN --deployment research

  In CI, where nobody starts a worker meanwhile:
  $ langgraph-runs watch THREAD RUN --require-worker`
