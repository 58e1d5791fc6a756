import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Client as LangGraphClient } from '@langchain/langgraph-sdk'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { BackgroundRuns } from '../src/client.ts'
import type { RunInput, WatchOutcome, WatchProgress } from '../src/client.ts'
import { defaultTaskQueue } from '../src/domain/defaults.ts'
import { workerOptions, workflowSource } from '../src/worker-options.ts'
import { startTemporalProcess } from './embedded-temporal.ts'
import { startLangGraphServer } from './langgraph-server.ts'
import { Interrupted, Lifetime } from './lifetime.ts'
import { Screen } from './screen.ts'

const help = `npm run demo              One background run from start to result; then everything is stopped.
npm run demo -- --keep    The same, and stays up to look around. Ctrl-C stops everything.
npm run demo -- --help    This text.

Starts an embedded Temporal dev server with its Web UI, a real LangGraph server with a toy trading graph that needs no
model, and the worker: on free ports of this machine, in memory. The first start may fetch the Temporal server.`

const graph = 'trading'
const symbol = 'AAPL'

/** One run of the demo: where it writes, how long it lasts, and what its servers said, for when something fails. */
interface Stage {
  readonly screen: Screen
  readonly lifetime: Lifetime
  readonly log: string[]
}

async function demo(stage: Stage, keep: boolean): Promise<void> {
  const { screen, lifetime } = stage
  screen.title('LangGraph background runs on Temporal', 'the demo')
  const { temporal, langGraphUrl, client } = await startAll(stage)
  const runs = new BackgroundRuns(client)
  const run = await lifetime.during(createRun(langGraphUrl))
  screen.title(`A background run of the graph "${graph}" for ${symbol}`)
  screen.row('thread', run.threadId)
  screen.row('run', run.runId)

  const handle = await lifetime.during(runs.startWatch(run))
  const outcome = await lifetime.during(follow(screen, runs, run, handle.result()))
  if (outcome.polling_result !== 'success_with_results') {
    throw new Error(`the run ended without a result: ${JSON.stringify(outcome, undefined, 2)}`)
  }
  showOutcome(screen, outcome)
  screen.link('Web UI', `${temporal.uiUrl}/namespaces/default/workflows/${encodeURIComponent(handle.workflowId)}`)

  const { result, retrieval_metadata } = await lifetime.during(
    runs.retrieve({ ...run, resultKeys: ['trading_signal'] }),
  )
  screen.title('Direct retrieval', 'the same run without a watch, and one field only')
  screen.row('result', JSON.stringify(result))
  screen.row('strategy', String(retrieval_metadata.strategy_used))
  screen.row('duration', seconds(retrieval_metadata.retrieval_duration_seconds))

  if (!keep) return
  screen.title('Still up', 'look around; Ctrl-C stops everything')
  screen.link('Web UI', String(temporal.uiUrl))
  screen.row('Temporal', `TEMPORAL_ADDRESS=${temporal.address}`)
  screen.row('Temporal CLI', temporal.executable)
  screen.row('LangGraph', `LANGGRAPH_API_URL=${langGraphUrl}`)
  await lifetime.untilEnd()
}

async function startAll(stage: Stage) {
  const { screen, lifetime } = stage
  keepLogsAway(stage)
  screen.live('starting Temporal and LangGraph')
  const file = fileURLToPath(new URL('trading-graph.mjs', import.meta.url))
  const graphs = { [graph]: `${file}:${graph}`, approval: `${file}:approval` }
  const note = (text: string) => screen.line(text)
  const [temporal, langGraph] = await Promise.all([
    lifetime.own(startTemporalProcess({ webUi: true, signal: lifetime.signal, note })),
    lifetime.own(startLangGraphServer({ graphs })),
  ])
  lifetime.dependOn(temporal.died)
  screen.done('Temporal', `${temporal.address}, Web UI ${screen.style('cyan', String(temporal.uiUrl))}`)
  screen.done('LangGraph server', `${langGraph.url}, graphs "${graph}" and "approval" (which asks a human)`)
  screen.live('starting the worker')
  await startWorker(lifetime, temporal.address, langGraph.url)
  screen.done('Worker', `task queue ${defaultTaskQueue}`)
  const client = new Client({ connection: await lifetime.during(Connection.connect({ address: temporal.address })) })
  return { temporal, langGraphUrl: langGraph.url, client }
}

