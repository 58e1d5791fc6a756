import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** What the proxy keeps from one side until it is let go, or until the client has given up. */
interface Held {
  readonly client: Socket
  readonly pass: () => void
  readonly outlivesClient?: boolean
}

/** Stands between the worker and a real LangGraph server, for the faults of a network. */
export class TcpProxy {
  /** The first line of each request that arrived, whatever became of it. */
  readonly requests: string[] = []
  /** The HTTP status of each answer that the server gave, whatever became of it. */
  readonly statuses: number[] = []
  readonly #serverPort: number
  readonly #sockets = new Set<Socket>()
  readonly #held = new Set<Held>()
  readonly #heldAnswers = new Set<Held>()
  /** Clients whose last request has an answer that is to be held. */
  readonly #unanswered = new Set<Socket>()
  readonly #late = new Map<Socket, Socket>()
  #holding: RegExp | undefined
  #holdingAnswers: RegExp | undefined
  #isDelaying = false
  #server: Server
  #port = 0

  static async start(serverUrl: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(Number(new URL(serverUrl).port))
    await proxy.#listen()
    return proxy
  }

  private constructor(serverPort: number) {
    this.#serverPort = serverPort
    this.#server = this.#createServer()
  }

  /** Stays what it is while the proxy refuses. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** How many requests hang here now. */
  get held(): number {
    return this.#clientsOf(this.#held)
  }

  /** How many answers hang here now. */
  get heldAnswers(): number {
    return this.#clientsOf(this.#heldAnswers)
  }

  /** From now on every request whose first line is like this arrives here and goes no further. */
  hold(firstLine: RegExp): void {
    this.#holding = firstLine
    this.#isDelaying = false
  }

  /** The same, but a request still reaches the server on `release` when its client has long given up, as out of a slow network. */
  delay(firstLine: RegExp): void {
    this.#holding = firstLine
    this.#isDelaying = true
  }

  /** From now on every request whose first line is like this reaches the server, and its answer goes no further than here. */
  holdAnswers(firstLine: RegExp): void {
    this.#holdingAnswers = firstLine
  }

  /** What is held stays here, and what comes is passed on. */
  holdNoMore(): void {
    this.#holding = undefined
    this.#holdingAnswers = undefined
  }

  /** Passes on what is held, and all that comes. */
  release(): void {
    this.holdNoMore()
    this.#unanswered.clear()
    for (const held of [this.#held, this.#heldAnswers]) {
      for (const { pass } of held) pass()
      held.clear()
    }
  }

  /** Breaks all connections and takes no new ones: "connection refused". */
  async refuse(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }

  /** Takes connections again, on the same port. */
  async accept(): Promise<void> {
    this.#server = this.#createServer()
    await this.#listen()
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.refuse()
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = Number(Reflect.get(Object(this.#server.address()), 'port'))
  }

  #createServer(): Server {
    return createServer((client) => {
      const upstream = createConnection(this.#serverPort, '127.0.0.1')
      this.#own(client, upstream)
      this.#own(upstream, client)
      client.on('data', (chunk) => this.#fromClient(client, upstream, chunk))
      upstream.on('data', (chunk) => this.#fromServer(client, chunk))
    })
  }

  #clientsOf(held: ReadonlySet<Held>): number {
    return new Set([...held].map(({ client }) => client)).size
  }

  /** What becomes of one side becomes of the other. */
  #own(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    // Whatever it is, `close` follows.
    socket.on('error', () => undefined)
    socket.on('close', (hadError) => {
      this.#sockets.delete(socket)
      this.#unanswered.delete(socket)
      for (const held of [this.#held, this.#heldAnswers]) {
        for (const item of held) if (item.client === socket && !item.outlivesClient) held.delete(item)
      }
      if (hadError) other.destroy()
      else other.end()
    })
  }

  /** A client sends its next request when it has the answer to the last, so that each begins a chunk. */
  #fromClient(client: Socket, upstream: Socket, chunk: Buffer): void {
    const [firstLine = ''] = /^[A-Z]+ \S+ HTTP\/1\.1(?=\r\n)/.exec(chunk.toString('latin1')) ?? []
    if (firstLine) this.requests.push(firstLine)
    if (firstLine && this.#holdingAnswers?.test(firstLine)) this.#unanswered.add(client)
    const isRestOfHeld = [...this.#held].some((held) => held.client === client)
    if (!isRestOfHeld && !(firstLine && this.#holding?.test(firstLine))) upstream.write(chunk)
    else if (this.#isDelaying)
      this.#held.add({ client, pass: () => this.#sendLate(client, chunk), outlivesClient: true })
    else this.#held.add({ client, pass: () => void upstream.write(chunk) })
  }

  /** Over a connection of its own: by now the server may have closed the other. */
  #sendLate(client: Socket, chunk: Buffer): void {
    const late = this.#late.get(client) ?? createConnection(this.#serverPort, '127.0.0.1')
    if (!this.#late.has(client)) {
      this.#late.set(client, late)
      this.#own(late, client)
      late.on('data', (answer) => this.#fromServer(client, answer))
    }
    late.write(chunk)
  }

  #fromServer(client: Socket, chunk: Buffer): void {
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(chunk.toString('latin1')) ?? []
    if (status) this.statuses.push(Number(status))
    const pass = () => void client.write(chunk)
    if (this.#unanswered.has(client)) this.#heldAnswers.add({ client, pass })
    else pass()
  }
}
