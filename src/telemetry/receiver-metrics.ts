import { once } from 'node:events'
import { createServer } from 'node:http'
import { metricNames } from './metric-names.ts'

const results = ['told', 'not_told', 'forged', 'other_namespace', 'too_large'] as const
/** What became of a call of the webhook receiver. */
export type WebhookResult = (typeof results)[number]

/** Counts the calls of the webhook receiver, which has no native part of Temporal to export metrics. */
export class WebhookCounter {
  /** They begin at 0, so that an alert sees the first one. */
  readonly #counts = new Map<WebhookResult, number>(results.map((result) => [result, 0]))

  add(result: WebhookResult): void {
    this.#counts.set(result, (this.#counts.get(result) ?? 0) + 1)
  }

  /** In Prometheus' text format. */
  text(): string {
    const { webhooks: name } = metricNames
    const lines = Array.from(this.#counts, ([result, count]) => `${name}{result="${result}"} ${count}`)
    return [`# HELP ${name} Calls of the webhook receiver`, `# TYPE ${name} counter`, ...lines, ''].join('\n')
  }
}

/**
 * Serves `/metrics`, away from the port that LangGraph reaches.
 *
 * @returns ends it
 * @throws as `net.Server.listen` does
 */
export async function serveMetrics(
  counter: WebhookCounter,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<() => void> {
  const server = createServer(({ method, url }, response) => {
    if (method !== 'GET' || url !== '/metrics') return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(counter.text())
  })
  server.listen(port, host)
  await once(server, 'listening')
  return () => {
    server.close()
    server.closeAllConnections()
  }
}
