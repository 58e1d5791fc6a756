import { setTimeout as pause } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import { BackgroundRuns } from '../client.ts'
import { loadTemporalConfig } from '../config.ts'
import type { Environment } from '../config.ts'
import { CliError, exitCodes } from './exit.ts'
import { explain, grpcErrorIn, noAnswer, noWorker } from './temporal-errors.ts'
import { webUiOf } from './web-ui.ts'

const answerTimeoutMs = 5000
const localAddress = 'localhost:7233'
/** A worker asks for work at least once a minute, and Temporal remembers for five that it did. */
const workerGoneAfterMs = 70_000
const workerLookMs = 5000
const workflowTasks = 1
const openStates = ['RUNNING', 'PAUSED'] as const

interface FoundWorkflow {
  readonly isOpen: boolean
  readonly startTime: Date
  readonly taskQueue: string
}

/** The command line's way to Temporal. */
export class Temporal {
  readonly client: Client
  readonly runs: BackgroundRuns
  readonly taskQueue: string
  readonly address: string
  readonly #connection: Connection
  readonly #namespace: string

  constructor(connection: Connection, address: string, namespace: string, taskQueue: string) {
    this.#connection = connection
    this.address = address
    this.#namespace = namespace
    this.taskQueue = taskQueue
    this.client = new Client({ connection, namespace })
    this.runs = new BackgroundRuns(this.client, { taskQueue })
  }

  /** For whatever Temporal knows at once. @throws CliError 69 when it does not answer in 5 s */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await this.client.withDeadline(Date.now() + answerTimeoutMs, question)
    } catch (error) {
      throw this.explain(error)
    }
  }

  /** The newest workflow with this id. @returns `undefined` when there is none */
  async find(workflowId: string): Promise<FoundWorkflow | undefined> {
    try {
      const { status, startTime, taskQueue } = await this.ask(() =>
        this.client.workflow.getHandle(workflowId).describe(),
      )
      return { isOpen: openStates.some((state) => state === status.name), startTime, taskQueue }
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined
      throw error
    }
  }

  /** Whether a worker polls the task queue. */
  async hasWorker(taskQueue = this.taskQueue): Promise<boolean> {
    const { pollers } = await this.ask(() =>
      this.#connection.workflowService.describeTaskQueue({
        namespace: this.#namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: workflowTasks,
      }),
    )
    const lastPollsMs = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000)
    return Math.max(0, ...lastPollsMs) > Date.now() - workerGoneAfterMs
  }

  /** @throws CliError 69 when no worker polls the task queue */
  async requireWorker(taskQueue = this.taskQueue): Promise<void> {
    if (!(await this.hasWorker(taskQueue))) throw new CliError(exitCodes.unavailable, noWorker(taskQueue))
  }

  /** Waits for what a worker does. @throws CliError 69 when none polls the task queue, or none any more */
  async byWorker<T>(work: () => Promise<T>, taskQueue = this.taskQueue): Promise<T> {
    await this.requireWorker(taskQueue)
    const done = new AbortController()
    try {
      return await Promise.race([work(), this.#untilWorkerIsGone(taskQueue, done.signal)])
    } catch (error) {
      throw this.explain(error)
    } finally {
      done.abort()
    }
  }

  async #untilWorkerIsGone(taskQueue: string, signal: AbortSignal): Promise<never> {
    for (;;) {
      await pause(workerLookMs, undefined, { signal })
      await this.requireWorker(taskQueue)
    }
  }

  /** Where a person sees the workflow; `undefined` where no Web UI is known to be. */
  async webUi(workflowId: string): Promise<string | undefined> {
    const base = await webUiOf(this.address)
    return base && `${base}/namespaces/${this.#namespace}/workflows/${encodeURIComponent(workflowId)}`
  }

  /** What Temporal answered instead, with what to do. */
  explain(error: unknown): unknown {
    return explain(error, this.address, this.#namespace)
  }
}

/**
 * @throws CliError 69 when Temporal does not answer in 5 s
 * @throws ConfigError
 */
export async function connect(env: Environment): Promise<Temporal> {
  const { connect: config, taskQueue } = loadTemporalConfig(env)
  const { connectionOptions, namespace = 'default' } = config
  const address = connectionOptions.address ?? localAddress
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: answerTimeoutMs })
    return new Temporal(connection, address, namespace, taskQueue)
  } catch (error) {
    if (error instanceof TypeError) {
      throw new CliError(exitCodes.usage, `TEMPORAL_*: ${error.message}. TEMPORAL_ADDRESS is host:port`)
    }
    // That there is no connection is an error without a code.
    throw grpcErrorIn(error) ? explain(error, address, namespace) : noAnswer(address)
  }
}
