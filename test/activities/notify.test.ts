import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createActivities, createDeployments } from '../../src/activities/index.ts'
import { Deliveries } from '../../src/activities/notify.ts'
import { OutageNotices } from '../../src/activities/outage-notices.ts'
import type { NumberedNotification } from '../../src/domain/notification.ts'
import { NotifiedReceiver, ok } from '../support/notified.ts'
import { hang, text } from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'
import { failureOf, inActivity, shortTry, tryOf } from './in-activity.ts'

const receivers: NotifiedReceiver[] = []
afterAll(() => Promise.all(receivers.map((receiver) => receiver.stop())))

async function notifying(...answers: readonly Answer[]) {
  const receiver = await NotifiedReceiver.start(...answers)
  receivers.push(receiver)
  const { url, secret } = receiver
  return { receiver, ...createActivities(createDeployments([]), { notify: { url, secret } }) }
}

function notification(): NumberedNotification {
  const data = { namespace: 'n', workflow_id: 'w', workflow_run_id: 'r', deployment: 'd', state: 'success' } as const
  return { id: randomUUID(), type: 'run.ended', timestamp: '2026-01-01T00:00:00.000Z', data }
}

describe('the activity `notify`', () => {
  test.each<[string, Answer, object]>([
    ['500', text('planted', { status: 500 }), { message: 'the receiver (NOTIFY_URL) answered HTTP 500' }],
    [
      'a redirect',
      text('', { status: 307, headers: { location: 'http://planted' } }),
      { message: expect.stringContaining('redirects are not followed; configure the final URL') },
    ],
    ['429 with Retry-After', text('', { status: 429, headers: { 'retry-after': '7' } }), { nextRetryDelay: 7000 }],
    ['a pause of hours', text('', { status: 503, headers: { 'retry-after': '7200' } }), { nextRetryDelay: 900_000 }],
    ['410', text('', { status: 410 }), { nonRetryable: true, type: 'NotificationUnwanted' }],
  ])('fails with what the receiver said: %s', async (_, answer, failure) => {
    const { notify } = await notifying(answer)
    const failed = await failureOf(inActivity(notify, notification()))
    expect(failed).toMatchObject({ nonRetryable: false, type: 'NotificationNotDelivered', ...failure })
    expect(failed.message).not.toContain('planted')
  })

  test('says which error it was if nobody listens, and no address', async () => {
    const { notify, receiver } = await notifying()
    await receiver.stop()
    receivers.splice(receivers.indexOf(receiver), 1)
    const failed = await failureOf(inActivity(notify, notification()))
    expect(failed.message).toBe('the receiver (NOTIFY_URL) cannot be reached (ECONNREFUSED)')
  })

  test('is tried elsewhere if its worker has no receiver', async () => {
    const { notify } = createActivities(createDeployments([]))
    expect(await failureOf(inActivity(notify, notification()))).toMatchObject({ nonRetryable: false })
  })

  test('logs a receiver that is down once, and that it is back', async () => {
    const down = text('', { status: 500 })
    const { notify } = await notifying(down, down, ok, ok)
    const logs: string[] = []
    for (let n = 0; n < 4; n += 1) {
      const { environment, logged } = tryOf()
      await environment.run(notify, notification()).catch(() => undefined)
      logs.push(...logged.filter((line) => /deliver/.test(line) && !line.startsWith('{')))
    }
    expect(logs).toEqual([
      'a notification was not delivered, and is tried again for a day',
      'notifications are delivered again',
    ])
  })

  test('logs a receiver that comes and goes once a minute, and still once it is down for good', async () => {
    const down = text('', { status: 500 })
    const receiver = await NotifiedReceiver.start(down, ok, down, ok, down)
    receivers.push(receiver)
    let nowMs = 0
    const deliveries = new Deliveries(receiver, () => nowMs)
    const logs: string[] = []
    for (const ms of [0, 1000, 2000, 59_000, 59_999, 60_000, 61_000, 200_000]) {
      nowMs = ms
      const { environment, logged } = tryOf()
      const deliver = () => deliveries.deliver(notification(), new AbortController().signal)
      await environment.run(deliver).catch(() => undefined)
      logs.push(
        ...logged.filter((line) => /deliver/.test(line) && !line.startsWith('{')).map((line) => `${nowMs}: ${line}`),
      )
    }
    expect(logs).toEqual([
      '0: a notification was not delivered, and is tried again for a day',
      '1000: notifications are delivered again',
      '60000: a notification was not delivered, and is tried again for a day',
    ])
  })

  test('holds at most 20 slots of a worker for a receiver that hangs', async () => {
    const { notify, receiver } = await notifying(hang)
    const tries = Array.from({ length: 25 }, () => failureOf(inActivity(notify, notification(), shortTry)))
    const failures = await Promise.all(tries)
    expect(failures.filter(({ message }) => message.startsWith('not sent, since others wait'))).toHaveLength(5)
    expect(receiver.deliveries).toHaveLength(20)
  })

  test('waits longer from try to try for a receiver that hangs', async () => {
    const { notify } = await notifying(hang)
    const first = Array.from({ length: 20 }, () => failureOf(inActivity(notify, notification(), shortTry)))
    const delays = await Promise.all(
      [1, 5, 100].map(
        async (attempt) => (await failureOf(inActivity(notify, notification(), { attempt }))).nextRetryDelay,
      ),
    )
    await Promise.all(first)
    const [once, often, forever] = delays.map(Number)
    expect(once).toBeLessThanOrEqual(4000)
    expect(often).toBeGreaterThanOrEqual(32_000)
    expect(forever).toBeGreaterThanOrEqual(60_000)
  })
})

