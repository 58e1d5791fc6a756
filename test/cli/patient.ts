import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { NativeConnection, Worker } from '@temporalio/worker'
import type { WorkerOptions } from '@temporalio/worker'
import { inject } from 'vitest'
import type { Check } from '../../src/cli/doctor/check.ts'
import { LangGraphRunsPlugin } from '../../src/plugin.ts'
import type { LangGraphRunsPluginOptions } from '../../src/plugin.ts'
import { CliProcess } from './cli-process.ts'
import type { Environment } from './cli-process.ts'

/** What `doctor --json` found, by the names of the checks. */
export interface Findings {
  readonly code: number | null
  readonly ok: boolean
  readonly of: Readonly<Record<string, Omit<Check, 'check'>>>
}

export async function examine(env: Environment): Promise<Findings> {
  const { code, stdout, stderr } = await CliProcess.start(['doctor', '--json'], env).ended
  if (stdout === '') throw new Error(stderr)
  const { ok, checks }: { ok: boolean; checks: Check[] } = JSON.parse(stdout)
  return { code, ok, of: Object.fromEntries(checks.map(({ check, ...found }) => [check, found])) }
}

/** A namespace of its own on the shared Temporal server, and what is started there. */
export class Patient {
  readonly client: Client
  readonly taskQueue = randomUUID()
  readonly #cleanUps: (() => Promise<unknown>)[] = []

  static async create(): Promise<Patient> {
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    const namespace = randomUUID()
    const { workflowService } = connection
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') })
    return new Patient(new Client({ connection, namespace }))
  }

  private constructor(client: Client) {
    this.client = client
  }

  get namespace(): string {
    return this.client.options.namespace
  }

  examine(env: Environment = {}): Promise<Findings> {
    return examine({ ...this.env, ...env })
  }

  get env(): Environment {
    return { TEMPORAL_NAMESPACE: this.namespace, TEMPORAL_TASK_QUEUE: this.taskQueue }
  }

  /** A worker of our plugin. @returns how to stop it */
  startWorker(options: LangGraphRunsPluginOptions, own: Partial<WorkerOptions> = {}): Promise<() => Promise<void>> {
    return this.startOtherWorker(own, new LangGraphRunsPlugin(options))
  }

  /** Any worker at the task queue. @returns how to stop it */
  async startOtherWorker(own: Partial<WorkerOptions>, plugin?: LangGraphRunsPlugin): Promise<() => Promise<void>> {
    const connection = await NativeConnection.connect({
      address: inject('temporalAddress'),
      plugins: plugin ? [plugin] : [],
    })
    const worker = await Worker.create({
      connection,
      namespace: this.namespace,
      taskQueue: this.taskQueue,
      ...(plugin && { workflowBundle: { codePath: inject('workflowBundle') } }),
      shutdownGraceTime: 0,
      shutdownForceTime: '1s',
      ...own,
    })
    const running = worker.run().catch(() => undefined)
    let stopped: Promise<void> | undefined
    const stop = () => {
      stopped ??= end()
      return stopped
    }
    const end = async () => {
      worker.shutdown()
      await running
      await connection.close()
    }
    this.atEnd(stop)
    return stop
  }

  atEnd(cleanUp: () => Promise<unknown>): void {
    this.#cleanUps.push(cleanUp)
  }

  async close(): Promise<void> {
    await Promise.all(this.#cleanUps.map((cleanUp) => cleanUp()))
    await this.client.connection.close()
  }
}
