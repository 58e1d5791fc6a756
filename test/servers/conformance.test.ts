import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns, outcomeIn } from '../../src/client.ts'
import type { ExecuteRunInput, RunInput, WatchOutcome, WatchRunInput } from '../../src/client.ts'
import { sweepWorkflowId, watchWorkflowId, workflowTypes } from '../../src/domain/contract.ts'
import { LangGraphRunsPlugin } from '../../src/plugin.ts'
import { workerOptions } from '../../src/worker-options.ts'
import type { executeRun } from '../../src/workflows/index.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { editedStates } from './edited-states.ts'
import { endings } from './endings.ts'
import { executions } from './executions.ts'
import { dialects } from './servers.ts'
import type { Dialect, DialectServer } from './servers.ts'
import { sharedThreads } from './shared-threads.ts'
import { createStage, situations as watched } from './situations.ts'
import type { Execution, Ids, Stage } from './situations.ts'

const names = Object.keys(dialects) as Dialect[]
const servers = new Map<Dialect, DialectServer>()
const proxies = new Map<Dialect, TcpProxy>()
const stages = new Map<Dialect, Stage>()
const situations = [...watched, ...sharedThreads, ...executions, ...editedStates, ...endings]
/** Row → column → what the watch reported. */
const matrix = new Map<string, Map<Dialect, string>>()

let runs: BackgroundRuns
let client: Client
let taskQueue: string
let worker: Worker
let working: Promise<void>
let closing: () => Promise<void>

beforeAll(async () => {
  for (const [name, server] of await Promise.all(names.map(async (name) => [name, await dialects[name]()] as const))) {
    servers.set(name, server)
    proxies.set(name, await TcpProxy.start(server.url))
  }
  const address = inject('temporalAddress')
  taskQueue = randomUUID()
  const [connection, nativeConnection] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ])
  client = new Client({ connection })
  runs = new BackgroundRuns(client, { taskQueue })
  worker = await Worker.create({
    connection: nativeConnection,
    ...workerOptions(
      names.flatMap((name) => [
        { name: deploymentOf(name), url: serverOf(name).url },
        { name: proxiedDeploymentOf(name), url: proxyOf(name).url },
      ]),
      taskQueue,
    ),
    workflowBundle: { codePath: inject('workflowBundle') },
  })
  working = worker.run()
  closing = async () => {
    worker.shutdown()
    await working
    await Promise.all([connection.close(), nativeConnection.close()])
  }
  for (const name of names) {
    const watch: Stage['watch'] = (ids, options) => runs.watch(inputOf(name, ids, options))
    const start: Stage['start'] = (input, options) => startExecution(name, input, options)
    stages.set(name, createStage(name, serverOf(name).url, { runs, watch, start, proxy: proxyOf(name) }))
  }
}, 600_000)

afterAll(async () => {
  await closing()
  await Promise.all([...servers.values(), ...proxies.values()].map((started) => started.stop()))
})

describe.each(names)('%s', (dialect) => {
  test.concurrent.for(situations)('$title', { timeout: 120_000 }, async ({ title, not, play, expected }) => {
    const reason = not?.[dialect]
    if (reason !== undefined) return note(title, dialect, `– (${reason})`)
    const outcome = await play(stageOf(dialect))
    expect(outcome).toMatchObject(typeof expected === 'function' ? expected(dialect) : expected)
    note(title, dialect, shown(outcome))
  })
})

describe.each(names)('%s: many and large', (dialect) => {
  test('each of 20 runs at once gets its own result', async () => {
    const stage = stageOf(dialect)
    const symbols = Array.from({ length: 20 }, (_, n) => `S${n}`)
    const outcomes = await Promise.all(
      symbols.map(async (symbol) => stage.watch(await stage.create('work', { symbol, seconds: 1 }))),
    )
    expect(outcomes.map((outcome) => 'result' in outcome && outcome.result)).toEqual(
      symbols.map((symbol) => ({ symbol, seconds: 1, partial: `partial ${symbol}`, final: `done ${symbol}` })),
    )
  })

  test('an input of 1 MB, which the server echoes in every status, is not in history', async () => {
    const stage = stageOf(dialect)
    const ids = await stage.create('work', { symbol: 'AAPL', size: 0, answer: 'y'.repeat(1_000_000), seconds: 2 })
    await stage.watch(ids, { resultKeys: ['final'] })
    const history = await client.workflow
      .getHandle(watchWorkflowId({ ...ids, deployment: deploymentOf(dialect) }))
      .fetchHistory()
    expect(JSON.stringify(history).length).toBeLessThan(100_000)
  })
})

