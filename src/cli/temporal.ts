import { setTimeout as pause } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowClientInterceptor, WorkflowHandle } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import type { DataConverter } from '@temporalio/common'
import { BackgroundRuns } from '../client.ts'
import type { WatchOutcome } from '../client.ts'
import { loadProgramConfig } from '../config.ts'
import type { Environment } from '../config.ts'
import { present } from '../domain/json.ts'
import { dataConverterOf } from '../payloads/data-converter.ts'
import type { ResultStore } from '../store/result-store.ts'
import { isPolled } from '../worker-polls.ts'
import { aboutAddress, isTlsOn, localAddress, requireReadableTls } from '../temporal-connection.ts'
import { CliError, exitCodes, isUnavailable } from './exit.ts'
import { failingTask } from './failing-task.ts'
import { explain, grpcErrorIn, noAnswer, noWorker, noWorkerCan, noWorkerElsewhere } from './temporal-errors.ts'
import type { FoundWorkflow, TemporalAddress } from './temporal-errors.ts'

export type WatchHandle = WorkflowHandle<() => Promise<WatchOutcome>>

const answerTimeoutMs = 5000
const workerLookMs = 5000
const openStatuses = ['RUNNING', 'PAUSED'] as const

interface TemporalOptions {
  readonly taskQueue: string
  readonly uiUrl?: string
  readonly interceptor?: WorkflowClientInterceptor
  readonly dataConverter: DataConverter
  readonly resultStore?: ResultStore
}

export class Temporal {
  readonly client: Client
  readonly runs: BackgroundRuns
  readonly taskQueue: string
  readonly resultStore: ResultStore | undefined
  readonly #connection: Connection
  readonly #temporal: TemporalAddress
  readonly #uiUrl: string | undefined

  constructor(connection: Connection, temporal: TemporalAddress, options: TemporalOptions) {
    const { taskQueue, uiUrl, dataConverter, interceptor, resultStore } = options
    this.#connection = connection
    this.#temporal = temporal
    this.#uiUrl = (uiUrl ?? uiUrlOf(temporal.address))?.replace(/\/+$/, '')
    this.taskQueue = taskQueue
    const interceptors = { workflow: interceptor ? [interceptor] : [] }
    this.client = new Client({ connection, namespace: temporal.namespace, dataConverter, interceptors })
    this.resultStore = resultStore
    this.runs = new BackgroundRuns(this.client, { taskQueue })
  }

  get address(): string {
    return this.#temporal.address
  }

  /** For what Temporal can answer immediately. @throws CliError 69 when it does not answer in time */
  async ask<T>(question: () => Promise<T>, withinMs = answerTimeoutMs): Promise<T> {
    try {
      return await this.client.withDeadline(Date.now() + withinMs, question)
    } catch (error) {
      throw this.explain(error)
    }
  }

  /** The newest workflow with this id, if one exists. */
  async find(workflowId: string): Promise<FoundWorkflow | undefined> {
    try {
      const { type, status, startTime, taskQueue, runId, raw } = await this.ask(() =>
        this.client.workflow.getHandle(workflowId).describe(),
      )
      const isOpen = openStatuses.some((state) => state === status.name)
      const row = raw.workflowExecutionInfo ?? {}
      const firstRunId = row.firstRunId || runId
      return { workflowId, workflowRunId: runId, firstRunId, type, isOpen, startTime, taskQueue, row }
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined
      throw error
    }
  }

  /**
   * Follows this one execution through continue-as-new: its result and its updates are never those of another one that was
   * started later with the same id.
   */
  handleOf({ workflowId, workflowRunId, firstRunId, isOpen }: FoundWorkflow): WatchHandle {
    const execution: WatchHandle = this.client.workflow.getHandle(workflowId, workflowRunId)
    if (!isOpen) return execution
    const chain: WatchHandle = this.client.workflow.getHandle(workflowId, undefined, {
      firstExecutionRunId: firstRunId,
    })
    // The first run of the chain may be gone by Temporal's retention, so the result is followed from the current one.
    return { ...chain, result: () => execution.result() }
  }

