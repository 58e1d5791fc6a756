import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { mostBodyBytes } from '../../src/webhook/app.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { post, Receiver, Sleepers } from './stage.ts'

let receiver: Receiver
let sleepers: Sleepers
beforeAll(async () => {
  receiver = await Receiver.start()
  sleepers = await Sleepers.open()
})
afterAll(() => Promise.all([receiver.stop(), sleepers.close()]))

describe('a genuine address', () => {
  test('wakes its workflow, whatever the body says', async () => {
    const watch = await sleepers.start()
    expect(await post(receiver.addressOf(watch.workflowId), 'not JSON {')).toBe(202)
    expect(await sleepers.signalsOf(watch)).toEqual(['wake'])
  })

  test('of a workflow that does not exist, or has ended, is taken: nobody is to try it again', async () => {
    const ended = await sleepers.start()
    await ended.terminate()
    expect(await receiver.wake('no such workflow')).toBe(202)
    expect(await receiver.wake(ended.workflowId)).toBe(202)
  })

  test('wakes a workflow whose id has slashes, spaces and letters beyond ASCII', async () => {
    expect(await receiver.wake('bestellung/ä b?#%/€')).toBe(202)
  })

  test('is not found in another namespace than the receiver has', async () => {
    expect(await post(receiver.addressOf('w', { namespace: 'other' }))).toBe(404)
  })
})

const tokenOf = (text: string) => createHmac('sha256', receiver.secret).update(text).digest('base64url')

describe('an address that was not made with the secret', () => {
  const id = Buffer.from('w').toString('base64url')
  test.each([
    ['of another secret', () => new URL(receiver.addressOf('w', { secret: randomUUID() })).pathname],
    ['with the token of another workflow', () => `/wake/default/${id}/${tokenOf('default/v')}`],
    ['with the token of another namespace', () => `/wake/default/${id}/${tokenOf('other/w')}`],
    ['with a part of the token', () => `/wake/default/${id}/${tokenOf('default/w').slice(0, -1)}`],
    ['with more than the token', () => `/wake/default/${id}/${tokenOf('default/w')}A`],
    ['with an id that is no base64', () => `/wake/default/!!/${tokenOf('default/w')}`],
  ])('%s is refused', async (_, path) => {
    expect(await post(`${receiver.url}${path()}`)).toBe(401)
  })

  test('wakes nobody', async () => {
    const watch = await sleepers.start()
    expect(await post(receiver.addressOf(watch.workflowId, { secret: randomUUID() }))).toBe(401)
    expect(await sleepers.signalsOf(watch)).toEqual([])
  })
})

test.each([
  ['GET', '/wake/default/dw/x', 404],
  ['POST', '/', 404],
  ['POST', '/wake/default/dw', 404],
  ['GET', '/healthz', 200],
])('%s %s is answered with %i and nothing else', async (method, path, status) => {
  const response = await fetch(`${receiver.url}${path}`, { method })
  expect({ status: response.status, body: await response.text() }).toEqual({ status, body: '' })
})

describe('many wakes', () => {
  test('of one workflow within a second are one signal now, and one when the second is over', async () => {
    const watch = await sleepers.start()
    const statuses = await Promise.all(Array.from({ length: 100 }, () => receiver.wake(watch.workflowId)))
    expect(new Set(statuses)).toEqual(new Set([202]))
    expect(await sleepers.signalsOf(watch)).toEqual(['wake', 'wake'])
  })

  test('of 1,000 workflows at once are all taken', async () => {
    // Not about the 3 s that Temporal has: on a busy machine it may need more for so many.
    const patient = await Receiver.start({ tellWithinMs: 45_000 })
    const watch = await sleepers.start()
    const ids = Array.from({ length: 999 }, (_, n) => `none/${n}`)
    const statuses = await Promise.all([...ids, watch.workflowId].map((id) => patient.wake(id)))
    expect(statuses.filter((status) => status !== 202)).toEqual([])
    expect(await sleepers.signalsOf(watch)).toEqual(['wake'])
    await patient.stop()
  })
})

/** Sends the begin of a request, and the rest never. @returns what comes back until the other side closes */
async function sendBegin(port: number, begin: string): Promise<{ socket: Socket; closed: Promise<string> }> {
  const socket = createConnection(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString()))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(begin)
  return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve(answer))) }
}

