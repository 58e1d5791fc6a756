import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'

/** A span as it was exported, with what its process says of itself. */
export interface CollectedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly resource: Readonly<Record<string, unknown>>
}

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number }
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string
        readonly traceId: string
        readonly spanId: string
        readonly parentSpanId?: string
        readonly attributes: readonly Attribute[]
      }[]
    }[]
  }[]
}

/** A collector of traces: OTLP as http/json. */
export class TraceCollector {
  readonly spans: CollectedSpan[] = []
  /** All that was sent, as text. */
  text = ''
  requests = 0
  #port = 0
  readonly #answers: 'all' | 'nothing'
  readonly #server = createServer((request, response) => {
    void this.#collect(request).then(() => {
      if (this.#answers === 'all') response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })

  /** @param answers `nothing`: it takes connections, and hangs */
  static async start(answers: 'all' | 'nothing' = 'all'): Promise<TraceCollector> {
    const collector = new TraceCollector(answers)
    collector.#server.listen(0, '127.0.0.1')
    await once(collector.#server, 'listening')
    collector.#port = Number(Reflect.get(Object(collector.#server.address()), 'port'))
    return collector
  }

  private constructor(answers: 'all' | 'nothing') {
    this.#answers = answers
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** The variables of a process that is to send its spans here soon. */
  get env() {
    return { OTEL_EXPORTER_OTLP_ENDPOINT: this.url, OTEL_BSP_SCHEDULE_DELAY: '100' }
  }

  named(name: string): CollectedSpan[] {
    return this.spans.filter((span) => span.name === name)
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #collect(request: IncomingMessage): Promise<void> {
    this.requests += 1
    const text = Buffer.concat(await request.toArray()).toString('utf8')
    this.text += text
    const { resourceSpans }: Export = JSON.parse(text)
    for (const { resource, scopeSpans } of resourceSpans) {
      const spans = scopeSpans.flatMap((scope) => scope.spans)
      for (const { name, traceId, spanId, parentSpanId = '', attributes } of spans) {
        const span = { name, traceId, spanId, parentSpanId, attributes: byKey(attributes) }
        this.spans.push({ ...span, resource: byKey(resource.attributes) })
      }
    }
  }
}

function byKey(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]))
}
