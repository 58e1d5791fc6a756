import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { Program } from '../../bench/fleet/processes.ts'
import type { Lifetime } from '../../dev/lifetime.ts'
import { BackgroundRuns, resultStore } from '../../src/client.ts'
import type { ChaosOptions } from './options.ts'
import { startServer } from './servers.ts'
import type { ChaosServer } from './servers.ts'
import { startTemporal } from './temporal.ts'
import type { ChaosTemporal } from './temporal.ts'
import { ChaosWorkers } from './workers.ts'

/** All that runs, each in a process of its own. */
export interface Stage {
  readonly temporal: ChaosTemporal
  readonly servers: readonly [ChaosServer, ...ChaosServer[]]
  readonly workers: ChaosWorkers
  readonly client: Client
  readonly runs: BackgroundRuns
}

const webhookSecret = 'a secret of 32 bytes for the test'
const receiverProgram = fileURLToPath(new URL('../../src/webhook.ts', import.meta.url))

export async function openStage(options: ChaosOptions, lifetime: Lifetime): Promise<Stage> {
  const isCalm = !options.faults.includes('requests')
  const temporal = await lifetime.own(startTemporal())
  const [first, ...others] = options.servers.map((name) => lifetime.own(startServer(name, options.seed, isCalm)))
  if (!first) throw new Error('no LangGraph server is wanted')
  const servers = [await first, ...(await Promise.all(others))] as const
  const settings = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default', WEBHOOK_SECRET: webhookSecret }
  const receiverUrl = await startReceiver(settings, lifetime)
  const folder = await lifetime.own(workersFolder(servers))
  const ofWorkers = {
    ...settings,
    WEBHOOK_URL: receiverUrl,
    LANGGRAPH_DEPLOYMENTS: folder.file,
    RESULT_STORE: folder.storeUrl,
  }
  const workers = ChaosWorkers.start(options.workers, () => Program.node(options.worker, [], ofWorkers))
  await lifetime.own(workers)
  const client = await lifetime.during(connect(temporal.address))
  const runs = new BackgroundRuns(client, { resultStore: resultStore(folder.storeUrl) })
  return { temporal, servers, workers: await workers, client, runs }
}

/** @returns its URL. It is never restarted: a webhook host that is away ends the JS server's queue, one worker at a time */
async function startReceiver(settings: Readonly<Record<string, string>>, lifetime: Lifetime): Promise<string> {
  const receiver = Program.node(receiverProgram, [], { ...settings, WEBHOOK_LISTEN: '127.0.0.1:0', LOG_FORMAT: 'json' })
  await lifetime.own(Promise.resolve({ stop: () => receiver.end('SIGKILL') }))
  const [, port] = await lifetime.during(receiver.said(/^(?=.*webhook receiver ready).*"port":(\d+)/m))
  lifetime.dependOn(receiver.died())
  return `http://127.0.0.1:${port}`
}

/** What workers read, and where they keep large results. */
async function workersFolder(servers: readonly ChaosServer[]) {
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-chaos-'))
  const file = join(folder, 'deployments.json')
  await writeFile(file, JSON.stringify(Object.fromEntries(servers.map(({ name, url }) => [name, { url }]))))
  const store = join(folder, 'results')
  await mkdir(store)
  return { file, storeUrl: pathToFileURL(store).href, stop: () => rm(folder, { recursive: true }) }
}

/** It is never closed: a call that the SDK is about to repeat would then end this program, before it has stopped the others. */
async function connect(address: string): Promise<Client> {
  return new Client({ connection: await Connection.connect({ address }) })
}
