import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'

/** A Temporal, or what stands before it, that answers every call with one error. */
export class RefusingTemporal {
  /** The names of the calls that came. */
  readonly calls: string[] = []
  readonly #server = createServer()
  readonly #sessions = new Set<ServerHttp2Session>()

  constructor(grpcStatus: number, message: string) {
    this.#server.on('session', (session) => this.#sessions.add(session))
    this.#server.on('stream', (stream, headers) => {
      this.calls.push(String(headers[':path']).split('/').at(-1) ?? '')
      const refusal = { 'content-type': 'application/grpc', 'grpc-status': grpcStatus, 'grpc-message': message }
      stream.respond({ ':status': 200, ...refusal }, { endStream: true })
    })
  }

  /** @returns its address */
  async listen(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address: AddressInfo = Object(this.#server.address())
    return `127.0.0.1:${address.port}`
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const session of this.#sessions) session.destroy()
    await closed
  }
}
