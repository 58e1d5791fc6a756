import { once } from 'node:events'
import { createServer, request as forwarded } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream/promises'

interface Recorded {
  /** As in `POST /threads/…/runs`. */
  readonly line: string
  readonly headers: IncomingHttpHeaders
}

/** Stands before a real server, and keeps the headers of all requests. */
export class RecordingProxy {
  readonly requests: Recorded[] = []
  #port = 0
  readonly #server = createServer((request, response) => {
    const { method, url, headers } = request
    this.requests.push({ line: `${method} ${url}`, headers })
    const onward = forwarded(`${this.#serverUrl}${url}`, { method: method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      void pipeline(answer, response).catch(() => undefined)
    })
    onward.on('error', () => response.destroy())
    void pipeline(request, onward).catch(() => undefined)
  })
  readonly #serverUrl: string

  static async start(serverUrl: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(serverUrl)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    proxy.#port = Number(Reflect.get(Object(proxy.#server.address()), 'port'))
    return proxy
  }

  private constructor(serverUrl: string) {
    this.#serverUrl = serverUrl
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