  /** Of the namespace's own search attributes: name → the number of its type. */
  async searchAttributeTypes(): Promise<Readonly<Record<string, number>>> {
    const { namespace } = this.#temporal
    const { customAttributes } = await this.ask(() =>
      this.#connection.operatorService.listSearchAttributes({ namespace }),
    )
    return customAttributes
  }

  async hasWorker(taskQueue = this.taskQueue): Promise<boolean> {
    return this.ask(() => isPolled(this.#connection, this.#temporal.namespace, taskQueue))
  }

  /** @param open absent: the workflow is to be started */
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
   * @param open the workflow that is to do it, if it is open already
   * @throws CliError 69 when no worker polls the task queue, or none does any more
   */
  async byWorker<T>(work: () => Promise<T>, open?: FoundWorkflow): Promise<T> {
    await this.requireWorker(open)
    const done = new AbortController()
    try {
      return await Promise.race([work(), this.#untilWorkerIsGone(open, done.signal)])
    } catch (error) {
      throw (open && (await this.whyNoWorkerCan(error, open))) ?? this.explain(error)
    } finally {
      done.abort()
    }
  }

  /** @returns `undefined` unless a worker takes up the workflow, and fails before it comes to what it was asked */
  async whyNoWorkerCan(error: unknown, { workflowId, taskQueue }: FoundWorkflow): Promise<CliError | undefined> {
    if (!isUnavailable(this.explain(error)) || !(await this.hasWorker(taskQueue))) return undefined
    const reason = await this.ask(() => failingTask(this.client, workflowId)).catch(() => undefined)
    return reason === undefined ? undefined : noWorkerCan(reason)
  }

  async #untilWorkerIsGone(open: FoundWorkflow | undefined, signal: AbortSignal): Promise<never> {
    for (;;) {
      await pause(workerLookMs, undefined, { signal })
      await this.requireWorker(open)
    }
  }

  /** A link to the workflow for a person; `undefined` if no Web UI is known. */
  webUi(workflowId: string): string | undefined {
    if (this.#uiUrl === undefined) return undefined
    return `${this.#uiUrl}/namespaces/${this.#temporal.namespace}/workflows/${encodeURIComponent(workflowId)}`
  }

  explain(error: unknown): unknown {
    return explain(error, this.#temporal)
  }
}

/** Temporal Cloud's Web UI, or that of a dev server on this machine, whose port is 1000 above Temporal's. */
export function uiUrlOf(address: string): string | undefined {
  const { hostname, port } = new URL(`http://${address}`)
  if (/\.(tmprl\.cloud|temporal\.io)$/.test(hostname)) return 'https://cloud.temporal.io'
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
  return isLocal ? `http://${hostname}:${Number(port || 7233) + 1000}` : undefined
}

/**
 * @throws CliError 69 when Temporal does not answer in 5 s
 * @throws ConfigError
 */
export async function connect(env: Environment, interceptor?: WorkflowClientInterceptor): Promise<Temporal> {
  const { connect: config, payloads, ...given } = loadProgramConfig(env)
  const options = { ...given, ...present({ interceptor }), dataConverter: await dataConverterOf(payloads) }
  const { connectionOptions, namespace = 'default' } = config
  requireReadableTls(connectionOptions)
  const address = connectionOptions.address ?? localAddress
  const temporal = { address, namespace, isTlsOn: isTlsOn(connectionOptions) }
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: answerTimeoutMs })
    return new Temporal(connection, temporal, options)
  } catch (error) {
    const mistake = aboutAddress(error)
    if (mistake) throw new CliError(exitCodes.usage, mistake)
    // A missing connection is an error without a code.
    throw grpcErrorIn(error) ? explain(error, temporal) : noAnswer(temporal)
  }
}
