import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Client } from '@langchain/langgraph-sdk'
import type { WorkflowHandle } from '@temporalio/client'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { startDevServer } from '../dev/embedded-temporal.ts'
import { startLangGraphServer } from '../dev/langgraph-server.ts'
import { BackgroundRuns } from '../src/client.ts'
import { LangGraphRunsPlugin } from '../src/plugin.ts'
import { workerOptions, workflowSource } from '../src/worker-options.ts'
import { graphs } from '../test/support/graphs.ts'
import { markdownTable, percentile } from './figures.ts'
import { minimalActivities } from './minimal-activities.ts'
import type { MinimalRun } from './minimal-activities.ts'
import type { minimal } from './minimal-workflow.ts'

/**
 * `npm run bench`: `watchRun` beside the smallest workflow that does its job on a good day, on the same servers in the
 * same run. The ratios are what counts: the milliseconds are this machine's. Options: --finished, --running (how many
 * runs of each kind), --json FILE.
 */
const { values: options } = parseArgs({
  options: {
    finished: { type: 'string', default: '100' },
    running: { type: 'string', default: '40' },
    json: { type: 'string' },
  },
})

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } } })
const [temporal, langGraph] = await Promise.all([startDevServer(), startLangGraphServer({ graphs })])
const { runs: langGraphRuns, threads } = new Client({ apiUrl: langGraph.url, apiKey: null })
const ours = new BackgroundRuns(temporal.client)
const pollInterval = 1000

type Start = (run: MinimalRun) => Promise<WorkflowHandle>
const contestants: Record<'watchRun' | 'minimal', Start> = {
  watchRun: (run) => ours.startWatch({ ...run, pollInterval }),
  minimal: (run) =>
    temporal.client.workflow.start<typeof minimal>('minimal', {
      taskQueue: 'minimal',
      workflowId: randomUUID(),
      args: [run, pollInterval],
    }),
}
type Name = keyof typeof contestants

/** `watchRun` with and without search attributes (`SEARCH_ATTRIBUTES=off`). */
const shows = [true, false] as const
const queueOf = (searchAttributes: boolean) => `search-attributes-${searchAttributes}`

const workers = await Promise.all([
  ...shows.map((searchAttributes) =>
    Worker.create({
      connection: temporal.nativeConnection,
      taskQueue: queueOf(searchAttributes),
      plugins: [
        new LangGraphRunsPlugin({
          servers: [{ name: 'default', url: langGraph.url }],
          sweepInterval: 'none',
          searchAttributes,
        }),
      ],
    }),
  ),
  Worker.create({
    connection: temporal.nativeConnection,
    ...workerOptions([{ name: 'default', url: langGraph.url }], 'langgraph-runs'),
    ...workflowSource(),
  }),
  Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: 'minimal',
    workflowsPath: fileURLToPath(new URL('minimal-workflow.ts', import.meta.url)),
    activities: minimalActivities(langGraph.url),
  }),
])
const working = workers.map((worker) => worker.run())