const beginOfPost = (address: string, header: string) =>
  `POST ${new URL(address).pathname} HTTP/1.1\r\nHost: receiver\r\n${header}\r\n\r\n`

describe('a sender', () => {
  test('with a body of more than 64 MB is refused, and wakes nobody', async () => {
    const watch = await sleepers.start()
    expect(await post(receiver.addressOf(watch.workflowId), 'x'.repeat(mostBodyBytes + 1))).toBe(413)
    expect(await sleepers.signalsOf(watch)).toEqual([])
  })

  test('with a body of 64 MB wakes its workflow', async () => {
    const watch = await sleepers.start()
    expect(await post(receiver.addressOf(watch.workflowId), 'x'.repeat(mostBodyBytes))).toBe(202)
    expect(await sleepers.signalsOf(watch)).toEqual(['wake'])
  })

  test('that does not say how much it sends is cut off after 64 MB', async () => {
    const begin = beginOfPost(receiver.addressOf('w'), 'Transfer-Encoding: chunked')
    const { socket, closed } = await sendBegin(receiver.port, begin)
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(2 ** 20), Buffer.from('\r\n')])
    const sendMore = () => {
      while (socket.writable && socket.write(chunk));
    }
    socket.on('drain', sendMore)
    sendMore()
    expect(await closed).toMatch(/^HTTP\/1\.1 202 /)
    expect(socket.bytesWritten).toBeGreaterThan(mostBodyBytes)
    expect(socket.bytesWritten).toBeLessThan(2 * mostBodyBytes)
  })

  test('that is slow with its body has its answer before, and a limited time for the rest', async () => {
    const short = await Receiver.start({ limits: { requestMs: 1500, headersMs: 1000 } })
    const watch = await sleepers.start()
    const { socket, closed } = await sendBegin(
      short.port,
      beginOfPost(short.addressOf(watch.workflowId), 'Content-Length: 10'),
    )
    await once(socket, 'data')
    expect(await sleepers.signalsOf(watch)).toEqual(['wake'])
    expect(await closed).toMatch(/^HTTP\/1\.1 202 /)
    await short.stop()
  })

  test('that is slow with its headers is cut off', async () => {
    const short = await Receiver.start({ limits: { headersMs: 1000, requestMs: 1500 } })
    const before = performance.now()
    const { closed } = await sendBegin(short.port, 'POST /wake')
    expect(await closed).toMatch(/^HTTP\/1\.1 408 /)
    expect(performance.now() - before).toBeLessThan(10_000)
    await short.stop()
  })

  test('beyond the number of connections is refused, until another has gone', async () => {
    const small = await Receiver.start({ limits: { connections: 1 } })
    const first = await sendBegin(small.port, 'POST /wake')
    const second = await sendBegin(small.port, 'GET /healthz HTTP/1.1\r\nHost: receiver\r\n\r\n')
    expect(await second.closed).toBe('')
    first.socket.destroy()
    await vi.waitFor(async () => expect((await fetch(`${small.url}/healthz`)).status).toBe(200), 10_000)
    await small.stop()
  })
})

describe('while Temporal', () => {
  test('is away, a wake is answered with 503; when it is back, it is taken', async () => {
    const proxy = await TcpProxy.start(`http://${inject('temporalAddress')}`)
    await proxy.refuse()
    const cut = await Receiver.start({ address: new URL(proxy.url).host })
    const watch = await sleepers.start()
    expect(await cut.wake(watch.workflowId)).toBe(503)
    await proxy.accept()
    await vi.waitFor(async () => expect(await cut.wake(watch.workflowId)).toBe(202), { timeout: 20_000 })
    expect(await sleepers.signalsOf(watch)).toEqual(['wake'])
    await cut.stop()
    await proxy.stop()
  })

  test('hangs, a wake is answered with 503 within 5 s', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const port = Number(Reflect.get(Object(silent.address()), 'port'))
    const cut = await Receiver.start({ address: `127.0.0.1:${port}` })
    const before = performance.now()
    expect(await cut.wake('w')).toBe(503)
    expect(performance.now() - before).toBeLessThan(5000)
    expect(cut.logged).toEqual([expect.stringMatching(/^WARN Temporal could not be told of a wake .*DEADLINE/)])
    await cut.stop()
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
})