describe('the sweep', () => {
  const sweptQueue = randomUUID()
  const swept = () => new BackgroundRuns(client, { taskQueue: sweptQueue })
  const sweepOf = (dialect: Dialect) =>
    client.workflow.getHandle(sweepWorkflowId(sweptQueue, deploymentOf(dialect))).describe()
  let stopSweeping: () => Promise<void>

  beforeAll(async () => {
    const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
    const deployments = names.map((name) => ({ name: deploymentOf(name), url: serverOf(name).url }))
    const plugin = new LangGraphRunsPlugin({ servers: deployments, sweepInterval: '1s' })
    const workflowBundle = { codePath: inject('workflowBundle') }
    const sweeper = await Worker.create({ connection, taskQueue: sweptQueue, workflowBundle, plugins: [plugin] })
    const sweeping = sweeper.run()
    stopSweeping = async () => {
      sweeper.shutdown()
      await sweeping
      await connection.close()
    }
  })
  afterAll(() => stopSweeping())

  test.concurrent.for(names.filter((name) => name !== 'aegra 0.6.0'))(
    '%s: wakes a watch when its run has ended',
    async (dialect) => {
      const ids = await stageOf(dialect).create('work', { symbol: 'AAPL', seconds: 8 })
      const handle = await swept().startWatch({ ...inputOf(dialect, ids), pollInterval: '1h', maxPollTime: '1 day' })
      const outcome = await handle.result()
      expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 2 } })
    },
  )

  test('aegra 0.6.0: has none, since the server cannot search threads by ids', async () => {
    const stage = stageOf('aegra 0.6.0')
    const ids = await stage.create('work', { symbol: 'AAPL', seconds: 8 })
    await stage.create('work', { symbol: 'OTHER' })
    const handle = await swept().startWatch(inputOf('aegra 0.6.0', ids))
    await vi.waitFor(async () => expect((await sweepOf('aegra 0.6.0')).status.name).toBe('COMPLETED'), {
      timeout: 30_000,
    })
    expect((await sweepOf('aegra 0.6.0')).memo).toEqual({ langgraph_unsearchable: true })
    expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results' })
  })
})

test.concurrent.for(names)(
  '%s: a run that a hard restart leaves behind ends the watch, and says since when nothing changed',
  { timeout: 90_000 },
  async (dialect) => {
    const stage = stageOf(dialect)
    const server = serverOf(dialect)
    const ids = await Promise.all([1, 2].map(() => stage.create('work', { symbol: 'AAPL', seconds: 60 })))
    const [stuck, late] = ids.map((run) => inputOf(dialect, run))
    // JS servers save 3 s after the last request: polls in quick succession would keep them from it.
    const watches = await Promise.all([
      runs.startWatch({ ...stuck, pollInterval: '5s', stuckAfter: '16s' } as WatchRunInput),
      runs.startWatch({ ...late, pollInterval: '5s', maxPollTime: '20s' } as WatchRunInput),
    ])
    await vi.waitUntil(async () => (await runs.progress(late as RunInput)).status === 'running', { timeout: 20_000 })
    for (const { runId } of ids) {
      await vi.waitUntil(() => server.hasSaved(runId), { timeout: 20_000, interval: 100 })
    }

    await server.restart()

    const outcomes = await Promise.all(watches.map((watch) => watch.result()))
    expect(outcomes).toMatchObject([
      { polling_result: 'error', error: expect.stringMatching(/^The run is stuck: its status is running, no change/) },
      {
        status: 'polling_timeout',
        error: expect.stringMatching(/^Polling timed out after 20\.0s .*last status: running, unchanged since 2/),
      },
    ])
    outcomes.forEach((outcome, n) =>
      note(`left behind by a hard restart, ${['`stuckAfter`', 'deadline'][n]}`, dialect, shown(outcome)),
    )
  },
)

test('the docs hold the matrix', async () => {
  const played = situations.map(({ title }) => title)
  const titles = [...played, ...[...matrix.keys()].filter((title) => !played.includes(title))]
  const rows = titles.map((title) => [title, ...names.map((name) => matrix.get(title)?.get(name) ?? 'not played')])
  const table = [['situation', ...names], names.map(() => '---').concat('---'), ...rows]
  const text = table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  console.log(text)
  await expect(`${introduction}${text}\n`).toMatchFileSnapshot('../../docs/servers.md')
})

