import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { FaultProxy } from './fault-proxy.ts'
import { requestFaultNames, requestsADeck } from './request-faults.ts'

const answer = 'an answer that is long enough to be cut'
const server = createServer((request, response) => {
  request.resume()
  arrived += 1
  response.end(answer)
})
let arrived = 0
let serverUrl: string

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  serverUrl = `http://127.0.0.1:${Reflect.get(Object(server.address()), 'port')}`
})
afterAll(() => server.close())

/** @returns what came of each request, and what ends those that hang */
function askAll({ url }: FaultProxy, count: number) {
  const seen: string[] = []
  const hanging = new AbortController()
  const asked = Array.from({ length: count }, async () => {
    const request = fetch(`${url}/runs`, { method: 'POST', body: 'x', signal: hanging.signal })
    const text = await request.then(
      async (response) => `${response.status} ${await response.text().catch(() => 'cut')}`,
      () => 'nothing',
    )
    seen.push(text)
  })
  return { seen, all: Promise.all(asked), hanging }
}

test('of 30 requests of one kind 9 meet a fault, each another one', async () => {
  const proxy = await FaultProxy.start(serverUrl, 'a', false)
  const { seen, all, hanging } = askAll(proxy, requestsADeck)
  // Two of them are late, and two hang.
  await vi.waitFor(() => expect(seen).toHaveLength(28), { timeout: 30_000 })
  hanging.abort()
  await all
  expect(proxy.faults.entries).toEqual(requestFaultNames.map((name) => [name, 1]))
  const withoutCode = seen.map((text) => text.replace(/^50\d/, '5xx'))
  const counts = new Map(withoutCode.map((text) => [text, withoutCode.filter((other) => other === text).length]))
  expect(Object.fromEntries(counts)).toEqual({
    [`200 ${answer}`]: 24,
    '5xx chaos': 2,
    '429 chaos': 1,
    '200 cut': 1,
    nothing: 2,
  })
  // One twice, and three not at all.
  expect(arrived).toBe(28)
  await proxy.stop()
})

test('when it is calm, all are passed on', async () => {
  const proxy = await FaultProxy.start(serverUrl, 'b', true)
  const { seen, all } = askAll(proxy, requestsADeck)
  await all
  expect(new Set(seen)).toEqual(new Set([`200 ${answer}`]))
  await proxy.stop()
})