function at(minutes: number): number {
  return Date.parse('2026-01-01T10:00:00Z') + minutes * 60_000
}

describe('the notice of an outage', () => {
  let notices: OutageNotices
  beforeAll(() => void (notices = new OutageNotices()))
  const notice = (deployment: string, unanswered: number, minutes: number, by = notices) =>
    by.noticeOf('queue', deployment, unanswered, at(minutes))

  test('comes with the third poll in a row, once for all watches of a deployment', () => {
    expect([0, 1].map((unanswered) => notice('eu', unanswered, 0))).toEqual([undefined, undefined])
    expect(notice('eu', 2, 0)).toBe('outage/queue/eu/2026-01-01T10:00:00.000Z')
    expect([2, 3, 9].map((unanswered) => notice('eu', unanswered, 60))).toEqual([undefined, undefined, undefined])
    expect(notice('us', 2, 0)).toBe('outage/queue/us/2026-01-01T10:00:00.000Z')
  })

  test('comes again after an answer, at most every 10 minutes, and is the same for all workers', () => {
    notices.answered('eu')
    expect(notice('eu', 2, 9)).toBeUndefined()
    expect(notice('eu', 2, 11)).toBe('outage/queue/eu/2026-01-01T10:10:00.000Z')
    expect(notice('eu', 2, 14, new OutageNotices())).toBe('outage/queue/eu/2026-01-01T10:10:00.000Z')
  })
  test.each([
    { what: 'as long as Temporal allows', queue: 'q'.repeat(1000) },
    { what: 'no HTTP header', queue: 'очередь' },
  ])('fits a workflow id and an HTTP header if the name of the task queue is $what', ({ queue }) => {
    const [long, again, other] = [queue, queue, `${queue.slice(1)}!`].map((name) =>
      new OutageNotices().noticeOf(name, 'eu', 2, at(0)),
    )
    expect(long).toMatch(/^outage\/[0-9a-f]{64}\/eu\/2026-01-01T10:00:00.000Z$/)
    expect(again).toBe(long)
    expect(other).not.toBe(long)
  })
})
