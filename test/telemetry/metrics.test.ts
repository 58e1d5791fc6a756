import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterAll, assert, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { WatchRunInput } from '../../src/client.ts'
import { openStates } from '../../src/domain/state.ts'
import { metricNames } from '../../src/telemetry/metric-names.ts'
import { freePort } from '../support/free-port.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerProcess, WorkerStage } from '../support/worker-process.ts'
import { metricsIn, scrape } from './exposition.ts'
import type { Sample } from './exposition.ts'

const patience = { timeout: 50_000, interval: 200 }
const aapl = { symbol: 'AAPL' }
const human = { since: new Date(Date.now() - 7_200_000).toISOString(), workflowId: `parked/${randomUUID()}` }
let stage: WorkerStage
let ports: { readonly worker: number; readonly receiver: number }
let programs: { readonly worker: WorkerProcess; readonly receiver: WorkerProcess }
let samples: readonly Sample[]

function found(name: string, labels: Readonly<Record<string, string>>): Sample[] {
  const isWanted = (sample: Sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
  return samples.filter((sample) => sample.name === name && isWanted(sample))
}

function sum(name: string, labels: Readonly<Record<string, string>>): number {
  return found(name, labels).reduce((total, { value }) => total + value, 0)
}

/** A workflow that no worker can carry out, with the memo of a watch whose run waits for a human. */
async function park(): Promise<void> {
  const memo = { deployment: 'default', thread_id: randomUUID(), run_id: randomUUID() }
  const { workflowId, since } = human
  await stage.client.workflow.start('parked', {
    workflowId,
    taskQueue: stage.taskQueue,
    memo: { langgraph: { ...memo, state: 'human', state_since: since } },
  })
  const query = `TaskQueue = '${stage.taskQueue}'`
  await vi.waitUntil(async () => (await stage.client.workflow.count(query)).count > 0, patience)
}

/** After a whole one, over the same connection. */
async function halfAScrape(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  // It is cut off.
  socket.on('error', () => undefined)
  socket.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n')
  await once(socket, 'data')
  socket.resume().write('GET /metrics HTTP/1.1\r\nhost: x\r\n')
  return socket
}

async function startReceiver(port: number): Promise<WorkerProcess> {
  const receiver = new WorkerProcess(
    {
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      WEBHOOK_LISTEN: '127.0.0.1:0',
      WEBHOOK_SECRET: randomUUID(),
      METRICS_LISTEN: `127.0.0.1:${port}`,
    },
    'src/webhook.ts',
  )
  closings.push(() => receiver.kill())
  await receiver.said('webhook receiver ready')
  const listening = receiver.lines.find(({ message }) => message === 'webhook receiver ready')
  const response = await fetch(`http://127.0.0.1:${String(listening?.['port'])}/wake/default/YQ/forged`, {
    method: 'POST',
  })
  assert.equal(response.status, 401)
  return receiver
}

async function cancelled(input: WatchRunInput): Promise<void> {
  const handle = await stage.runs.startWatch(input)
  await handle.cancel()
  await handle.result().catch(() => undefined)
}

const closings: (() => Promise<void>)[] = []

beforeAll(async () => {
  stage = await WorkerStage.open(inject('langGraphUrl'), { down: 'http://127.0.0.1:1' }, '1s')
  closings.push(() => stage.close())
  ports = { worker: await freePort(), receiver: await freePort() }
  await park()
  const [worker, receiver] = await Promise.all([
    stage.startWorker('all', { METRICS_LISTEN: `127.0.0.1:${ports.worker}` }),
    startReceiver(ports.receiver),
  ])
  programs = { worker, receiver }
  const langGraph = new LangGraphRuns(inject('langGraphUrl'))
  const [before, later] = await Promise.all([
    langGraph.ended('work', aapl),
    langGraph.create('work', { ...aapl, seconds: 5 }),
  ])
  await stage.runs.startWatch({ threadId: randomUUID(), runId: randomUUID(), deployment: 'down', pollInterval: '1s' })
  await Promise.all([
    cancelled({ threadId: randomUUID(), runId: randomUUID(), deployment: 'made-up', pollInterval: '1s' }),
    stage.runs.watch({ ...later, pollInterval: '1s' }),
    stage.runs.watch(before),
    stage.runs.execute(randomUUID(), { assistantId: 'work', input: aapl, pollInterval: '1s' }),
  ])
  await vi.waitUntil(async () => {
    samples = [...(await scrape(ports.worker)), ...(await scrape(ports.receiver))]
    const hasFailed = found(metricNames.polls, { deployment: 'down', result: 'unavailable' }).length > 0
    return hasFailed && found(metricNames.openWatches, { deployment: 'default', state: 'human' }).length > 0
  }, patience)
}, 120_000)

afterAll(() => Promise.all(closings.map((close) => close())))

const queue = () => ({ namespace: 'default', task_queue: stage.taskQueue })

describe('the metrics of a worker', () => {
  test('count its polls, and time them', () => {
    expect(sum('lg_polls', { deployment: 'default', result: 'ended', ...queue() })).toBe(3)
    expect(sum('lg_polls', { deployment: 'default', result: 'active', ...queue() })).toBeGreaterThan(0)
    const polls = sum('lg_polls', { deployment: 'default' })
    expect(sum('lg_poll_duration_seconds_count', { deployment: 'default', ...queue() })).toBe(polls)
    expect(found('lg_poll_duration_seconds_bucket', { deployment: 'default', le: '0.025' })).toHaveLength(1)
    expect(found('lg_poll_duration_seconds_sum', { deployment: 'down' })).toHaveLength(1)
  })

  test('count the watches that ended, and how late the ends of runs were seen', () => {
    expect(sum('lg_watches_ended', { deployment: 'default', state: 'success' })).toBe(3)
    // That of the run that had ended before anybody watched it is not late.
    expect(sum('lg_detection_lag_seconds_count', { deployment: 'default', ...queue() })).toBe(2)
    expect(sum('lg_detection_lag_seconds_bucket', { deployment: 'default', le: '660' })).toBe(2)
  })

  test('have no series for a deployment that a caller made up', () => {
    // Temporal has a workflow's last step repeated if something came meanwhile, and counts again.
    expect(sum('lg_watches_ended', { deployment: '(unknown)', state: 'cancelled' })).toBeGreaterThan(0)
    expect(found('lg_watches_ended', { deployment: 'made-up' })).toEqual([])
    expect(found('lg_polls', { deployment: 'made-up' })).toEqual([])
  })

  test('count the runs that it created', () => {
    expect(found('lg_creations', {})).toEqual([
      { name: 'lg_creations', labels: { deployment: 'default', result: 'created', ...queue() }, value: 1 },
    ])
  })

  test('tell of the open watches and the sweep', () => {
    const states = found('lg_open_watches', { deployment: 'default', ...queue() }).map(({ labels }) => labels['state'])
    expect(new Set(states)).toEqual(new Set(openStates))
    expect(sum('lg_open_watches', { deployment: 'default', state: 'human' })).toBe(1)
    expect(sum('lg_oldest_human_wait_seconds', { deployment: 'default', ...queue() })).toBeGreaterThan(7199)
    expect(sum('lg_sweep_age_seconds', { deployment: 'default', ...queue() })).toBeLessThan(60)
    expect(sum('lg_sweep_duration_seconds_count', { deployment: 'default', ...queue() })).toBeGreaterThan(0)
  })

  test('hold Temporal’s own, with their usual names', () => {
    expect(
      found('temporal_worker_task_slots_used', { worker_type: 'ActivityWorker', task_queue: stage.taskQueue }),
    ).toHaveLength(1)
  })

  test('are a mistake of the configuration if the port is taken', async () => {
    const worker = new WorkerProcess({
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      LANGGRAPH_API_URL: inject('langGraphUrl'),
      METRICS_LISTEN: `127.0.0.1:${ports.worker}`,
    })
    expect(await worker.exited).toEqual({ code: 1, signal: null })
    expect(worker.stderr).toMatch(
      /^ConfigError: The configuration has a mistake:\n- METRICS_LISTEN: metrics cannot be served on 127.0.0.1:\d+ \(.*[Aa]ddress.*in use.*\): choose another port/,
    )
  })
})

test('the metrics of the webhook receiver count its calls, from 0 on', () => {
  const byResult = found('lg_webhooks', {}).map(({ labels, value }) => [labels['result'], value])
  expect(Object.fromEntries(byResult)).toEqual({ told: 0, not_told: 0, forged: 1, other_namespace: 0, too_large: 0 })
})

function exported(): ReadonlySet<string> {
  return new Set(samples.map(({ name }) => name))
}

describe('what is for operators', () => {
  test('has every metric that the contract names', () => {
    const names = [...exported()].map((name) => name.replace(/_(bucket|sum|count)$/, ''))
    expect(names).toEqual(expect.arrayContaining(Object.values(metricNames)))
  })

  test.each(['ops/prometheus/alerts.yml', 'ops/grafana/langgraph-runs.json'])(
    '%s uses metrics that exist',
    async (file) => {
      const used = metricsIn(await readFile(file, 'utf8'))
      expect(used.length).toBeGreaterThan(5)
      expect(used.filter((name) => !exported().has(name))).toEqual([])
    },
  )
})

test('a scrape that never ends holds up the end of neither program', async () => {
  const sockets = await Promise.all(Object.values(ports).map(halfAScrape))
  const { worker, receiver } = programs
  expect(await Promise.all([worker.stop(), receiver.stop()])).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ])
  for (const socket of sockets) socket.destroy()
})
