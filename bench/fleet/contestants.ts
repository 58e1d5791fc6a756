import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { pythonEnvironment } from '../../test/support/installed.ts'
import { BackgroundRuns } from '../../src/client.ts'
import { defaultTaskQueue } from '../../src/domain/defaults.ts'
import { isRecord } from '../../src/domain/json.ts'
import type { minimal } from '../minimal-workflow.ts'
import { makeCurrent, versionOf } from './builds.ts'
import type { FleetRun } from './langgraph.ts'
import type { ContestantName, FleetOptions } from './options.ts'
import { Program } from './processes.ts'
import { startTemporal } from './temporal.ts'
import type { TemporalServer } from './temporal.ts'
import { Workers } from './workers.ts'

/** Who waits for the runs. */
export interface Contestant {
  readonly name: ContestantName
  readonly workers: Workers
  readonly server?: TemporalServer
  /** Begins to wait for a run. @param afterMs before its first look, if that is this process's affair */
  start(run: FleetRun, afterMs?: number): Promise<void>
  countEnded(): Promise<number>
  /** @throws if an outcome is not the run's own */
  ended(): Promise<readonly Ended[]>
  stop(): Promise<void>
}

export interface Ended {
  readonly runId: string
  readonly atMs: number
  readonly historyEvents?: number
  readonly failedPolls?: number
}

/** The interval of all that poll evenly. */
const pollIntervalMs = 10_000
/** Of so many outcomes the bench reads the values. */
const outcomesRead = 100

export function startContestant(
  name: ContestantName,
  langGraphUrl: string,
  options: FleetOptions,
): Promise<Contestant> {
  switch (name) {
    case 'watchRun':
      return watchRun(langGraphUrl, options)
    case 'minimal':
      return minimalWorkflow(langGraphUrl, options)
    case 'python':
      return pythonPoller(langGraphUrl)
  }
}

/** With the options that users get, but for the deadline, which a long bench would reach. */
async function watchRun(langGraphUrl: string, { database, workers, replacing }: FleetOptions): Promise<Contestant> {
  const server = await startTemporal(database)
  const hasBuilds = replacing?.how === 'deploy'
  const startWorker = async (number: number) => {
    const program = Program.node(at('../../dist/worker.js'), [], {
      TEMPORAL_ADDRESS: server.address,
      TEMPORAL_NAMESPACE: 'default',
      TEMPORAL_TASK_QUEUE: defaultTaskQueue,
      LANGGRAPH_API_URL: langGraphUrl,
      LANGGRAPH_API_KEY: `watchRun-${number}`,
      ...(hasBuilds && versionOf(Math.ceil(number / workers))),
    })
    await program.said(/worker ready/)
    return program
  }
  const inUse = hasBuilds ? (build: number) => makeCurrent(server.address, build) : undefined
  return overTemporal('watchRun', server, await Workers.start(workers, startWorker, inUse), (client) => {
    const runs = new BackgroundRuns(client)
    return ({ threadId, runId }) => runs.startWatch({ threadId, runId, maxPollTime: '1d' })
  })
}

async function minimalWorkflow(langGraphUrl: string, { database }: FleetOptions): Promise<Contestant> {
  const server = await startTemporal(database)
  const startWorker = async () => {
    const program = Program.node(at('minimal-worker.ts'), [server.address, langGraphUrl])
    await program.said(/worker ready/)
    return program
  }
  return overTemporal(
    'minimal',
    server,
    await Workers.start(1, startWorker),
    (client) =>
      ({ threadId, runId }) =>
        client.workflow.start<typeof minimal>('minimal', {
          taskQueue: 'minimal',
          workflowId: runId,
          args: [{ threadId, runId }, pollIntervalMs],
        }),
  )
}

/** Ends are read from Temporal's visibility afterwards: thousands of calls that wait for a result would disturb. */
async function overTemporal(
  name: ContestantName,
  server: TemporalServer,
  workers: Workers,
  starter: (client: Client) => (run: FleetRun) => Promise<unknown>,
): Promise<Contestant> {
  const connection = await Connection.connect({ address: server.address })
  const client = new Client({ connection })
  const start = starter(client)
  const query = `WorkflowType = '${name}' AND ExecutionStatus = 'Completed'`
  return {
    name,
    workers,
    server,
    start: async (run) => void (await start(run)),
    countEnded: async () => (await client.workflow.count(query)).count,
    ended: () => endedIn(client, query),
    stop: async () => {
      await workers.stop()
      await connection.close()
      await server.stop()
    },
  }
}

async function endedIn(client: Client, query: string): Promise<readonly Ended[]> {
  const ended: Ended[] = []
  for await (const { workflowId, closeTime, historyLength } of client.workflow.list({ query, pageSize: 1000 })) {
    const runId = workflowId.split('/').at(-1) ?? ''
    if (ended.length < outcomesRead) requireOwn(runId, await client.workflow.getHandle(workflowId).result())
    ended.push({ runId, atMs: closeTime?.getTime() ?? Number.NaN, historyEvents: historyLength })
  }
  return ended
}

async function pythonPoller(langGraphUrl: string): Promise<Contestant> {
  const programs = await pythonEnvironment('langgraph-python', at('../../test/servers/requirements.txt'))
  const program = Program.withInput(`${programs}/python`, [at('../python_poller.py'), langGraphUrl])
  await program.said(/ready/)
  const ended: Ended[] = []
  program.onLine((line) => {
    const outcome: unknown = JSON.parse(line)
    if (!isRecord(outcome)) return
    const runId = String(outcome['run_id'])
    requireOwn(runId, outcome)
    ended.push({ runId, atMs: Number(outcome['ended_at']) * 1000, failedPolls: Number(outcome['failed_polls']) })
  })
  const workers = await Workers.start(1, async () => program)
  return {
    name: 'python',
    workers,
    start: async ({ threadId, runId }, afterMs = 0) =>
      program.write(JSON.stringify({ thread_id: threadId, run_id: runId, wait: afterMs / 1000 })),
    countEnded: async () => ended.length,
    ended: async () => ended,
    stop: () => workers.stop(),
  }
}

/** The scripted server puts the run's id into its values; an outcome holds them as `result`. */
function requireOwn(runId: string, outcome: unknown): void {
  const values = isRecord(outcome) && isRecord(outcome['result']) ? outcome['result'] : outcome
  if (isRecord(values) && values['run'] === runId) return
  throw new Error(`the outcome of run ${runId} is not the run's own: ${JSON.stringify(outcome)}`)
}

function at(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
