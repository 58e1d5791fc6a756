import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import type { WatchRunInput } from '../client.ts'
import { watchWorkflowId } from '../domain/contract.ts'
import { parseWatchRunInput } from '../domain/input.ts'
import { CliError, exitCodes } from './exit.ts'
import { follow } from './follow.ts'
import { deploymentOption, duration, jsonOption, retrievalOptions, runArgument, threadArgument } from './options.ts'
import type { Ending } from './outcome.ts'
import { noWorker } from './temporal-errors.ts'
import type { Temporal } from './temporal.ts'
import { print, requireValid, withTemporal } from './world.ts'
import type { OutputOptions, World } from './world.ts'

/** Commander's names for the options are the input's; what nests in `pollInterval` has options of its own. */
interface WatchOptions extends OutputOptions, Omit<WatchRunInput, 'threadId' | 'runId' | 'pollInterval'> {
  readonly pollInterval?: string
  readonly initialInterval?: string
  readonly backoffCoefficient?: number
  readonly maximumInterval?: string
  readonly requireWorker?: boolean
}

const growing = ['initialInterval', 'backoffCoefficient', 'maximumInterval'] as const

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
    .addOption(
      new Option('--poll-interval <duration>', 'every sleep between polls alike, such as 5s')
        .argParser(duration)
        .conflicts([...growing]),
    )
    .option('--initial-interval <duration>', 'or growing sleeps: the first (default: 1s) …', duration)
    .option('--backoff-coefficient <number>', '… by how much they grow, 1-10 (default: 1.5) …', coefficient)
    .option('--maximum-interval <duration>', '… and the longest (default: 10s)', duration)
    .option('--max-poll-time <duration>', "how long to wait for the run, or 'none' (default: 10m)", duration)
    .option(
      '--stuck-after <duration>',
      'give the run up when LangGraph has not changed it for this long (default: never)',
      duration,
    )
  for (const option of retrievalOptions()) command.addOption(option)
  command
    .addOption(
      new Option(
        '--on-unsuccessful <what>',
        'what becomes of the workflow without a result; the outcome is printed either way (default: return)',
      ).choices(['return', 'fail']),
    )
    .option('--require-worker', 'exit with 69, instead of waiting, while no worker is there')
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((threadId: string, runId: string, options: WatchOptions) => watch(world, threadId, runId, options))
}

async function watch(world: World, threadId: string, runId: string, options: WatchOptions): Promise<void> {
  const { json: _, requireWorker = false, ...rest } = options
  const input = inputOf(threadId, runId, rest)
  requireValid('watch', parseWatchRunInput(input))
  const { value, exitCode, nextStep } = await withTemporal(world, (temporal) =>
    startAndFollow(world, temporal, input, requireWorker),
  )
  print(world, value, options)
  if (nextStep) world.screen.say(nextStep)
  world.endWith(exitCode)
}

async function startAndFollow(
  world: World,
  temporal: Temporal,
  input: WatchRunInput,
  requireWorker: boolean,
): Promise<Ending> {
  const { screen } = world
  const workflowId = watchWorkflowId(input)
  const earlier = await temporal.find(workflowId)
  const open = earlier?.isOpen ? earlier : undefined
  const taskQueue = open?.taskQueue ?? temporal.taskQueue
  const hasWorker = await temporal.hasWorker(taskQueue)
  if (!hasWorker && requireWorker) throw new CliError(exitCodes.unavailable, noWorker(taskQueue))
  if (!hasWorker) screen.say(`${noWorker(taskQueue)}. Waiting for it`)
  const handle = await temporal.ask(() => temporal.runs.startWatch(input))
  world.atCtrlC(`Stopped looking. The watch goes on: ${workflowId}\nTo attach again: ${again(input)}`)
  screen.say(`Watch   ${workflowId}`)
  const link = await temporal.webUi(workflowId)
  if (link) screen.say(`Web UI  ${link}`)
  if (open) screen.say(`Attached: it is open since ${open.startTime.toISOString()}, and its own options hold`)
  return follow(temporal, handle, screen, { taskQueue, requireWorker, hasWorker, openSince: open?.startTime })
}

function inputOf(
  threadId: string,
  runId: string,
  { initialInterval, backoffCoefficient, maximumInterval, ...rest }: Omit<WatchOptions, 'json' | 'requireWorker'>,
): WatchRunInput {
  const pollInterval = {
    ...(initialInterval !== undefined && { initialInterval }),
    ...(backoffCoefficient !== undefined && { backoffCoefficient }),
    ...(maximumInterval !== undefined && { maximumInterval }),
  }
  return { threadId, runId, ...(Object.keys(pollInterval).length > 0 && { pollInterval }), ...rest }
}

function again({ threadId, runId, deployment }: WatchRunInput): string {
  return `langgraph-runs watch ${threadId} ${runId}${deployment ? ` --deployment ${deployment}` : ''}`
}

function coefficient(text: string): number {
  if (text.trim() === '' || Number.isNaN(Number(text))) {
    throw new InvalidArgumentError('It must be a number from 1 to 10.')
  }
  return Number(text)
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

  A run of another LangGraph server of the worker's configuration:
  $ langgraph-runs watch THREAD RUN --deployment research

  In CI, where nobody starts a worker meanwhile:
  $ langgraph-runs watch THREAD RUN --require-worker`