try {
  const rows = [
    ...(await measured('finished run: start → outcome, ms', Number(options.finished), 0, startToOutcome)),
    ...(await measured('run end → outcome (1 s polls), ms', Number(options.running), 2, endToOutcome)),
    ...(await historyCosts()),
  ]
  process.stdout.write(`${table(rows)}\n\n${markdownTable(await costOfAttributes(Number(options.finished)))}\n`)
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(rows, undefined, 2)}\n`)
} finally {
  for (const worker of workers) worker.shutdown()
  await Promise.all(working)
  await Promise.all([temporal.teardown(), langGraph.stop()])
}

/** What search attributes cost a watch: both kinds take turns. */
async function costOfAttributes(count: number): Promise<(string | number)[][]> {
  const starts = shows.map((isShown): Start => {
    const runs = new BackgroundRuns(temporal.client, { taskQueue: queueOf(isShown) })
    return (run) => runs.startWatch({ ...run, pollInterval })
  })
  const samples: number[][] = starts.map(() => [])
  for (const start of starts) await startToOutcome(start)
  for (let n = 0; n < count; n += 1) {
    for (const [kind, start] of starts.entries()) samples[kind]?.push(await startToOutcome(start))
  }
  const costs = await Promise.all(starts.map((start) => historyCost(start)))
  const times = [50, 95].map((percent) =>
    line(
      `finished run: start → outcome, ms, p${percent}`,
      samples.map((own) => percentile(own, percent)),
    ),
  )
  const sizes = (['events', 'bytes'] as const).flatMap((unit) => [
    line(
      `history ${unit} of a finished run`,
      costs.map(({ first }) => first[unit]),
    ),
    line(
      `history ${unit} of a run that takes 8 s`,
      costs.map(({ long }) => long[unit]),
    ),
  ])
  return [['', 'with search attributes', 'without', 'ratio'], ...times, ...sizes]
}

function line(what: string, [having = Number.NaN, lacking = Number.NaN]: readonly number[]): (string | number)[] {
  return [what, Math.round(having), Math.round(lacking), (having / lacking).toFixed(2)]
}

interface Row {
  readonly what: string
  readonly watchRun: number
  readonly minimal: number
  /** watchRun / minimal */
  readonly ratio: number
}

/** Both take turns, so that whatever the machine does meets both. */
async function measured(
  what: string,
  count: number,
  seconds: number,
  measure: (start: Start, seconds: number) => Promise<number>,
): Promise<Row[]> {
  const samples: Record<Name, number[]> = { watchRun: [], minimal: [] }
  // The first ones warm up compilers and connections.
  for (const start of Object.values(contestants)) await measure(start, seconds)
  for (let n = 0; n < count; n += 1) {
    // Spread over the poll interval, so that the run ends anywhere within it.
    const takes = seconds === 0 ? 0 : seconds + n / count
    for (const name of ['watchRun', 'minimal'] as const) samples[name].push(await measure(contestants[name], takes))
  }
  return [50, 95].map((percent) =>
    row(`${what}, p${percent}`, percentile(samples.watchRun, percent), percentile(samples.minimal, percent)),
  )
}

async function startToOutcome(start: Start): Promise<number> {
  const run = await createRun(0)
  await langGraphRuns.join(run.threadId, run.runId)
  const startedMs = performance.now()
  await (await start(run)).result()
  return performance.now() - startedMs
}

async function endToOutcome(start: Start, seconds: number): Promise<number> {
  const run = await createRun(seconds)
  await (await start(run)).result()
  const outcomeAtMs = Date.now()
  const { updated_at } = await langGraphRuns.get(run.threadId, run.runId)
  return outcomeAtMs - Date.parse(updated_at)
}

/** A run found at once costs the one sum; each further poll the other. */
async function historyCosts(): Promise<Row[]> {
  const costs: Record<Name, { first: History; perPoll: History }> = {
    watchRun: await historyCost(contestants.watchRun),
    minimal: await historyCost(contestants.minimal),
  }
  const rowOf = (what: string, of: (cost: (typeof costs)[Name]) => number) =>
    row(what, of(costs.watchRun), of(costs.minimal))
  return [
    rowOf('history events of a finished run', ({ first }) => first.events),
    rowOf('history bytes of a finished run', ({ first }) => first.bytes),
    rowOf('history events of a further poll', ({ perPoll }) => perPoll.events),
    rowOf('history bytes of a further poll', ({ perPoll }) => perPoll.bytes),
  ]
}

interface History {
  readonly events: number
  readonly bytes: number
  readonly polls: number
}

async function historyCost(start: Start): Promise<{ first: History; long: History; perPoll: History }> {
  const finished = await createRun(0)
  await langGraphRuns.join(finished.threadId, finished.runId)
  const first = await historyOf(await start(finished))
  const long = await historyOf(await start(await createRun(8)))
  const polls = long.polls - first.polls
  const perPoll = { events: (long.events - first.events) / polls, bytes: (long.bytes - first.bytes) / polls, polls: 1 }
  return { first, long, perPoll }
}

async function historyOf(handle: WorkflowHandle): Promise<History> {
  await handle.result()
  const [{ historyLength, historySize = 0 }, { events = [] }] = [await handle.describe(), await handle.fetchHistory()]
  const asked = ['getRunStatus', 'status']
  const polls = (events ?? []).filter(({ activityTaskScheduledEventAttributes: scheduled }) =>
    asked.includes(scheduled?.activityType?.name ?? ''),
  ).length
  return { events: historyLength, bytes: historySize, polls }
}

async function createRun(seconds: number): Promise<MinimalRun> {
  const { thread_id: threadId } = await threads.create()
  const { run_id: runId } = await langGraphRuns.create(threadId, 'work', { input: { symbol: 'AAPL', seconds } })
  return { threadId, runId }
}

function row(what: string, watchRun: number, minimal: number): Row {
  return { what, watchRun: Math.round(watchRun), minimal: Math.round(minimal), ratio: watchRun / minimal }
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ what, watchRun, minimal, ratio }) => [what, watchRun, minimal, ratio.toFixed(2)])
  return markdownTable([['', 'watchRun', 'minimal', 'ratio'], ...lines])
}
