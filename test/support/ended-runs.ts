import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server on which every run that is asked for has ended, with the same values, whatever its id. A thread has the id of its run. */
export interface EndedRuns {
  readonly url: string
  stop(): Promise<void>
}

/** @param values JSON, which may be large: it is sent as it is */
export async function startEndedRuns(values: string): Promise<EndedRuns> {
  const server = createServer((request, response) => {
    const [, , threadId, what, runId] = (request.url ?? '').split(/[/?]/)
    request.resume()
    response.setHeader('content-type', 'application/json')
    const run = { run_id: runId, thread_id: threadId, status: 'success', kwargs: { resumable: false } }
    const own = { run_id: threadId, source: 'loop' }
    const state = { next: [], tasks: [], metadata: own, checkpoint: { checkpoint_id: 'c' } }
    if (what === 'runs') return response.end(JSON.stringify(run))
    if (what === 'history') return response.end(JSON.stringify([state]))
    if (what !== 'state') return response.writeHead(404).end('{}')
    const whole = `{"values":${values},${JSON.stringify(state).slice(1)}`
    return response.setHeader('content-length', Buffer.byteLength(whole)).end(whole)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port }: AddressInfo = Object(server.address())
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
