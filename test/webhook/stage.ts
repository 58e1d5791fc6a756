import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { inject } from 'vitest'
import { webhookUrl } from '../../src/client.ts'
import { WebhookCounter } from '../../src/telemetry/receiver-metrics.ts'
import { createApp } from '../../src/webhook/app.ts'
import { limits, startServer } from '../../src/webhook/server.ts'
import type { RunningServer } from '../../src/webhook/server.ts'
import { clientOf, tellerOf } from '../../src/webhook/temporal.ts'
import { Wakes } from '../../src/webhook/wakes.ts'

interface Options {
  /** Default: that of the shared Temporal server. */
  readonly address?: string
  readonly limits?: Partial<{ readonly [K in keyof typeof limits]: number }>
  readonly port?: number
  /** How long Temporal may take for a signal. */
  readonly tellWithinMs?: number
}

/** The receiver in this process, before the shared Temporal server. */
export class Receiver {
  readonly secret = randomUUID()
  readonly logged: string[] = []
  readonly #client: Client
  #server: RunningServer | undefined

  static async start({ address, limits: own, port = 0, tellWithinMs }: Options = {}): Promise<Receiver> {
    const receiver = new Receiver(clientOf({ connectionOptions: { address: address ?? inject('temporalAddress') } }))
    await receiver.#start(port, { ...limits, ...own }, tellWithinMs)
    return receiver
  }

  private constructor(client: Client) {
    this.#client = client
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server?.port}`
  }

  get port(): number {
    return this.#server?.port ?? 0
  }

  /** The address that wakes the workflow. */
  addressOf(workflowId: string, more: { readonly namespace?: string; readonly secret?: string } = {}): string {
    return webhookUrl({ baseUrl: this.url, secret: this.secret, namespace: 'default', workflowId, ...more })
  }

  /** As LangGraph calls it. @returns the HTTP status */
  async wake(workflowId: string): Promise<number> {
    return post(this.addressOf(workflowId))
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    await this.#client.connection.close()
  }

  async #start(
    port: number,
    of: { readonly [K in keyof typeof limits]: number },
    tellWithinMs: number | undefined,
  ): Promise<void> {
    const log = (level: string, message: string, fields?: object) =>
      void this.logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
    const wakes = new Wakes(tellerOf(this.#client, log, tellWithinMs))
    const app = createApp({ secret: this.secret, namespace: 'default', wakes, log, counter: new WebhookCounter() })
    this.#server = await startServer(app, { host: '127.0.0.1', port }, of)
  }
}

/** @returns the HTTP status */
export async function post(address: string, body = '{"status":"success"}'): Promise<number> {
  const response = await fetch(address, { method: 'POST', body })
  await response.text()
  return response.status
}

/** Watches that no worker carries out, so that their signals stay in their histories. */
export class Sleepers {
  readonly #client: Client

  static async open(): Promise<Sleepers> {
    return new Sleepers(new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) }))
  }

  private constructor(client: Client) {
    this.#client = client
  }

  async start(): Promise<WorkflowHandle> {
    const workflowId = `sleeper/${randomUUID()}`
    return this.#client.workflow.start('watchRun', { workflowId, taskQueue: randomUUID(), args: [{}] })
  }

  /** The names of the signals that a workflow has had. */
  async signalsOf(handle: WorkflowHandle): Promise<string[]> {
    const { events } = await handle.fetchHistory()
    return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [])
  }

  async close(): Promise<void> {
    await this.#client.connection.close()
  }
}
