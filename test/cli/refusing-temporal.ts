import { once } from 'node:events'
import { connect, constants, createServer } from 'node:http2'
import type { ClientHttp2Stream, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'

interface Behind {
  /** Of the Temporal that answers the other calls. */
  readonly address: string
  /** As `QueryWorkflow`. */
  readonly refused: string
}

/** A Temporal, or a proxy in front of it, that answers every call, or one kind of call, with one error. */
export class RefusingTemporal {
  /** The names of the calls that came. */
  readonly calls: string[] = []
  readonly #server = createServer()
  readonly #sessions = new Set<ServerHttp2Session>()

  constructor(grpcStatus: number, message: string, behind?: Behind) {
    this.#server.on('session', (session) => this.#sessions.add(session))
    const temporal = behind && connect(`http://${behind.address}`)
    if (temporal) this.#server.on('close', () => temporal.destroy())
    this.#server.on('stream', (stream, headers) => {
      const call = String(headers[':path']).split('/').at(-1) ?? ''
      this.calls.push(call)
      if (temporal && call !== behind.refused) return forward(stream, temporal.request(headers))
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

function forward(stream: ServerHttp2Stream, call: ClientHttp2Stream): void {
  let trailers: IncomingHttpHeaders = {}
  call.on('response', (headers, flags) => {
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    stream.respond(headers, endStream ? { endStream } : { waitForTrailers: true })
  })
  call.on('trailers', (received) => (trailers = received))
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  for (const one of [stream, call]) one.on('error', () => undefined)
  stream.on('close', () => call.close())
  stream.pipe(call).pipe(stream)
}
