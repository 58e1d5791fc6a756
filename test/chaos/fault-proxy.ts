import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { chanceOf, Deck, Tally } from './chance.ts'
import { requestFaultNames, requestFaults, requestsADeck } from './request-faults.ts'
import type { RequestFault } from './request-faults.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

type Card = RequestFault | 'passed on'
const cards: readonly [Card, ...Card[]] = [
  'passed on',
  ...Array<Card>(requestsADeck - requestFaultNames.length - 1).fill('passed on'),
  ...requestFaultNames,
]
const uuids = /[0-9a-f]{8}-[0-9a-f-]{27}/g

/**
 * Stands before a LangGraph server, and spoils 30 % of the requests. Each kind of request has a deck of its own, so that the
 * n-th creation of a run meets the same fault under the same seed.
 */
export class FaultProxy {
  readonly faults = new Tally(requestFaultNames)
  /** Those that might have met a fault. */
  requests = 0
  #isCalm: boolean
  #port = 0
  readonly #serverUrl: string
  readonly #seed: string
  readonly #chance: () => number
  readonly #decks = new Map<string, Deck<Card>>()
  readonly #server = createServer((request, response) => {
    // Either side may go away at any time.
    this.#serve(request, response).catch(() => response.destroy())
  })

  /** @param isCalm from the begin */
  static async start(serverUrl: string, seed: string, isCalm: boolean): Promise<FaultProxy> {
    const proxy = new FaultProxy(serverUrl, seed, isCalm)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    proxy.#port = Number(Reflect.get(Object(proxy.#server.address()), 'port'))
    return proxy
  }

  private constructor(serverUrl: string, seed: string, isCalm: boolean) {
    this.#serverUrl = serverUrl
    this.#seed = seed
    this.#chance = chanceOf(seed, 'within faults')
    this.#isCalm = isCalm
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** From now on all requests are passed on. */
  calm(): void {
    this.#isCalm = true
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#isCalm) return passOn(this.#serverUrl, request, response)
    this.requests += 1
    const card = this.#deckOf(request).draw()
    if (card === 'passed on') return passOn(this.#serverUrl, request, response)
    const body = Buffer.concat(await request.toArray())
    this.faults.count(card)
    await requestFaults[card](
      new Exchange({ serverUrl: this.#serverUrl, request, body, response, chance: this.#chance() }),
    )
  }

  #deckOf({ method, url = '' }: IncomingMessage): Deck<Card> {
    const kind = `${method} ${url.replace(/\?.*/, '').replaceAll(uuids, ':id')}`
    const known = this.#decks.get(kind)
    if (known) return known
    const deck = new Deck<Card>(cards, chanceOf(this.#seed, kind))
    this.#decks.set(kind, deck)
    return deck
  }
}

interface Parts {
  readonly serverUrl: string
  readonly request: IncomingMessage
  readonly body: Buffer
  readonly response: ServerResponse
  readonly chance: number
}

/** One request that meets a fault. */
export class Exchange {
  /** From 0 to 1. */
  readonly chance: number
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
    this.chance = parts.chance
  }

  /** Has the server carry it out, whether or not the client still waits. */
  async forward(): Promise<Answer> {
    const { serverUrl, request, body } = this.#parts
    const onward = onwardRequest(serverUrl, request)
    onward.end(body)
    const answer = await answerTo(onward)
    const chunks: Buffer[] = await answer.toArray()
    return { status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(chunks) }
  }

  refuse(status: number, headers: OutgoingHttpHeaders = {}): void {
    this.#parts.response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end('chaos')
  }

  answer({ status, headers, body }: Answer): void {
    this.#parts.response.writeHead(status, headers).end(body)
  }

  /** The connection breaks in the middle of the answer. */
  cut({ status, headers, body }: Answer): void {
    const { response } = this.#parts
    response.writeHead(status, headers)
    const half = body.subarray(0, body.length / 2)
    response.write(half, () => response.destroy())
  }

  async untilGone(): Promise<void> {
    const { response } = this.#parts
    if (!response.destroyed) await once(response, 'close')
  }
}

async function passOn(serverUrl: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const onward = onwardRequest(serverUrl, request)
  const [answer] = await Promise.all([answerTo(onward), pipeline(request, onward)])
  response.writeHead(answer.statusCode ?? 502, answer.headers)
  await pipeline(answer, response)
}

/** Over a connection of its own, which nobody keeps open. */
function onwardRequest(serverUrl: string, { method = 'GET', url, headers }: IncomingMessage) {
  return send(`${serverUrl}${url}`, { method, headers: { ...headers, connection: 'close' }, agent: false })
}

async function answerTo(onward: ReturnType<typeof send>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    onward.once('response', resolve)
    onward.on('error', reject)
  })
}
