import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { vi } from 'vitest'
import { isRecord } from '../../src/domain/json.ts'
import type { Notification } from '../../src/domain/notification.ts'
import { text } from './scripted-langgraph.ts'
import type { Answer } from './scripted-langgraph.ts'

interface Delivery {
  readonly id: string
  /** As the library for receivers has verified it. */
  readonly notification: Notification
  readonly text: string
}

export const ok = text('', { status: 204 })

/** A receiver of notifications, which verifies them with the library that its users have. */
export class NotifiedReceiver {
  readonly deliveries: Delivery[] = []
  readonly secret = `whsec_${randomBytes(32).toString('base64')}`
  /** Stands in the address, as it does with Slack and others. */
  readonly token = `planted-token-${randomUUID()}`
  readonly #webhook = new Webhook(this.secret)
  readonly #answers: Answer[]
  #port = 0
  readonly #server = createServer((request, response) => void this.#take(request, response))

  /** @param answers in turn; the last one repeats */
  static async start(...answers: readonly Answer[]): Promise<NotifiedReceiver> {
    const receiver = new NotifiedReceiver(answers)
    receiver.#server.listen(0, '127.0.0.1')
    await once(receiver.#server, 'listening')
    receiver.#port = Number(Reflect.get(Object(receiver.#server.address()), 'port'))
    return receiver
  }

  private constructor(answers: readonly Answer[]) {
    this.#answers = [...answers]
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/in/${this.token}?key=${this.token}`
  }

  of(workflowId: string, type?: Notification['type']): readonly Delivery[] {
    return this.deliveries.filter(
      ({ notification: { data, type: own } }) => data.workflow_id === workflowId && (type ?? own) === own,
    )
  }

  async has(count: number, of: () => readonly Delivery[] = () => this.deliveries): Promise<readonly Delivery[]> {
    await vi.waitUntil(() => of().length >= count, { timeout: 45_000, interval: 50 })
    return of()
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString('utf8')
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const verified = this.#webhook.verify(body, headers)
    if (!isNotification(verified)) throw new Error(`no notification: ${body}`)
    this.deliveries.push({ id: headers['webhook-id'] ?? '', notification: verified, text: body })
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0]
    await (answer ?? ok)(response)
  }
}

function isNotification(value: unknown): value is Notification {
  return isRecord(value) && typeof value['type'] === 'string' && isRecord(value['data'])
}
