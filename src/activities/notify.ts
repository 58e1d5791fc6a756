import { activityInfo, log } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { present } from '../domain/json.ts'
import type { NumberedNotification } from '../domain/notification.ts'
import { isTimeout } from '../langgraph/ask.ts'
import { parseRetryAfter } from '../langgraph/errors.ts'
import { withTimeout } from '../langgraph/with-timeout.ts'
import { missingPackage } from '../missing-package.ts'
import { withoutStack } from './failures.ts'
import type { NotifyReceiver } from './notify-receiver.ts'

/** A receiver that hangs holds a slot of the worker so long, and never more slots than this. */
const longestDeliveryMs = 10_000
const mostAtOnce = 20
const longestPauseMs = 900_000
const longestPauseForOthersMs = 120_000
const gone = 410
const betweenLinesMs = 60_000

/** Posts notifications to one receiver, signed as Standard Webhooks. */
export class Deliveries {
  readonly #receiver: NotifyReceiver
  readonly #now: () => number
  #inFlight = 0
  /** Whether the log has said that it is down. */
  #isOutageLogged = false
  #lastLineMs = -Infinity

  constructor(receiver: NotifyReceiver, now: () => number = () => performance.now()) {
    this.#receiver = receiver
    this.#now = now
  }

  /** One try. @throws ApplicationFailure without any part of the URL or the secret */
  async deliver(notification: NumberedNotification, signal: AbortSignal): Promise<void> {
    if (this.#inFlight >= mostAtOnce) throw failed('not sent, since others wait for the receiver', pauseForOthersMs())
    this.#inFlight += 1
    try {
      await withTimeout(signal, longestDeliveryMs, (limited) => this.#post(notification, limited))
      this.#noteSuccess()
    } catch (error) {
      if (signal.aborted && !isTimeout(signal.reason)) throw signal.reason
      const failure = error instanceof ApplicationFailure ? error : failed(whyUnsent(error))
      this.#noteFailure(failure.message)
      throw failure
    } finally {
      this.#inFlight -= 1
    }
  }

  async #post({ id, ...notification }: NumberedNotification, signal: AbortSignal): Promise<void> {
    const { Webhook } = await import('standardwebhooks')
    const body = JSON.stringify(notification)
    const now = new Date()
    const response = await fetch(this.#receiver.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(this.#receiver.secret).sign(id, now, body),
      },
      body,
      // The notification would go to whatever host the redirect names.
      redirect: 'manual',
      signal,
    })
    await response.body?.cancel()
    if (!response.ok) throw refused(response)
  }

  /** A receiver that is down for a day is one line, and one that comes and goes is two a minute. */
  #noteFailure(reason: string): void {
    const nowMs = this.#now()
    if (this.#isOutageLogged || nowMs - this.#lastLineMs < betweenLinesMs) return
    log.warn('a notification was not delivered, and is tried again for a day', { reason })
    this.#isOutageLogged = true
    this.#lastLineMs = nowMs
  }

  #noteSuccess(): void {
    if (this.#isOutageLogged) log.info('notifications are delivered again')
    this.#isOutageLogged = false
  }
}

function refused({ status, headers }: Response): ApplicationFailure {
  if (status === gone) {
    const message = 'the receiver (NOTIFY_URL) wants no more notifications (HTTP 410)'
    return withoutStack(ApplicationFailure.nonRetryable(message, 'NotificationUnwanted'))
  }
  const advice = status >= 300 && status < 400 ? ': redirects are not followed; configure the final URL' : ''
  return failed(
    `the receiver (NOTIFY_URL) answered HTTP ${status}${advice}`,
    parseRetryAfter(headers.get('retry-after')),
  )
}

/** A message of `fetch` may quote the URL. */
function whyUnsent(error: unknown): string {
  const missing = missingPackage(error)
  if (missing !== undefined) return `notifications need ${missing}, an optional dependency: install it on every worker`
  if (isTimeout(error)) return `the receiver (NOTIFY_URL) gave no answer in ${longestDeliveryMs / 1000} s`
  const code: unknown = Reflect.get(Object(Reflect.get(Object(error), 'cause')), 'code')
  return `the receiver (NOTIFY_URL) cannot be reached${typeof code === 'string' ? ` (${code})` : ''}`
}

/** Its tries are expected to fail, and `Deliveries` logs what is news. */
function failed(message: string, retryAfterMs?: number): ApplicationFailure {
  const nextRetryDelay = retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, longestPauseMs)
  const type = 'NotificationNotDelivered'
  return withoutStack(ApplicationFailure.create({ type, message, category: 'BENIGN', ...present({ nextRetryDelay }) }))
}

/** Longer from try to try: thousands that wait for one receiver would otherwise keep the workers busy. */
function pauseForOthersMs(): number {
  const most = Math.min(2000 * 2 ** Math.min(activityInfo().attempt, 10), longestPauseForOthersMs)
  return most * (0.5 + Math.random() / 2)
}

/** This worker has no receiver, and another one of its task queue may have one. */
export function noReceiver(): ApplicationFailure {
  return failed('this worker has no NOTIFY_URL: another one may deliver it')
}
