import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** The way to a server, which can be cut: to a client the server is then gone. */
export class TcpLink {
  readonly #serverPort: number
  readonly #sockets = new Set<Socket>()
  /** `undefined` while the link is cut. */
  #server: Server | undefined
  #port = 0

  static async to(serverUrl: string): Promise<TcpLink> {
    const link = new TcpLink(Number(new URL(serverUrl).port))
    await link.restore()
    return link
  }

  private constructor(serverPort: number) {
    this.#serverPort = serverPort
  }

  /** It stays the same while the link is cut. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Resets the open connections and refuses new ones. */
  async cut(): Promise<void> {
    if (!this.#server) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server = undefined
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
  }

  /** Takes connections again, on the same port. */
  async restore(): Promise<void> {
    const server = this.#createServer().listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = Number(Reflect.get(Object(server.address()), 'port'))
    this.#server = server
  }

  #createServer(): Server {
    return createServer((client) => {
      const upstream = createConnection(this.#serverPort, '127.0.0.1')
      this.#connect(client, upstream)
      this.#connect(upstream, client)
    })
  }

  /** What one side sends reaches the other, and so does its end. */
  #connect(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.pipe(to)
    // `close` follows every error.
    from.on('error', () => undefined)
    from.on('close', (hadError) => {
      this.#sockets.delete(from)
      if (hadError) to.destroy()
    })
  }
}
