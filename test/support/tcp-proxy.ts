import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** A request that the proxy keeps from the server until it is let go, or until the client has given up. */
interface HeldRequest {
  readonly socket: Socket
  readonly pass: () => void
}

/** Stands between the worker and a real LangGraph server, for the faults of a network. */
export class TcpProxy {
  /** The first line of each request that arrived, whatever became of it. */
  readonly requests: string[] = []
  readonly #serverPort: number
  readonly #sockets = new Set<Socket>()
  readonly #held = new Set<HeldRequest>()
  #holding: RegExp | undefined
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
    return this.#held.size
  }

  /** From now on every request whose first line is like this arrives here and goes no further. */
  hold(firstLine: RegExp): void {
    this.#holding = firstLine
  }

  /** Passes on what is held, and all that comes. */
  release(): void {
    this.#holding = undefined
    for (const { pass } of this.#held) pass()
    this.#held.clear()
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
      upstream.on('data', (chunk) => client.write(chunk))
    })
  }

  /** What becomes of one side becomes of the other. */
  #own(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    // Whatever it is, `close` follows.
    socket.on('error', () => undefined)
    socket.on('close', (hadError) => {
      this.#sockets.delete(socket)
      for (const held of this.#held) if (held.socket === socket) this.#held.delete(held)
      if (hadError) other.destroy()
      else other.end()
    })
  }

  /** A client sends its next request when it has the answer to the last, so that each begins a chunk. */
  #fromClient(client: Socket, upstream: Socket, chunk: Buffer): void {
    const [firstLine = ''] = /^[A-Z]+ \S+ HTTP\/1\.1(?=\r\n)/.exec(chunk.toString('latin1')) ?? []
    if (firstLine) this.requests.push(firstLine)
    const isRestOfHeld = [...this.#held].some(({ socket }) => socket === client)
    const pass = () => void upstream.write(chunk)
    if (isRestOfHeld || (firstLine && this.#holding?.test(firstLine))) this.#held.add({ socket: client, pass })
    else pass()
  }
}
