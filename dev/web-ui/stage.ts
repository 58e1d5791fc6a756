import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { BackgroundRuns } from '../../src/client.ts'
import type { ExecuteRunInput } from '../../src/client.ts'
import { startWorkerProcess } from '../demo/worker-process.ts'
import { startTemporalProcess } from '../embedded-temporal.ts'
import { startLangGraphServer } from '../langgraph-server.ts'

/** One execution in each state that the Web UI shows: its workflow id by the state. */
export const orders = {
  success: 'order/4711',
  error: 'order/4712',
  human: 'order/4713',
  outage: 'order/4714',
  waiting: 'order/4715',
} as const

export type ShownState = keyof typeof orders
export const shownStates: readonly ShownState[] = ['success', 'error', 'human', 'outage', 'waiting']

const inputs: Readonly<Record<ShownState, ExecuteRunInput>> = {
  success: { assistantId: 'trading', input: { symbol: 'AAPL' } },
  error: { assistantId: 'delisted', input: { symbol: 'TWTR' } },
  human: { assistantId: 'rebalance', input: { symbol: 'MSFT' }, onInterrupt: 'wait' },
  // Nothing listens there.
  outage: { assistantId: 'trading', input: { symbol: 'NVDA' }, deployment: 'research' },
  waiting: { assistantId: 'overnight', input: { symbol: 'AMZN' } },
}

const toys = fileURLToPath(new URL('../trading-graph.mjs', import.meta.url))
const own = fileURLToPath(new URL('graphs.mjs', import.meta.url))
const patienceMs = 60_000
/** Watches poll at their own interval, so that the Web UI has something to show. */
const noSweep = { SWEEP_INTERVAL: 'none' }

/** Of the worker's environment. */
type Settings = Readonly<Record<string, string>>

/** The real Web UI, over real watches. */
export interface WebUiStage {
  readonly address: string
  readonly uiUrl: string
  readonly runs: BackgroundRuns
  stop(): Promise<void>
}

/** Starts Temporal with its Web UI, LangGraph, a worker, and the orders, and waits until each is in its state. */
export async function setWebUiStage(settings: Settings = noSweep): Promise<WebUiStage> {
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const one of stops.toReversed()) await one()
  }
  try {
    const { address, uiUrl } = await startServers(stops, settings)
    const connection = await Connection.connect({ address })
    stops.push(() => connection.close())
    const client = new Client({ connection })
    const runs = new BackgroundRuns(client)
    for (const state of shownStates) await runs.startExecution(orders[state], inputs[state])
    await Promise.all(shownStates.map((state) => untilShown(client, state)))
    return { address, uiUrl, runs, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startServers(stops: (() => Promise<unknown>)[], settings: Settings) {
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-web-ui-'))
  stops.push(() => rm(folder, { recursive: true, force: true }))
  const graphs = {
    trading: `${toys}:trading`,
    overnight: `${own}:overnight`,
    rebalance: `${own}:rebalance`,
    delisted: `${own}:delisted`,
  }
  const [temporal, langGraph] = await Promise.all([
    startTemporalProcess({ webUi: true }),
    startLangGraphServer({ graphs }),
  ])
  stops.push(
    () => temporal.stop(),
    () => langGraph.stop(),
  )
  const deployments = join(folder, 'deployments.json')
  await writeFile(deployments, JSON.stringify({ research: { url: 'http://127.0.0.1:1' } }))
  const worker = await startWorkerProcess({
    TEMPORAL_ADDRESS: temporal.address,
    LANGGRAPH_API_URL: langGraph.url,
    LANGGRAPH_DEPLOYMENTS: deployments,
    ...settings,
  })
  stops.push(() => worker.stop())
  return { address: temporal.address, uiUrl: temporal.uiUrl ?? '' }
}

/** Visibility has it, and so the Web UI. */
async function untilShown(client: Client, state: ShownState): Promise<void> {
  const lastMoment = Date.now() + patienceMs
  const query = `WorkflowId = '${orders[state]}' AND LangGraphState = '${state}'`
  for (;;) {
    // The worker adds the search attributes when it starts: before, the query is refused.
    const { count } = await client.workflow.count(query).catch(() => ({ count: 0 }))
    if (count > 0) return
    if (Date.now() > lastMoment) throw new Error(`${orders[state]} is not in the state ${state}`)
    await pause(200)
  }
}
