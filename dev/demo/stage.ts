import { fileURLToPath } from 'node:url'
import { Client as LangGraphClient } from '@langchain/langgraph-sdk'
import { Client, Connection } from '@temporalio/client'
import { BackgroundRuns } from '../../src/client.ts'
import { startTemporalProcess } from '../embedded-temporal.ts'
import type { TemporalProcess } from '../embedded-temporal.ts'
import { startLangGraphServer } from '../langgraph-server.ts'
import type { Lifetime } from '../lifetime.ts'
import type { DemoScreen } from './screen.ts'
import { TcpLink } from './tcp-link.ts'
import { startWorkerProcess } from './worker-process.ts'
import type { WorkerProcess } from './worker-process.ts'

/** What the demo runs on. */
export interface Stage {
  readonly screen: DemoScreen
  readonly lifetime: Lifetime
  readonly temporal: TemporalProcess
  readonly langGraphUrl: string
  readonly langGraph: LangGraphClient
  /** The workers reach LangGraph by this link alone. */
  readonly link: TcpLink
  readonly runs: BackgroundRuns
  startWorker(): Promise<WorkerProcess>
  /** Shows what is happening now. */
  now(text: string): void
}

export interface StageOptions {
  readonly screen: DemoScreen
  readonly lifetime: Lifetime
  /** Shows the Web UI's address beside what is happening: on a terminal it disappears together with that line. */
  readonly showsWebUi: boolean
}

const graphFile = fileURLToPath(new URL('../trading-graph.mjs', import.meta.url))
const graphs = Object.fromEntries(['trading', 'approval', 'unsteady'].map((name) => [name, `${graphFile}:${name}`]))

/** Starts the servers and a worker, which end with the lifetime. */
export async function setStage(options: StageOptions): Promise<{ stage: Stage; worker: WorkerProcess }> {
  const { screen, lifetime, showsWebUi } = options
  const { temporal, langGraphUrl } = await startServers(options)
  const link = await lifetime.during(TcpLink.to(langGraphUrl))
  const startWorker = async () => {
    lifetime.signal.throwIfAborted()
    // The demo shows polls, and a sweep would make them rare.
    const settings = { TEMPORAL_ADDRESS: temporal.address, LANGGRAPH_API_URL: link.url, SWEEP_INTERVAL: 'none' }
    const worker = await lifetime.own(startWorkerProcess(settings))
    lifetime.dependOn(worker.died)
    return worker
  }
  screen.show(() => '… starting a worker', 'worker')
  const worker = await startWorker()
  screen.clear()
  screen.done('Worker', `the program of \`npm run worker\`, process ${worker.pid}`)
  const connection = await lifetime.during(Connection.connect({ address: temporal.address }))
  const runs = new BackgroundRuns(new Client({ connection }))
  const langGraph = new LangGraphClient({ apiUrl: langGraphUrl, apiKey: null, callerOptions: { maxRetries: 0 } })
  const webUi = showsWebUi ? ` · Temporal Web UI ${temporal.uiUrl}` : ''
  const now = (text: string) => screen.show(() => `… ${text}${webUi}`, text)
  return { stage: { screen, lifetime, temporal, langGraphUrl, langGraph, link, runs, startWorker, now }, worker }
}

async function startServers({ screen, lifetime }: StageOptions) {
  screen.show(() => '… starting Temporal and LangGraph', 'servers')
  const note = (text: string) => screen.say(text)
  const [temporal, { url }] = await Promise.all([
    lifetime.own(startTemporalProcess({ webUi: true, signal: lifetime.signal, note })),
    lifetime.own(startLangGraphServer({ graphs })),
  ])
  lifetime.dependOn(temporal.died)
  screen.done('Temporal', 'the real server, in memory')
  screen.done('LangGraph', 'the real JS server, with a toy trading graph that needs no model')
  return { temporal, langGraphUrl: url }
}
