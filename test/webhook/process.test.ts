import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { webhookUrl } from '../../src/client.ts'
import { mostBodyBytes } from '../../src/webhook/app.ts'
import { WorkerProcess } from '../support/worker-process.ts'
import { post } from './stage.ts'

const secret = `planted-${randomUUID()}`

function start(env: Readonly<Record<string, string>>): WorkerProcess {
  const usual = { TEMPORAL_ADDRESS: inject('temporalAddress'), WEBHOOK_LISTEN: '127.0.0.1:0', WEBHOOK_SECRET: secret }
  return new WorkerProcess({ ...usual, ...env }, 'src/webhook.ts')
}

async function addressAt(receiver: WorkerProcess, workflowId: string): Promise<string> {
  await receiver.said('webhook receiver ready')
  const [, port] = /"port":(\d+)/.exec(receiver.log) ?? []
  return webhookUrl({ baseUrl: `http://127.0.0.1:${port}`, secret, namespace: 'default', workflowId })
}

/** Resolves when the receiver has taken the request, which it says by `100 Continue`. */
async function inFlight(address: string): Promise<{ readonly status: Promise<number | undefined> }> {
  const sent = request(address, { method: 'POST', headers: { expect: '100-continue' } })
  const status = new Promise<number | undefined>((resolve, reject) => {
    sent.once('response', (response) => resolve(response.resume().statusCode)).once('error', reject)
  })
  await once(sent, 'continue')
  sent.end('{"status":"success"}')
  return { status }
}

/** A Temporal that takes connections and says nothing. */
async function startSilence() {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${String(Reflect.get(Object(server.address()), 'port'))}`,
    stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('the webhook receiver', () => {
  let receiver: WorkerProcess
  beforeAll(() => {
    receiver = start({})
  })
  afterAll(() => receiver.kill())

  async function memoryMb(): Promise<number> {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(receiver.pid)])
    return Number(stdout) / 1024
  }

  test('says where it listens, and that Temporal answers', async () => {
    await receiver.said('Temporal answers')
    const ready = { message: 'webhook receiver ready', host: '127.0.0.1', namespace: 'default' }
    expect(receiver.lines).toContainEqual(expect.objectContaining({ ...ready, port: expect.any(Number) }))
  })

  test('keeps nothing of 20 bodies of 64 MB', async () => {
    const address = await addressAt(receiver, 'none')
    await post(address)
    const before = await memoryMb()
    const body = 'x'.repeat(mostBodyBytes)
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 4 }, () => post(address, round % 2 === 0 ? body : `${body}x`)))
    }
    expect((await memoryMb()) - before).toBeLessThan(64)
  })

  test('logs neither secrets nor addresses nor bodies, and a forged wake once a minute', async () => {
    const address = await addressAt(receiver, 'none')
    const forged = `${address.slice(0, -5)}AAAAA`
    for (const one of [address, forged, forged]) await post(one, 'planted body')
    expect(receiver.log.match(/wake refused/g)).toHaveLength(1)
    expect(receiver.log).not.toContain('planted')
    expect(receiver.log).not.toContain(address.split('/').at(-1))
  })
})

test('SIGTERM ends it when the requests in flight are answered', async () => {
  const silence = await startSilence()
  const receiver = start({ TEMPORAL_ADDRESS: silence.address })
  const address = await addressAt(receiver, 'w')
  const answer = await inFlight(address)
  const exit = await receiver.stop()
  expect(await answer.status).toBe(503)
  expect(exit).toEqual({ code: 0, signal: null })
  await expect(post(address)).rejects.toThrow('fetch failed')
  silence.stop()
})

test('it serves while Temporal is away, so that no LangGraph server finds nobody there', async () => {
  const receiver = start({ TEMPORAL_ADDRESS: '127.0.0.1:1' })
  const address = await addressAt(receiver, 'w')
  expect(await post(address)).toBe(503)
  expect((await fetch(new URL('/healthz', address))).status).toBe(200)
  await receiver.kill()
})

test('an invalid configuration stops it, with every mistake and no value', async () => {
  const receiver = start({ WEBHOOK_SECRET: 'planted', WEBHOOK_LISTEN: 'planted' })
  expect(await receiver.exited).toEqual({ code: 1, signal: null })
  expect(receiver.stderr).toBe(
    'ConfigError: The configuration has 2 mistakes:\n' +
      '- WEBHOOK_LISTEN must be host:port, such as 127.0.0.1:8088, or [::]:8088 for IPv6\n' +
      '- WEBHOOK_SECRET must have at least 32 bytes\n',
  )
})

test('an address that is taken stops it, with what to do', async () => {
  const silence = await startSilence()
  const receiver = start({ WEBHOOK_LISTEN: silence.address })
  expect(await receiver.exited).toEqual({ code: 1, signal: null })
  expect(receiver.stderr).toContain(`- WEBHOOK_LISTEN: cannot listen on ${silence.address} (listen EADDRINUSE`)
  silence.stop()
})
