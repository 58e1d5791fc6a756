import { randomUUID } from 'node:crypto'
import { context, propagation, trace } from '@opentelemetry/api'
import { defaultResource } from '@opentelemetry/resources'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { Client, Connection } from '@temporalio/client'
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { LangGraphRunsPlugin, openTelemetryTraces } from '../../src/plugin.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { RecordingProxy } from '../support/recording-proxy.ts'

// A user's own OpenTelemetry SDK, in this process.
const exporter = new InMemorySpanExporter()
const processor = new SimpleSpanProcessor(exporter)
let proxy: RecordingProxy

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } })
  new NodeTracerProvider({ spanProcessors: [processor] }).register()
  proxy = await RecordingProxy.start(inject('langGraphUrl'))
})

afterAll(async () => {
  for (const api of [trace, context, propagation]) api.disable()
  await proxy.stop()
})

/** Their plugin sends the spans of the sandbox here, which this SDK cannot export as OTLP. */
function official(): OpenTelemetryPlugin {
  const resource: ConstructorParameters<typeof OpenTelemetryPlugin>[0]['resource'] = Object(defaultResource())
  const spanProcessor: ConstructorParameters<typeof OpenTelemetryPlugin>[0]['spanProcessor'] = Object(processor)
  return new OpenTelemetryPlugin({ resource, spanProcessor })
}

describe('a worker with an OpenTelemetry SDK of its own', () => {
  test.each([
    { title: 'and this plugin alone', others: () => [] },
    { title: "and Temporal's own plugin, beside which nothing is added", others: () => [official()] },
  ])('$title has one span for each activity, in one trace', async ({ others }) => {
    exporter.reset()
    const address = inject('temporalAddress')
    const servers = [{ name: 'default', url: proxy.url }]
    const ours = new LangGraphRunsPlugin({ servers, sweepInterval: 'none', traces: await openTelemetryTraces() })
    const connection = await NativeConnection.connect({ address, plugins: [...others(), ours] })
    const taskQueue = randomUUID()
    const worker = await Worker.create({ connection, taskQueue })
    const client = await Connection.connect({ address })
    const { client: interceptor } = await openTelemetryTraces()
    const runs = new BackgroundRuns(new Client({ connection: client, interceptors: { workflow: [interceptor] } }), {
      taskQueue,
    })
    const ids = await new LangGraphRuns(inject('langGraphUrl')).ended('work', { symbol: 'AAPL' })
    const outcome = await trace
      .getTracer('a user')
      .startActiveSpan('their request', (span) => worker.runUntil(runs.watch(ids)).finally(() => span.end()))
    await Promise.all([connection.close(), client.close()])

    expect(outcome.polling_result).toBe('success_with_results')
    const spans = exporter.getFinishedSpans()
    const theirs = spans.find(({ name }) => name === 'their request')
    const activities = spans.filter(({ name }) => name.startsWith('RunActivity:'))
    expect(activities.map(({ name }) => name)).toEqual(['RunActivity:getRunStatus', 'RunActivity:retrieveThreadState'])
    for (const span of activities) {
      expect(span.spanContext().traceId).toBe(theirs?.spanContext().traceId)
      expect(span.attributes).toMatchObject({ 'langgraph.run_id': ids.runId, 'langgraph.deployment': 'default' })
    }
    const [poll] = proxy.requests.filter(({ line }) => line.endsWith(`/runs/${ids.runId}`))
    expect(poll?.headers['traceparent']).toContain(activities[0]?.spanContext().spanId)
    proxy.requests.length = 0
  })
})
