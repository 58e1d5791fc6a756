import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { Server } from 'node:http'
import { createServer } from 'node:net'
import type { Server as TcpServer } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Notification } from '../../src/domain/notification.ts'
import { WorkerProcess } from '../support/worker-process.ts'

const secret = `whsec_${randomBytes(32).toString('base64')}`
const posted: string[] = []
let slackStatus = 200
const mails: string[] = []
let slack: Server
let smtp: TcpServer
let relays: { readonly slack: WorkerProcess; readonly mail: WorkerProcess }

beforeAll(async () => {
  slack = createHttpServer((request, response) => {
    void request.toArray().then((chunks) => {
      if (slackStatus === 200) posted.push(JSON.parse(Buffer.concat(chunks).toString('utf8')).text)
      response.writeHead(slackStatus).end('ok')
    })
  })
  smtp = createServer((socket) => {
    let isData = false
    let mail = ''
    socket.write('220 test\r\n')
    socket.on('data', (chunk) => {
      mail += isData ? String(chunk) : ''
      if (isData && !mail.endsWith('\r\n.\r\n')) return
      if (isData) mails.push(mail)
      const command = isData ? 'end' : String(chunk).slice(0, 4).toUpperCase()
      isData = command === 'DATA'
      mail = ''
      socket.write(isData ? '354 go on\r\n' : command === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n')
    })
    socket.on('error', () => undefined)
  })
  for (const server of [slack, smtp]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const env = { NOTIFY_SECRET: secret, RECEIVER_PORT: '0' }
  relays = {
    slack: new WorkerProcess({ ...env, SLACK_WEBHOOK_URL: urlOf('http', slack) }, 'examples/notifications/slack.mjs'),
    mail: new WorkerProcess(
      { ...env, SMTP_URL: urlOf('smtp', smtp), MAIL_FROM: 'runs@example.com', MAIL_TO: 'me@example.com' },
      'examples/notifications/mail.mjs',
    ),
  }
  await Promise.all(Object.values(relays).map((relay) => relay.said('waiting for notifications at port')))
})
afterAll(async () => {
  await Promise.all(Object.values(relays).map((relay) => relay.kill()))
  slack.close()
  smtp.close()
})

function urlOf(scheme: string, server: TcpServer): string {
  return `${scheme}://127.0.0.1:${String(Reflect.get(Object(server.address()), 'port'))}`
}

function notification(type: Notification['type'], data: Partial<Notification['data']>): Notification {
  const base = { namespace: 'default', workflow_id: 'order/4711', workflow_run_id: 'r', deployment: 'eu' } as const
  return { type, timestamp: new Date().toISOString(), data: { ...base, state: 'success', ...data } }
}

/** As a worker posts it. @returns the HTTP status */
async function post(relay: WorkerProcess, event: Notification, id = randomUUID(), key = secret): Promise<number> {
  const [, port = ''] = /at port (\d+)/.exec(relay.log) ?? []
  const body = JSON.stringify(event)
  const now = new Date()
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(key).sign(id, now, body),
  }
  const { status } = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body })
  return status
}

const asking = notification('run.waiting_for_human', {
  state: 'human',
  question: 'buy <AAPL> & hold?',
  assistant_id: 'trading',
})

describe('the example for Slack', () => {
  test('posts what is asked, and how to answer, once', async () => {
    const id = randomUUID()
    expect([await post(relays.slack, asking, id), await post(relays.slack, asking, id)]).toEqual([204, 204])
    expect(posted.splice(0)).toEqual([
      "*Waits for an answer: trading (order/4711)*\nbuy &lt;AAPL&gt; &amp; hold?\nTo answer: langgraph-runs resume --id 'order/4711'",
    ])
  })

  test('refuses what is not signed with the secret', async () => {
    const other = `whsec_${randomBytes(32).toString('base64')}`
    expect(await post(relays.slack, asking, randomUUID(), other)).toBe(401)
    expect(posted).toEqual([])
  })

  test('has it posted again if Slack does not take it', async () => {
    const id = randomUUID()
    slackStatus = 500
    expect(await post(relays.slack, notification('run.outage', { state: 'outage' }), id)).toBe(503)
    slackStatus = 200
    expect(await post(relays.slack, notification('run.outage', { state: 'outage' }), id)).toBe(204)
    expect(posted.splice(0)).toEqual(['*Deployment "eu" gives no answer*'])
  })
})

describe('the example for mail', () => {
  test('writes of a run that failed, and not of one that went well', async () => {
    const failed = notification('run.ended', { state: 'error', error: 'ValueError: boom' })
    expect(await post(relays.mail, notification('run.ended', {}))).toBe(204)
    expect(await post(relays.mail, failed)).toBe(204)
    await vi.waitUntil(() => mails.length > 0, { timeout: 10_000 })
    expect(mails).toHaveLength(1)
    expect(mails[0]).toContain('To: me@example.com')
    expect(mails[0]).toContain('Subject: Ended as error: order/4711')
    expect(mails[0]).toContain('ValueError: boom')
  })
})
