import { setTimeout as pause } from 'node:timers/promises'
import type { SpanExporter } from '@opentelemetry/sdk-trace-node'
import { openTelemetryTraces, orNotInstalled } from './traces.ts'
import type { Traces } from './traces.ts'

/** A collector that hangs delays the end of the process by no more. */
const longestFlushMs = 2000
const defaultServiceName = 'langgraph-runs'

export interface ExportedTraces extends Traces {
  /** Sends what has not been sent, within 2 s. */
  end(): Promise<void>
}

interface ExportOptions {
  /** Spans are sent as they end; otherwise together, every 5 s. */
  readonly isBrief: boolean
  /** Called once when an export fails, and again if a later one does after one that did not. */
  readonly onOutage?: (reason: string) => void
}

/**
 * Registers OpenTelemetry's SDK in this process, which sends its spans as OTLP (http/json). It reads its variables by
 * itself: endpoint, headers, sampler, service name.
 *
 * @throws ConfigError if a package is not installed
 */
export async function exportTraces({ isBrief, onOutage = () => {} }: ExportOptions): Promise<ExportedTraces> {
  const traces = await openTelemetryTraces()
  const [sdk, { OTLPTraceExporter }, resources] = await orNotInstalled(() =>
    Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]),
  )
  const exporter = toldOnce(new OTLPTraceExporter(), onOutage)
  const processor = isBrief ? new sdk.SimpleSpanProcessor(exporter) : new sdk.BatchSpanProcessor(exporter)
  const resource = resources
    .defaultResource()
    .merge(resources.resourceFromAttributes({ 'service.name': defaultServiceName }))
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
  const provider = new sdk.NodeTracerProvider({ resource, spanProcessors: [processor] })
  provider.register()
  return {
    ...traces,
    end: async () => {
      const isOver = new AbortController()
      const flushed = provider.shutdown().catch(() => undefined)
      const limit = pause(longestFlushMs, undefined, { signal: isOver.signal }).catch(() => undefined)
      await Promise.race([flushed, limit])
      isOver.abort()
    },
  }
}

/** The SDK itself says nothing of an export that failed. */
function toldOnce(exporter: SpanExporter, onOutage: (reason: string) => void): SpanExporter {
  let isOutage = false
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error && !isOutage) onOutage(result.error.message)
        isOutage = result.error !== undefined
        done(result)
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  }
}
