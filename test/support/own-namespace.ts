import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { NativeConnection, Worker } from '@temporalio/worker'
import { inject, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { runMemoKey } from '../../src/domain/contract.ts'
import { LangGraphRunsPlugin } from '../../src/plugin.ts'
import type { LangGraphRunsPluginOptions } from '../../src/plugin.ts'
import { payloadOptions } from './encryption.ts'

const patience = { timeout: 40_000, interval: 50 }
const keyword = 2
const retention = '1 day'

/** What operators see of a workflow. */
export interface Seen {
  readonly status: string
  readonly memo: Readonly<Record<string, unknown>> | undefined
  /** Name → value, of those that are the application's. */
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A namespace of its own on the shared Temporal server, for what would disturb the tests in the others. */
export class OwnNamespace {
  readonly name = `test-${randomUUID()}`
  readonly taskQueue = 'langgraph-runs'
  readonly client: Client
  readonly runs: BackgroundRuns
  readonly #connection: Connection
  readonly #ends: (() => Promise<void>)[] = []

  static async open(): Promise<OwnNamespace> {
    const opened = new OwnNamespace(await Connection.connect({ address: inject('temporalAddress') }))
    await opened.#register()
    return opened
  }

  private constructor(connection: Connection) {
    this.#connection = connection
    this.client = new Client({ connection, namespace: this.name, ...payloadOptions })
    this.runs = new BackgroundRuns(this.client)
  }

  async #register(): Promise<void> {
    const { workflowService } = this.#connection
    const workflowExecutionRetentionPeriod = msToTs(retention)
    await workflowService.registerNamespace({ namespace: this.name, workflowExecutionRetentionPeriod })
    // Other parts of the server learn of it a little later.
    await vi.waitFor(async () => {
      await this.client.workflowService.countWorkflowExecutions({ namespace: this.name, query: '' })
      await this.attributeTypes()
    }, patience)
  }

  /** A worker with the plugin, whose activities those that are given replace. */
  async startWorker(options: LangGraphRunsPluginOptions, activities: object = {}): Promise<() => Promise<void>> {
    const native = await NativeConnection.connect({ address: inject('temporalAddress') })
    const worker = await vi.waitFor(
      () =>
        Worker.create({
          connection: native,
          namespace: this.name,
          taskQueue: this.taskQueue,
          activities,
          workflowBundle: { codePath: inject('workflowBundle') },
          ...payloadOptions,
          plugins: [new LangGraphRunsPlugin({ sweepInterval: 'none', ...options })],
        }),
      patience,
    )
    const working = worker.run()
    const stop = async () => {
      worker.shutdown()
      await working
      await native.close()
    }
    this.#ends.push(stop)
    return stop
  }

  async attributeTypes(): Promise<Readonly<Record<string, number>>> {
    const { customAttributes } = await this.#connection.operatorService.listSearchAttributes({ namespace: this.name })
    return customAttributes ?? {}
  }

  async addAttributes(names: readonly string[], type = keyword): Promise<void> {
    const searchAttributes = Object.fromEntries(names.map((name) => [name, type]))
    await this.#connection.operatorService.addSearchAttributes({ namespace: this.name, searchAttributes })
  }

  async removeAttributes(searchAttributes: string[]): Promise<void> {
    await this.#connection.operatorService.removeSearchAttributes({ namespace: this.name, searchAttributes })
  }

  async seen(workflowId: string): Promise<Seen> {
    const { status, memo, typedSearchAttributes } = await this.client.workflow.getHandle(workflowId).describe()
    const attributes = typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value] as const)
    const own: unknown = memo?.[runMemoKey]
    return {
      status: status.name,
      memo: own === undefined ? undefined : Object(own),
      attributes: Object.fromEntries(attributes.filter(([name]) => name.startsWith('LangGraph'))),
    }
  }

  /** The ids of the workflows that visibility finds. */
  async found(query: string): Promise<string[]> {
    const ids: string[] = []
    for await (const { workflowId } of this.client.workflow.list({ query })) ids.push(workflowId)
    return ids
  }

  /** How often a workflow changed its memo, and its search attributes. */
  async upserts(workflowId: string): Promise<{ memo: number; attributes: number; events: number }> {
    const { events = [] } = await this.client.workflow.getHandle(workflowId).fetchHistory()
    const all = events ?? []
    return {
      memo: all.filter((event) => event.workflowPropertiesModifiedEventAttributes).length,
      attributes: all.filter((event) => event.upsertWorkflowSearchAttributesEventAttributes).length,
      events: all.length,
    }
  }

  /** Why Temporal did not take what a workflow wanted. */
  async refusals(workflowId: string): Promise<string[]> {
    const { events } = await this.client.workflow.getHandle(workflowId).fetchHistory()
    return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) => failed?.failure?.message ?? [])
  }

  async close(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end()))
    await this.#connection.close()
  }
}
