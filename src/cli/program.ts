import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { WatchRunInput } from '../client.ts'
import { watchWorkflowId } from '../domain/contract.ts'
import { retrievalStrategies } from '../domain/defaults.ts'
import { parseReadRunStatusInput, parseRetrieveRunResultInput, parseWatchRunInput, refusal } from '../domain/input.ts'
import type { Parsed } from '../domain/input.ts'
import { asCliError, asOptions, CliError, exitCodeOf, exitCodes } from './exit.ts'
import { listWatches } from './list.ts'
import { readable } from './screen.ts'
import type { Screen } from './screen.ts'
import { statusOf } from './status.ts'
import type { Temporal } from './temporal.ts'
import { checkWorker, follow } from './watch.ts'

/** What the command line works with; the entry gives the real ones. */
export interface World {
  connect(): Promise<Temporal>
  readonly screen: Screen
  /** stdout: the outcome alone. */
  print(text: string): void
}

interface OutputOptions {
  readonly json?: boolean
}
type RunOptions = OutputOptions & { readonly deployment?: string }
type WatchCommandOptions = RunOptions & Omit<WatchRunInput, 'threadId' | 'runId'> & { readonly requireWorker?: boolean }
type RetrieveCommandOptions = RunOptions & Pick<WatchRunInput, 'retrievalOrder' | 'retrievalTimeout' | 'resultKeys'>

/** Runs one command. @returns the exit code */
export async function run(args: readonly string[], world: World): Promise<number> {
  let exitCode: number = exitCodes.result
  const end = (code: number) => {
    exitCode = code
  }
  try {
    await createProgram(world, end).parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    // Its sentence was written by commander.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.result : exitCodes.usage
    const { message, exitCode: code } = asCliError(error)
    world.screen.say(message)
    return code
  }
}

function createProgram(world: World, end: (exitCode: number) => void): Command {
  const program = new Command('langgraph-runs')
    .description('Waits for LangGraph background runs on Temporal, and brings back their results.')
    .configureOutput({ writeOut: world.print, writeErr: (text) => world.screen.say(text.trimEnd()) })
    .showHelpAfterError('(--help shows the options, with examples)')
    .exitOverride()
    .addHelpText('after', generalHelp)

  const thread = new Argument('<thread>', 'id of the LangGraph thread (a UUID)')
  const runId = new Argument('<run>', 'id of the run (a UUID)')
  const json = new Option('--json', 'print the outcome as JSON')
  const deployment = new Option(
    '--deployment <name>',
    "a LangGraph server from the worker's configuration (default: default)",
  )
  const retrievalOrder = new Option(
    '--retrieval-order <names>',
    `where to look for the result: ${retrievalStrategies.join(',')}`,
  ).argParser(list)
  const retrievalTimeout = new Option('--retrieval-timeout <duration>', 'over all strategies, 1s-1h (default: 30s)')
  const resultKeys = new Option('--result-keys <names>', 'keep only these fields of the result').argParser(list)

  program
    .command('watch')
    .summary('wait for a run, then print its result')
    .description(
      'Starts the watch of a run, or attaches to the one that is open, and waits for the outcome.\nCtrl-C leaves the watch at work: the same command attaches again.',
    )
    .addArgument(thread)
    .addArgument(runId)
    .addOption(deployment)
    .option('--poll-interval <duration>', 'one exact interval, such as 5s (default: 1s, growing to 10s)')
    .option('--max-poll-time <duration>', "how long to wait, or 'none' (default: 10m)")
    .option('--stuck-after <duration>', 'give up when LangGraph has not changed the run for this long (default: never)')
    .addOption(retrievalOrder)
    .addOption(retrievalTimeout)
    .addOption(resultKeys)
    .option('--require-worker', 'fail (69) instead of waiting when no worker is there')
    .addOption(json)
    .addHelpText('after', watchHelp)
    .action(async (threadId: string, ofRun: string, options: WatchCommandOptions) => {
      const { json: asJson, requireWorker, ...rest } = options
      const input = { ...rest, threadId, runId: ofRun }
      requireValid('watch', parseWatchRunInput(input))
      const outcome = await withTemporal(world, async (temporal) => {
        await checkWorker(temporal, world.screen, requireWorker)
        const handle = await temporal.runs.startWatch(input)
        world.screen.say(`Watch ${handle.workflowId}\n${temporal.webUi(handle.workflowId)}`)
        return follow(handle, world.screen)
      })
      print(world, outcome, asJson)
      end(exitCodeOf(outcome))
    })

  program
    .command('retrieve')
    .summary('print the result of a run that has ended')
    .description('Brings back the result of a run that has ended, without waiting for one that has not.')
    .addArgument(thread)
    .addArgument(runId)
    .addOption(deployment)
    .addOption(retrievalOrder)
    .addOption(retrievalTimeout)
    .addOption(resultKeys)
    .addOption(json)
    .action(async (threadId: string, ofRun: string, { json: asJson, ...rest }: RetrieveCommandOptions) => {
      const input = { ...rest, threadId, runId: ofRun }
      requireValid('retrieve', parseRetrieveRunResultInput(input))
      const retrieved = await withTemporal(world, async (temporal) => {
        await checkWorker(temporal, world.screen)
        return temporal.runs.retrieve(input)
      })
      print(world, retrieved, asJson)
    })

  program
    .command('status')
    .summary("print a watch's progress or outcome")
    .description('Shows how far the watch of a run is, or how it ended. Without a watch: one look at the run itself.')
    .addArgument(new Argument('[thread]', thread.description))
    .addArgument(new Argument('[run]', runId.description))
    .addOption(deployment)
    .option('--id <workflow-id>', 'the watch by its workflow id, instead of THREAD RUN')
    .addOption(json)
    .action(async (threadId: string | undefined, ofRun: string | undefined, options: RunOptions & { id?: string }) => {
      const id =
        options.id ?? (threadId && ofRun && watchWorkflowId({ threadId, runId: ofRun, deployment: options.deployment }))
      if (!id) throw new CliError(exitCodes.usage, 'Which watch? Give THREAD and RUN, or --id')
      const look = threadId && ofRun ? { threadId, runId: ofRun, deployment: options.deployment ?? null } : undefined
      if (look) requireValid('status', parseReadRunStatusInput(look))
      const status = await withTemporal(world, (temporal) => statusOf(temporal, world.screen, id, look))
      print(world, status.shown, options.json)
      if (status.outcome) end(exitCodeOf(status.outcome))
    })

  program
    .command('list')
    .summary('list the open and the recent watches')
    .option('--limit <n>', 'at most this many', number, 20)
    .addOption(json)
    .action(async ({ limit, json: asJson }: OutputOptions & { limit: number }) => {
      const watches = await withTemporal(world, ({ client }) => listWatches(client, limit))
      if (asJson) return print(world, watches, true)
      if (watches.length === 0) world.screen.say('No watch yet: langgraph-runs watch THREAD RUN')
      for (const { id, state, started } of watches) world.print(`${state.padEnd(12)} ${started}  ${id}\n`)
    })

  program
    .command('demo')
    .summary('run the demo (in a clone of the repository)')
    .description(
      'Starts Temporal, a LangGraph server and a worker on this machine, and watches one run from start to result.',
    )
    .action(async () => end(await demo()))

  return program
}

