import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { fetchResult, resultStore } from '../../src/client.ts'
import type { ResultStore } from '../../src/client.ts'

const MB = 1024 * 1024
const sha256 = 'a'.repeat(64)
const reference = {
  url: `s3://results/default/default/t/r/${sha256}.json`,
  sha256,
  bytes: 5 * MB,
  content_type: 'application/json',
} as const

/** Sends 64 MB, as long as somebody reads them. */
let status = 500
let sentBytes = 0
const server = createServer((request, response) => {
  request.resume()
  response.writeHead(status, { 'content-type': 'application/xml' })
  const piece = Buffer.alloc(MB / 4, 'x')
  const send = () => {
    while (sentBytes < 64 * MB && !response.destroyed) {
      sentBytes += piece.length
      if (!response.write(piece)) return response.once('drain', send)
    }
    return response.end()
  }
  send()
})
let store: ResultStore
beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  sentBytes = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo
  store = resultStore(`s3://results?endpoint=http://127.0.0.1:${port}&forcePathStyle=true`)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

const read = () => fetchResult(reference, store)
const write = () =>
  store.keep('default', { deployment: 'default', threadId: 't', runId: 'r' }, [Buffer.from('{}')], AbortSignal.any([]))

/** What the sockets hold of an answer that nobody reads is less. */
const mostBytes = 16 * MB

test.each([
  ['a refusal to read', 500, read],
  ['a refusal to write', 503, write],
])('of %s without end only the begin is read', async (_, answered, ask) => {
  status = answered
  await expect(ask()).rejects.toMatchObject({
    type: 'ResultStoreUnavailable',
    message: `The result store s3://results answers HTTP ${answered}`,
  })
  expect(sentBytes).toBeLessThan(mostBytes)
})

test('of an acceptance without end only the begin is read', async () => {
  status = 200
  await expect(write()).resolves.toMatchObject({ bytes: 2 })
  expect(sentBytes).toBeLessThan(mostBytes)
})

test('of an object that is longer than the result no more is read than that', async () => {
  status = 200
  await expect(read()).rejects.toMatchObject({ type: 'StoredResultAltered' })
  expect(sentBytes).toBeLessThan(mostBytes + reference.bytes)
})