const introduction = `# What a watch reports on real servers

Written by \`npm run test:servers\`, which plays every situation on every server through the real workflow and fails if
this page is not what it saw (\`npm run test:servers -- --update\` writes it again).

The servers are real: LangGraph's for JavaScript (\`@langchain/langgraph-api\`) and for Python (\`langgraph-api\`), and aegra, a self-hosted
server for the same graphs that needs no licence. A cell shows \`polling_result\` / \`status\`, then the strategy that found the result, the
number of questions, or the reason. A dash means that the server lacks the feature.

An outcome that says "was cancelled" has \`cancelled: true\`; one that says "failed or was cancelled" has not. JS 2.0.0 calls every run that is
cancelled while it is running failed, and JS 1.5.1 every run that is rolled back. They tell of the cancellation only in the run's stream: if
somebody else cancelled the run, their request has read that stream, and only a resumable run's stream can be read again.

`

function note(title: string, dialect: Dialect, text: string): void {
  const row = matrix.get(title) ?? new Map<Dialect, string>()
  matrix.set(title, row.set(dialect, text))
}

/** Without ids and times, so that it is the same in every run. */
function shown(outcome: WatchOutcome): string {
  const { polling_result, status } = outcome
  const by = 'retrieval_metadata' in outcome ? outcome.retrieval_metadata.strategy_used : undefined
  const questions = 'interrupts' in outcome ? `${outcome.interrupts?.length ?? 0} question(s)` : undefined
  return [`${polling_result} / ${status}`, by ?? questions ?? whyOf(outcome)].join(': ')
}

function whyOf(outcome: WatchOutcome): string {
  const error = 'error' in outcome ? (outcome.error ?? '') : ''
  if ('cancelled' in outcome) return 'says that it was cancelled'
  if (error.includes('or was cancelled')) return 'says that it failed or was cancelled'
  const [reason] = /Its thread is [^:]*|Strategy thread_state failed: [^;]*/.exec(error) ?? [error]
  const text = reason
    .replaceAll(/\d{4}-\d\d-\d\dT[^ ;]*/g, '…')
    .replaceAll(/\(\d+ polls\)/g, '(… polls)')
    .split('\n')[0]
  return `"${text?.slice(0, 120)}"`
}

function inputOf(name: Dialect, ids: Ids, options: object = {}) {
  return { pollInterval: '1s', maxPollTime: '90s', ...options, ...ids, deployment: deploymentOf(name) } as const
}

async function startExecution(
  name: Dialect,
  input: ExecuteRunInput,
  { workflowId = randomUUID(), isProxied = false }: Parameters<Stage['start']>[1] = {},
): Promise<Execution> {
  const deployment = isProxied ? proxiedDeploymentOf(name) : deploymentOf(name)
  const argument: ExecuteRunInput = { pollInterval: '1s', maxPollTime: '90s', ...input, deployment }
  await runs.startExecution(workflowId, argument)
  const execution = {
    workflowId,
    result: () =>
      client.workflow
        .getHandle<typeof executeRun>(workflowId)
        .result()
        .catch((error: unknown) => outcomeOrThrow(error)),
    // The client of this application would attach to the one that has ended.
    again: async () => {
      await client.workflow.start<typeof executeRun>(workflowTypes.executeRun, {
        taskQueue,
        workflowId,
        args: [argument],
      })
      return execution
    },
  }
  return execution
}

/** An execution that has created no run fails with its outcome. */
function outcomeOrThrow(error: unknown): WatchOutcome {
  const outcome = outcomeIn(error)
  if (outcome === undefined) throw error
  return outcome
}

function deploymentOf(name: Dialect): string {
  return name.replace(' ', '-')
}

function proxiedDeploymentOf(name: Dialect): string {
  return `${deploymentOf(name)}-proxied`
}

function proxyOf(name: Dialect): TcpProxy {
  const proxy = proxies.get(name)
  if (!proxy) throw new Error(`${name} has no proxy`)
  return proxy
}

function serverOf(name: Dialect): DialectServer {
  const server = servers.get(name)
  if (!server) throw new Error(`${name} was not started`)
  return server
}

function stageOf(name: Dialect): Stage {
  const stage = stages.get(name)
  if (!stage) throw new Error(`${name} was not started`)
  return stage
}