/** Before Temporal is asked for anything. */
function requireValid(command: string, parsed: Parsed<unknown>): void {
  if ('problems' in parsed) throw new CliError(exitCodes.usage, asOptions(refusal(command, parsed.problems)))
}

async function withTemporal<T>(world: World, work: (temporal: Temporal) => Promise<T>): Promise<T> {
  const temporal = await world.connect()
  try {
    return await work(temporal)
  } finally {
    await temporal.close()
  }
}

function print(world: World, outcome: object, asJson = false): void {
  world.print(`${asJson ? JSON.stringify(outcome) : readable(outcome)}\n`)
}

async function demo(): Promise<number> {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  if (!existsSync(`${root}dev/demo.ts`)) {
    throw new CliError(exitCodes.usage, 'The demo runs in a clone of the repository only: npm ci && npm run demo')
  }
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/demo.ts'], { cwd: root, stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  return Number(code ?? exitCodes.unforeseen)
}

function list(text: string): string[] {
  return text.split(',').map((name) => name.trim())
}

function number(text: string): number {
  const n = Number(text)
  if (!Number.isInteger(n) || n < 1 || n > 1000) throw new InvalidArgumentError('a whole number from 1 to 1000')
  return n
}

const generalHelp = `
Environment:
  TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS*, TEMPORAL_PROFILE   where Temporal is
  TEMPORAL_TASK_QUEUE   the workers' task queue (default: langgraph-runs)

Exit codes:
  0 result · 2 success without results · 3 error · 4 timeout · 5 interrupted
  1 unforeseen · 64 usage · 69 no Temporal, or no worker · 130 Ctrl-C (the watch goes on)`

const watchHelp = `
Examples:
  $ langgraph-runs watch THREAD RUN
  $ langgraph-runs watch THREAD RUN --max-poll-time none --poll-interval 30s
  $ langgraph-runs watch THREAD RUN --result-keys trading_signal,analysis_summary --json | jq .result
  $ langgraph-runs watch THREAD RUN --deployment research --retrieval-order thread_state`
