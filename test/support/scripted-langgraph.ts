import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** One request as it arrived. */
export interface ScriptedRequest {
  readonly route: Route | 'other'
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The same, parsed as JSON. */
  readonly body: unknown
  /** Settles when the answer is whole, or when the other side has gone. */
  readonly closed: Promise<'answered' | 'aborted'>
}

/** Writes an answer, or leaves it hanging. */
export type Answer = (response: ServerResponse) => void | Promise<void>

/** A LangGraph server's endpoints, as far as this application uses them. */
export type Route = keyof typeof routes
const routes = {
  run: /^GET \/threads\/[^/]+\/runs\/[^/]+$/,
  stream: /^GET \/threads\/[^/]+\/runs\/[^/]+\/stream$/,
  runs: /^GET \/threads\/[^/]+\/runs$/,
  create: /^POST \/threads\/[^/]+\/runs$/,
  cancel: /^POST \/threads\/[^/]+\/runs\/[^/]+\/cancel$/,
  state: /^GET \/threads\/[^/]+\/state$/,
  history: /^POST \/threads\/[^/]+\/history$/,
  search: /^POST \/threads\/search$/,
  schemas: /^GET \/assistants\/[^/]+\/schemas$/,
  thread: /^GET \/threads\/[^/]+$/,
  info: /^GET \/info$/,
  assistant: /^GET \/assistants\/[^/]+$/,
} as const
const routeNames = Object.keys(routes).filter((name): name is Route => name in routes)

/**
 * A server for the faults that a real one does not produce on demand. What no test scripted is answered with 418, which
 * nothing takes for an answer.
 */
export class ScriptedLangGraph {
  readonly requests: ScriptedRequest[] = []
  #url = ''
  readonly #answers = new Map<Route, Answer[]>()
  readonly #server = createServer((request, response) => {
    // A client that went away while it was still asking.
    this.#answer(request, response).catch(() => response.destroy())
  })

  static async start(): Promise<ScriptedLangGraph> {
    const scripted = new ScriptedLangGraph()
    scripted.#server.listen(0, '127.0.0.1')
    await once(scripted.#server, 'listening')
    scripted.#url = `http://127.0.0.1:${String(Reflect.get(Object(scripted.#server.address()), 'port'))}`
    return scripted
  }

  /** Stays what it is when the server has stopped. */
  get url(): string {
    return this.#url
  }

  /** Answers in turn; the last one repeats. */
  on(route: Route, ...answers: readonly Answer[]): this {
    this.#answers.set(route, [...answers])
    return this
  }

  to(route: Route): ScriptedRequest[] {
    return this.requests.filter((request) => request.route === route)
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const closed = once(response, 'close').then(() => (response.writableFinished ? 'answered' : 'aborted'))
    const [path = '', query] = request.url?.split('?') ?? []
    const route = routeNames.find((name) => routes[name].test(`${request.method} ${path}`)) ?? 'other'
    const text = await bodyOf(request)
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    this.requests.push({ route, path, query: new URLSearchParams(query), headers: request.headers, text, body, closed })
    const answers = route === 'other' ? [] : (this.#answers.get(route) ?? [])
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? notScripted
    await answer(response)
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = await request.toArray()
  return Buffer.concat(chunks).toString('utf8')
}

interface Head {
  readonly status?: number
  readonly headers?: OutgoingHttpHeaders
}

export function text(body: string, { status = 200, headers = { 'content-type': 'text/plain' } }: Head = {}): Answer {
  return (response) => {
    response.writeHead(status, headers).end(body)
  }
}

export function json(value: unknown, { status = 200, headers = {} }: Head = {}): Answer {
  return text(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } })
}

const notScripted = text('not scripted', { status: 418 })

/** Not even headers. */
export const hang: Answer = () => undefined

/** The connection is reset before an answer comes. */
export const reset: Answer = ({ socket }) => {
  socket?.resetAndDestroy()
}

/** The headers come late. */
export function after(ms: number, answer: Answer): Answer {
  return async (response) => {
    await pause(ms)
    await answer(response)
  }
}

/** The body comes in pieces; a hang or a cut may come after the last. */
export function pieces(
  parts: readonly string[],
  { everyMs = 0, end = 'whole', headers = { 'content-type': 'application/json' } }: PiecesOptions = {},
): Answer {
  return async (response) => {
    response.writeHead(200, headers)
    for (const part of parts) {
      response.write(part)
      await pause(everyMs)
    }
    if (end === 'whole') response.end()
    if (end === 'cut') response.destroy()
  }
}

interface PiecesOptions {
  readonly everyMs?: number
  /** `whole`: ended as it should be. `cut`: the connection goes. `hang`: nothing more comes. */
  readonly end?: 'whole' | 'cut' | 'hang'
  readonly headers?: OutgoingHttpHeaders
}

/** An event of a stream. A text is sent as it is, anything else as JSON. */
export type ScriptedEvent = readonly [event: string, data: unknown]

interface EventsOptions extends Pick<PiecesOptions, 'end' | 'headers'> {
  readonly newline?: '\n' | '\r' | '\r\n'
  /** Sent after the last event, as the begin of one that never is whole. */
  readonly rest?: string
}

/** A stream of events. */
export function events(
  list: readonly ScriptedEvent[],
  { newline = '\n', rest = '', end = 'whole', headers = {} }: EventsOptions = {},
): Answer {
  const parts = list.map(([event, data], id) => {
    const body = typeof data === 'string' ? data : JSON.stringify(data)
    const lines = [`id: ${id}`, `event: ${event}`, ...body.split('\n').map((line) => `data: ${line}`), '', '']
    return lines.join(newline)
  })
  return pieces([...parts, rest].filter(Boolean), { end, headers: { 'content-type': 'text/event-stream', ...headers } })
}

/** Sends one piece again and again until `totalBytes` are out or the other side has had enough; `sent` counts. */
export function flood(piece: Buffer, totalBytes: number, headers: OutgoingHttpHeaders, status = 200) {
  const counted = { sent: 0 }
  const answer: Answer = async (response) => {
    response.writeHead(status, headers)
    const gone = once(response, 'close')
    while (counted.sent < totalBytes && !response.destroyed) {
      counted.sent += piece.length
      if (!response.write(piece)) await Promise.race([once(response, 'drain'), gone])
    }
    response.end()
  }
  return { counted, answer }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
