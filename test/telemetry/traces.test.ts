import { randomUUID } from 'node:crypto'
import { Client } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { orNotInstalled } from '../../src/telemetry/traces.ts'
import { CliProcess } from '../cli/cli-process.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { RecordingProxy } from '../support/recording-proxy.ts'
import { json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'
import { TraceCollector } from '../support/trace-collector.ts'
import { holding, WorkerStage } from '../support/worker-process.ts'
import type { WorkerProcess } from '../support/worker-process.ts'

/** Lists what of OpenTelemetry a process has loaded by its end. */
const listing = `process.on('exit', () => console.error('loaded of OpenTelemetry:', Object.keys(require('node:module')._cache).filter((file) => /opentelemetry/.test(file)).length))`
const listsModules = {
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('${import.meta.url}'); ${listing}`)}`,
}
const bytes = (text: string) => new TextEncoder().encode(text)
/** Headers that no tracer writes. */
const unreadable = [
  { metadata: { encoding: bytes('json/plain') }, data: bytes('{"traceparent') },
  { metadata: { encoding: bytes('json/plain') }, data: bytes('"00-1-1-01"') },
  { metadata: { encoding: bytes('binary/of-another-kind') }, data: bytes('\u0000') },
  { data: bytes('{}') },
]
const patience = { timeout: 30_000, interval: 50 }
const planted = `planted-${randomUUID()}`

let proxy: RecordingProxy
let collector: TraceCollector
let stage: WorkerStage

beforeAll(async () => {
  ;[proxy, collector] = await Promise.all([RecordingProxy.start(inject('langGraphUrl')), TraceCollector.start()])
  stage = await WorkerStage.open(proxy.url, {})
})

afterAll(async () => {
  await Promise.all([stage.close(), CliProcess.killAll()])
  await Promise.all([proxy.stop(), collector.stop()])
})

/** It ends with the test, so that it takes no work of the next one. */
async function startWorker(env: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const worker = await stage.startWorker('default', env)
  onTestFinished(() => worker.kill())
  return worker
}

function sent(line: RegExp) {
  return proxy.requests.filter((request) => line.test(request.line))
}

async function execute(env: Readonly<Record<string, string>>, seconds = 0) {
  const id = `traced/${randomUUID()}`
  const input = JSON.stringify({ symbol: planted, seconds })
  const options = ['--id', id, '--input', input, '--poll-interval', '1s', '--json', '--stream-resumable']
  const { code, stdout, stderr } = await CliProcess.start(['execute', 'work', ...options], {
    TEMPORAL_TASK_QUEUE: stage.taskQueue,
    ...env,
  }).ended
  expect(stderr).not.toContain('error')
  expect(code).toBe(0)
  const outcome: { run_id: string; thread_id: string; polling_metadata: { poll_count: number } } = JSON.parse(stdout)
  return { id, stderr, outcome, polls: outcome.polling_metadata.poll_count }
}

describe('with OTEL_EXPORTER_OTLP_ENDPOINT', () => {
  test('one trace goes from the start by the command line through all activities to LangGraph', async () => {
    const worker = await startWorker({ ...collector.env, ...listsModules })
    const { id, outcome, polls } = await execute({ ...collector.env, OTEL_SERVICE_NAME: 'the-starter' }, 2)
    await vi.waitUntil(() => collector.named('RunActivity:retrieveStreamValues').length > 0, patience)

    const [start] = collector.named('StartWorkflow:executeRun')
    expect(start).toMatchObject({
      parentSpanId: '',
      resource: { 'service.name': 'the-starter' },
      attributes: { temporalWorkflowId: id, 'langgraph.assistant_id': 'work' },
    })
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([start?.traceId]))
    const activities = collector.spans.filter((span) => span !== start)
    expect(activities.map(({ name }) => name).toSorted()).toEqual([
      'RunActivity:createRun',
      ...Array.from({ length: polls }, () => 'RunActivity:getRunStatus'),
      'RunActivity:retrieveStreamValues',
    ])
    expect(polls).toBeGreaterThan(1)
    const { run_id, thread_id } = outcome
    const ids = { 'langgraph.deployment': 'default', 'langgraph.run_id': run_id, 'langgraph.thread_id': thread_id }
    for (const activity of activities) {
      expect(activity).toMatchObject({
        parentSpanId: start?.spanId,
        resource: { 'service.name': 'langgraph-runs' },
        attributes: { temporalWorkflowId: id, ...ids },
      })
    }

    const [creation] = collector.named('RunActivity:createRun')
    expect(sent(/^POST .*\/runs$/).map(({ headers }) => headers['traceparent'])).toEqual([
      `00-${start?.traceId}-${creation?.spanId}-01`,
    ])
    const pollsSent = sent(new RegExp(`^GET /threads/${thread_id}/runs/${run_id}$`))
    const spansOfPolls = collector.named('RunActivity:getRunStatus')
    expect(new Set(pollsSent.map(({ headers }) => headers['traceparent']))).toEqual(
      new Set(spansOfPolls.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`)),
    )

    await worker.stop()
    expect(worker.log).toMatch(/loaded of OpenTelemetry: [1-9]/)
    const { secrets } = stage
    expect(holding(new Map([['the spans', collector.text]]), [planted, ...Object.values(secrets)])).toEqual([])
  })

  test('the trace goes on after continue-as-new', async () => {
    const endless = await ScriptedLangGraph.start()
    const ids = { threadId: randomUUID(), runId: randomUUID() }
    endless.on('run', json({ run_id: ids.runId, thread_id: ids.threadId, status: 'running' }))
    const env = { ...collector.env, TEMPORAL_TASK_QUEUE: stage.taskQueue }
    await startWorker({ ...env, LANGGRAPH_API_URL: endless.url })
    const command = CliProcess.start(['watch', ids.threadId, ids.runId, '--poll-interval', '1h'], env)
    const spans = () => collector.spans.filter(({ attributes }) => attributes['langgraph.run_id'] === ids.runId)
    await vi.waitUntil(() => spans().length === 2, patience)

    const handle = stage.client.workflow.getHandle(`watch-run/default/${ids.threadId}/${ids.runId}`)
    const { runId } = await handle.describe()
    // A KB counts as an event of the 4,000.
    for (let n = 0; n < 40; n += 1) await handle.signal('of any name', 'x'.repeat(110_000))
    await vi.waitUntil(async () => (await handle.describe()).runId !== runId, patience)
    await handle.signal('wake')
    await vi.waitUntil(() => spans().length === 4, patience)
    const executions = spans().filter(({ name }) => name === 'RunActivity:getRunStatus')
    expect(new Set(executions.map(({ attributes }) => attributes['run_id'])).size).toBe(2)
    expect(new Set(spans().map(({ traceId }) => traceId)).size).toBe(1)

    await handle.terminate()
    await command.ended
    await endless.stop()
  })

  test('a failed activity tells its type, and not the words of LangGraph, which may quote a graph', async () => {
    const refusing = await ScriptedLangGraph.start()
    refusing.on('run', json({ detail: `the input ${planted} is wrong` }, { status: 500 }))
    const env = { ...collector.env, TEMPORAL_TASK_QUEUE: stage.taskQueue }
    const worker = await startWorker({ ...env, LANGGRAPH_API_URL: refusing.url })
    const [threadId, runId] = [randomUUID(), randomUUID()]
    const { stdout } = await CliProcess.start(['watch', threadId, runId, '--max-poll-time', '1s', '--json'], env).ended
    // Whoever started it is told.
    expect(stdout).toContain(`the input ${planted} is wrong`)
    const failed = () => collector.spans.filter(({ attributes }) => attributes['langgraph.run_id'] === runId)
    await vi.waitUntil(() => failed().some(({ name }) => name === 'RunActivity:getRunStatus'), patience)
    await worker.stop()
    expect(collector.text).toContain('"exception.message"')
    expect(holding(new Map([['the spans', collector.text]]), [planted, 'node_modules', import.meta.dirname])).toEqual(
      [],
    )
    await refusing.stop()
  })

  test('a workflow that was started without a trace has no spans, and LangGraph gets no header', async () => {
    const before = collector.spans.length
    const worker = await startWorker(collector.env)
    const from = proxy.requests.length
    await execute({})
    await worker.stop()
    expect(collector.spans.slice(before)).toEqual([])
    expect(proxy.requests.slice(from).filter(({ headers }) => 'traceparent' in headers)).toEqual([])
  })

  test('a start whose trace cannot be read has no spans, and its outcome all the same', async () => {
    const before = collector.spans.length
    const worker = await startWorker(collector.env)
    const langGraph = new LangGraphRuns(inject('langGraphUrl'))
    for (const header of unreadable) {
      const { threadId, runId } = await langGraph.ended('work', { symbol: planted })
      const client = new Client({
        connection: stage.client.connection,
        interceptors: {
          workflow: [{ startWithDetails: (input, next) => next({ ...input, headers: { '_tracer-data': header } }) }],
        },
      })
      const runs = new BackgroundRuns(client, { taskQueue: stage.taskQueue })
      const outcome = await runs.watch({ threadId, runId, pollInterval: '1s', maxPollTime: '20s' })
      expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 1 } })
    }
    await worker.stop()
    expect(collector.spans.slice(before)).toEqual([])
  })

  test('a collector that hangs holds up neither the command nor the worker', async () => {
    const hanging = await TraceCollector.start('nothing')
    const env = { ...hanging.env, OTEL_EXPORTER_OTLP_TIMEOUT: '600000', OTEL_BSP_EXPORT_TIMEOUT: '600000' }
    const worker = await startWorker(env)
    await execute(env)
    expect((await worker.stop()).code).toBe(0)
    expect(hanging.requests).toBeGreaterThan(1)
    await hanging.stop()
  })

  test('a collector that is down is said once', async () => {
    const down = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_BSP_SCHEDULE_DELAY: '50' }
    const worker = await startWorker({ ...down, OTEL_EXPORTER_OTLP_TIMEOUT: '300' })
    await execute(down)
    await worker.said('traces cannot be exported')
    await worker.stop()
    expect(worker.log.split('traces cannot be exported')).toHaveLength(2)
  })

  test('a package that is not installed is named, and how to install it', async () => {
    const absent: string = 'not-installed-at-all'
    await expect(orNotInstalled(() => import(absent))).rejects.toThrow(
      /traces need not-installed-at-all, which is not installed: npm install @opentelemetry\/api/,
    )
  })
})

describe('without it', () => {
  test('no header is sent, and nothing of OpenTelemetry is loaded', async () => {
    const before = proxy.requests.length
    const worker = await startWorker(listsModules)
    const { id, stderr } = await execute(listsModules)
    await worker.stop()
    expect(stderr).toContain('loaded of OpenTelemetry: 0')
    expect(worker.log).toContain('loaded of OpenTelemetry: 0')
    const requests = proxy.requests.slice(before)
    expect(requests.length).toBeGreaterThan(3)
    expect(requests.filter(({ headers }) => 'traceparent' in headers)).toEqual([])
    const { events } = await stage.historyOf(stage.client.workflow.getHandle(id))
    expect(JSON.stringify(events)).not.toContain('_tracer-data')
  })

  test.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])('and with %j', async (off) => {
    const { stderr } = await CliProcess.start(['list'], { ...collector.env, ...off, ...listsModules }).ended
    expect(stderr).toContain('loaded of OpenTelemetry: 0')
  })
})
