import { setTimeout as pause } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import { BackgroundRuns } from '../client.ts'
import { loadTemporalConfig } from '../config.ts'
import type { Environment } from '../config.ts'
import { aboutAddress, isTlsOn, localAddress, requireReadableTls } from '../temporal-connection.ts'
import { CliError, exitCodes } from './exit.ts'
import { explain, grpcErrorIn, noAnswer, noWorker, noWorkerElsewhere } from './temporal-errors.ts'
import type { Place } from './temporal-errors.ts'
import { webUiOf } from './web-ui.ts'

const answerTimeoutMs = 5000
/** A worker asks for work at least once a minute, and Temporal remembers for five that it did. */
const workerGoneAfterMs = 70_000
const workerLookMs = 5000
const workflowTasks = 1
const openStates = ['RUNNING', 'PAUSED'] as const

export interface FoundWorkflow {
  readonly workflowId: string
  /** As `watchRun`. */
  readonly type: string
  readonly isOpen: boolean
  readonly startTime: Date
  readonly taskQueue: string
}

/** The command line's way to Temporal. */
export class Temporal {
  readonly client: Client
  readonly runs: BackgroundRuns
  readonly taskQueue: string
  readonly #connection: Connection
  readonly #place: Place

  constructor(connection: Connection, place: Place, taskQueue: string) {
    this.#connection = connection
    this.#place = place
    this.taskQueue = taskQueue
    this.client = new Client({ connection, namespace: place.namespace })
    this.runs = new BackgroundRuns(this.client, { taskQueue })
  }

  get address(): string {
    return this.#place.address
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
      const { type, status, startTime, taskQueue } = await this.ask(() =>
        this.client.workflow.getHandle(workflowId).describe(),
      )
      const isOpen = openStates.some((state) => state === status.name)
      return { workflowId, type, isOpen, startTime, taskQueue }
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined
      throw error
    }
  }

  /** Whether a worker polls the task queue. */
  async hasWorker(taskQueue = this.taskQueue): Promise<boolean> {
    const { pollers } = await this.ask(() =>
      this.#connection.workflowService.describeTaskQueue({
        namespace: this.#place.namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: workflowTasks,
      }),
    )
    const lastPollsMs = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000)
    return Math.max(0, ...lastPollsMs) > Date.now() - workerGoneAfterMs
  }

  /** Says that a worker is missing for an open workflow, or for one that is to be started. */
  noWorker(open?: FoundWorkflow): string {
    return open && open.taskQueue !== this.taskQueue
      ? noWorkerElsewhere(open, this.taskQueue)
      : noWorker(this.taskQueue)
  }

  /** @throws CliError 69 when no worker polls the task queue */
  async requireWorker(open?: FoundWorkflow): Promise<void> {
    if (!(await this.hasWorker(open?.taskQueue))) throw new CliError(exitCodes.unavailable, this.noWorker(open))
  }

  /**
   * Waits for what a worker does.
   *
   * @param open the workflow that is to do it, where it is there already
   * @throws CliError 69 when none polls the task queue, or none any more
   */
  async byWorker<T>(work: () => Promise<T>, open?: FoundWorkflow): Promise<T> {
    await this.requireWorker(open)
    const done = new AbortController()
    try {
      return await Promise.race([work(), this.#untilWorkerIsGone(open, done.signal)])
    } catch (error) {
      throw this.explain(error)
    } finally {
      done.abort()
    }
  }

  async #untilWorkerIsGone(open: FoundWorkflow | undefined, signal: AbortSignal): Promise<never> {
    for (;;) {
      await pause(workerLookMs, undefined, { signal })
      await this.requireWorker(open)
    }
  }

  /** Where a person sees the workflow; `undefined` where no Web UI is known to be. */
  async webUi(workflowId: string): Promise<string | undefined> {
    const base = await webUiOf(this.address)
    return base && `${base}/namespaces/${this.#place.namespace}/workflows/${encodeURIComponent(workflowId)}`
  }

  /** What Temporal answered instead, with what to do. */
  explain(error: unknown): unknown {
    return explain(error, this.#place)
  }
}

/**
 * @throws CliError 69 when Temporal does not answer in 5 s
 * @throws ConfigError
 */
export async function connect(env: Environment): Promise<Temporal> {
  const { connect: config, taskQueue } = loadTemporalConfig(env)
  const { connectionOptions, namespace = 'default' } = config
  requireReadableTls(connectionOptions)
  const address = connectionOptions.address ?? localAddress
  const place = { address, namespace, isTlsOn: isTlsOn(connectionOptions) }
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: answerTimeoutMs })
    return new Temporal(connection, place, taskQueue)
  } catch (error) {
    const mistake = aboutAddress(error)
    if (mistake) throw new CliError(exitCodes.usage, mistake)
    // That there is no connection is an error without a code.
    throw grpcErrorIn(error) ? explain(error, place) : noAnswer(place)
  }
}