/** Temporal's words are kept from the person, and shown when something fails. */
function keepLogsAway({ log }: Stage): void {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      log.push(`${level} ${message} ${meta ? JSON.stringify(meta) : ''}`)
    }),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    // What a signal does is the lifetime's business.
    shutdownSignals: [],
  })
}

async function startWorker(lifetime: Lifetime, address: string, langGraphUrl: string): Promise<void> {
  const worker = await lifetime.during(
    Worker.create({
      connection: await lifetime.during(NativeConnection.connect({ address })),
      ...workerOptions([{ name: 'default', url: langGraphUrl }], defaultTaskQueue),
      ...workflowSource(),
    }),
  )
  const running = worker.run()
  lifetime.dependOn(running)
  lifetime.atGoodEnd(() => {
    worker.shutdown()
    return running
  })
}

async function createRun(langGraphUrl: string): Promise<RunInput> {
  const langGraph = new LangGraphClient({ apiUrl: langGraphUrl, apiKey: null, callerOptions: { maxRetries: 0 } })
  const { thread_id } = await langGraph.threads.create()
  const { run_id } = await langGraph.runs.create(thread_id, graph, { input: { symbol }, multitaskStrategy: 'reject' })
  return { threadId: thread_id, runId: run_id }
}

async function follow(
  screen: Screen,
  runs: BackgroundRuns,
  run: RunInput,
  outcome: Promise<WatchOutcome>,
): Promise<WatchOutcome> {
  const startedMs = Date.now()
  for (;;) {
    const progress = await runs.progress(run)
    screen.live(describe(progress), `${progress.phase} ${seconds((Date.now() - startedMs) / 1000)}`)
    const ended = await Promise.race([outcome, pause(150)])
    if (ended) return ended
  }
}

function describe({ status, poll_count, last_error }: WatchProgress): string {
  const polls = `${poll_count} ${poll_count === 1 ? 'poll' : 'polls'}`
  return [polls, status && `the run is ${status}`, last_error].filter(Boolean).join(', ')
}

function showOutcome(
  screen: Screen,
  outcome: WatchOutcome & { readonly polling_result: 'success_with_results' },
): void {
  const { result, polling_metadata, retrieval_metadata } = outcome
  const { trading_signal, analysis_summary } = Object(result)
  const attempts = retrieval_metadata.attempts.map((attempt) => `${attempt.strategy}: ${attempt.outcome}`)
  screen.title('Its outcome', outcome.polling_result)
  screen.row('trading signal', screen.style('bold', String(trading_signal)))
  screen.row('analysis summary', String(analysis_summary))
  screen.row('strategy', `${retrieval_metadata.strategy_used} (${attempts.join(', ')})`)
  screen.row('polls', String(polling_metadata.poll_count))
  screen.row('duration', seconds(polling_metadata.completion_time_seconds))
}

function seconds(n: number): string {
  return `${n.toFixed(n < 1 ? 2 : 1)} s`
}

async function main(): Promise<number> {
  const { screen, lifetime, log }: Stage = { screen: new Screen(process.stdout), lifetime: new Lifetime(), log: [] }
  try {
    const { keep, help: isHelpWanted } = options()
    if (isHelpWanted) screen.line(help)
    else await demo({ screen, lifetime, log }, keep)
    await lifetime.stopAll()
    return 0
  } catch (error) {
    screen.clear()
    await lifetime.stopAll()
    if (error instanceof Interrupted) {
      screen.line('Stopped.')
      return error.exitCode
    }
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(['', `✖ ${message}`, ...log.slice(-20), ''].join('\n'))
    return 1
  }
}

function options() {
  try {
    const { values } = parseArgs({ options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } })
    return { keep: values.keep ?? false, help: values.help ?? false }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`${message}: "npm run demo -- --help" lists what there is`, { cause: error })
  }
}

process.exit(await main())
