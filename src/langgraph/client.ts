import { Client } from '@langchain/langgraph-sdk'
import type { RunRef } from '../domain/run.ts'
import { infoAnswer } from './answers.ts'
import type { Answer } from './answers.ts'
import { BadAnswer, HttpError } from './errors.ts'
import { beginOf, guardedFetch } from './guarded-fetch.ts'
import type { Intake } from './intake.ts'
import type { Pace } from './pace.ts'
import { recordOf } from './wire.ts'

/** How to reach one LangGraph server. */
export interface ServerConfig {
  /** The deployment's name, for error texts. */
  readonly name: string
  readonly url: string
  readonly apiKey?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Whose workflows may use it: of these namespaces alone. Default: all that the worker serves. */
  readonly namespaces?: readonly string[]
  /** Whose workflows may use it: of the workers of these task queues alone. Default: all. */
  readonly taskQueues?: readonly string[]
  /** How often this worker asks it. Default: as often as it needs. */
  readonly maxRequestsPerSecond?: number
  /** A page about a run, for the Web UI: a URL with `{threadId}`, `{runId}` or `{assistantId}` in it. */
  readonly linkTemplate?: string
}

/** Headers that a request takes along beside the configured ones, as of the moment in which it is made. */
export type RequestHeaders = () => Readonly<Record<string, string>>

/** A backstop: every call comes with a signal of its own. */
const sdkTimeoutMs = 15_000

/** One server's client, which knows of each answer what is needed, and reads no more. */
export class LangGraphClient {
  readonly intake: Intake
  readonly #config: ServerConfig
  readonly #pace: Pace
  readonly #requestHeaders: RequestHeaders | undefined
  readonly #clients = new WeakMap<Answer, Client>()

  constructor(config: ServerConfig, intake: Intake, pace: Pace, requestHeaders?: RequestHeaders) {
    this.#config = config
    this.#pace = pace
    this.intake = intake
    this.#requestHeaders = requestHeaders
  }

  /** The SDK's client for requests that have this kind of answer. */
  reading(answer: Answer): Client {
    const known = this.#clients.get(answer)
    if (known) return known
    const { url, apiKey, headers = {} } = this.#config
    const client = new Client({
      apiUrl: url,
      // null: otherwise the SDK would send a LangSmith key from the environment to any server.
      apiKey: apiKey ?? null,
      defaultHeaders: headers,
      timeoutMs: sdkTimeoutMs,
      callerOptions: { maxRetries: 0, maxConcurrency: Infinity, fetch: this.#fetch(answer) },
    })
    this.#clients.set(answer, client)
    return client
  }

  /** What the server tells about itself. The SDK has no method for it. */
  async readInfo(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    const response = await this.#fetch(infoAnswer)(this.#at('/info'), {
      headers: this.#headers(),
      signal,
    })
    if (!response.ok) throw new HttpError(response, await response.text())
    return recordOf(await response.json())
  }

  /**
   * A run's stream, from its begin or as it is now. Not by the SDK, which parses every event, splits its lines without a
   * turn for anybody else, and reconnects by itself.
   */
  async openStream(
    { threadId, runId }: RunRef,
    from: 'begin' | 'now',
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const path = `/threads/${encodeURIComponent(threadId)}/runs/${encodeURIComponent(runId)}/stream`
    const response = await this.#send(this.#at(`${path}?cancel_on_disconnect=0`), {
      headers: { ...this.#headers(), ...(from === 'begin' && { 'last-event-id': '-1' }) },
      redirect: 'manual',
      signal,
    })
    if (!response.ok) throw new HttpError(response, await (await beginOf(response)).text())
    const type = response.headers.get('content-type') ?? 'text/event-stream'
    if (response.body && type.includes('text/event-stream')) return response.body
    await response.body?.cancel()
    throw new BadAnswer('is not an event stream')
  }

  #fetch(answer: Answer): typeof fetch {
    return guardedFetch(answer, this.intake, this.#send)
  }

  readonly #send: typeof fetch = (input, init) => {
    const more = Object.entries(this.#requestHeaders?.() ?? {})
    if (more.length === 0) return this.#pace.fetch(input, init)
    const headers = new Headers(init?.headers)
    for (const [name, value] of more) headers.set(name, value)
    return this.#pace.fetch(input, { ...init, headers })
  }

  #at(path: string): string {
    return `${this.#config.url.replace(/\/$/, '')}${path}`
  }

  #headers(): Readonly<Record<string, string>> {
    const { apiKey, headers } = this.#config
    return { ...headers, ...(apiKey !== undefined && { 'x-api-key': apiKey }) }
  }
}
