import { activityInfo, cancellationSignal, getClient, heartbeat, log } from '@temporalio/activity'
import { isGrpcServiceError, ServiceError, WorkflowNotFoundError } from '@temporalio/client'
import type { Client, WorkflowExecutionDescription } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import {
  failureTypes,
  sweepWorkflowId,
  unsearchableMemoKey,
  wakeHint,
  wakeSignalName,
  workflowTypes,
} from '../domain/contract.ts'
import { messageOf, present } from '../domain/json.ts'
import { workerStops } from '../domain/sweep.ts'
import type { SweepEnd } from '../domain/sweep.ts'
import type { LangGraph } from '../langgraph/port.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { SweepMetrics } from '../telemetry/sweep-metrics.ts'
import { decoded } from '../payload.ts'
import { OpenWatches } from './open-watches.ts'
import { Sweeper } from './sweeper.ts'

const betweenLooksMs = 5000
const untilSeesMs = 1000
/** A poll waits for a look no longer than this. */
const lookTimeoutMs = 1000
const wakeTimeoutMs = 5000
/** A sweep continues as new after a day. One whose workers do not know its type is gone after this. */
const longestRun = '2 days'
/** What a sweep says reaches every worker within 12 s: heartbeats are sent every 6.4 s, and looked at every 5 s. */
const limits = { toleratedOutageMs: 10_000, idleUntilBlindMs: 40_000, idleUntilEndMs: 60_000 }
const untilUnsearchableIsAskedAgainMs = 600_000
const invalidArgument = 3
const unimplemented = 12
/** `PENDING_ACTIVITY_STATE_STARTED` */
const started = 2

/** The sweeps that a worker takes part in: it looks whether they are alive, starts them, and carries them out. */
export class Sweeps {
  readonly intervalMs: number
  readonly #isStopping: (taskQueue: string) => boolean
  readonly #looks = new Map<string, { readonly atMs: number; readonly isAlive: Promise<boolean> }>()
  #isVisible: boolean | undefined

  /** @param isStopping whether this process has no worker any more that takes new work from this queue */
  constructor(intervalMs: number, isStopping: (taskQueue: string) => boolean) {
    this.intervalMs = intervalMs
    this.#isStopping = isStopping
  }

  /** Within an activity: whether a sweep wakes the watches of this deployment and task queue. If not, one is started. */
  isAlive(deployment: string): Promise<boolean> {
    const { taskQueue, namespace } = activityInfo()
    const key = `${namespace}/${sweepWorkflowId(taskQueue, deployment)}`
    const known = this.#looks.get(key)
    const nowMs = performance.now()
    if (known && nowMs - known.atMs < betweenLooksMs) return known.isAlive
    const isAlive = this.#look(taskQueue, deployment)
    this.#looks.set(key, { atMs: nowMs, isAlive })
    return isAlive
  }

  /** Within an activity that heartbeats: one sweep, until no watch is open. */
  async sweep(deployment: string, langGraph: Pick<LangGraph, 'searchThreads'>, metrics?: Metrics): Promise<SweepEnd> {
    const { taskQueue, namespace, workflowExecution, heartbeatDetails } = activityInfo()
    const expected = sweepWorkflowId(taskQueue, deployment)
    if (workflowExecution?.workflowId !== expected) throw misnamed(expected)
    const client = getClient()
    const observer = metrics && new SweepMetrics(metrics, { deployment, namespace, task_queue: taskQueue })
    const watches = new OpenWatches(client, { taskQueue, deployment, ...present({ observer }) })
    const sweeper = new Sweeper({
      watches,
      langGraph,
      deployment,
      intervalMs: this.intervalMs,
      limits,
      wake: ({ workflowId }) => wake(client, workflowId),
      signal: cancellationSignal(),
      heartbeat,
      hasFound: Reflect.get(Object(heartbeatDetails), 'found') === true,
      ...present({ observer }),
      throwIfStopping: () => {
        if (this.#isStopping(taskQueue)) throw handedOn()
      },
    })
    return sweeper.run()
  }

  async #look(taskQueue: string, deployment: string): Promise<boolean> {
    const client = getClient()
    try {
      return await client.withDeadline(Date.now() + lookTimeoutMs, () =>
        this.#lookOrStart(client, taskQueue, deployment),
      )
    } catch (error) {
      log.debug('whether a sweep is alive could not be found out', { deployment, reason: messageOf(error) })
      return false
    }
  }

  async #lookOrStart(client: Client, taskQueue: string, deployment: string): Promise<boolean> {
    const workflowId = sweepWorkflowId(taskQueue, deployment)
    const described = await client.workflow.getHandle(workflowId).describe().catch(notFound)
    if (described?.status.name === 'RUNNING') return sees(client, described)
    if (described && isUnsearchable(described)) return false
    if (!(await this.#canList(client))) return false
    await client.workflow.start(workflowTypes.sweepRuns, {
      taskQueue,
      workflowId,
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowRunTimeout: longestRun,
      args: [{ deployment }],
    })
    // It sees by then, and thousands of watches that start at once need not wait for the next look.
    setTimeout(() => this.#looks.clear(), untilSeesMs).unref()
    return false
  }

  /** The server that skips time has no visibility, and a sweep would stop the skipping. */
  async #canList(client: Client): Promise<boolean> {
    if (this.#isVisible !== undefined) return this.#isVisible
    const { namespace } = client.options
    try {
      await client.workflowService.countWorkflowExecutions({ namespace, query: '' })
      this.#isVisible = true
    } catch (error) {
      const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined
      if (code !== unimplemented) throw error
      this.#isVisible = false
    }
    return this.#isVisible
  }
}

async function wake(client: Client, workflowId: string): Promise<'woken' | 'closed'> {
  try {
    await client.withDeadline(Date.now() + wakeTimeoutMs, () =>
      client.workflow.getHandle(workflowId).signal(wakeSignalName, wakeHint),
    )
    return 'woken'
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) && !takesNoMore(error)) throw error
    return 'closed'
  }
}

/** A workflow takes 10,000 signals by default: one that nobody carries out must not hold up the others. */
function takesNoMore(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : undefined
  const code: number | undefined = isGrpcServiceError(cause) ? cause.code : undefined
  return code === invalidArgument
}

/** Temporal gives the sweep to another worker. */
function handedOn(): ApplicationFailure {
  return ApplicationFailure.create({
    type: workerStops,
    message: 'its worker stops: another one takes over',
    nextRetryDelay: '100ms',
  })
}

/** Polls find a sweep by its id: under that of another one it would let watches sleep that it does not wake. */
function misnamed(expected: string): ApplicationFailure {
  const message = `the sweep of this deployment and task queue has the workflow id "${expected}", and the first poll starts it`
  return ApplicationFailure.nonRetryable(message, failureTypes.invalidInput)
}

function notFound(error: unknown): undefined {
  if (!(error instanceof WorkflowNotFoundError)) throw error
}

function isUnsearchable({ memo, closeTime }: WorkflowExecutionDescription): boolean {
  const agoMs = Date.now() - (closeTime?.getTime() ?? 0)
  return memo?.[unsearchableMemoKey] === true && agoMs < untilUnsearchableIsAskedAgainMs
}

/** After 8 s without a heartbeat Temporal itself no longer counts the activity of a dead worker as started. */
async function sees(client: Client, { raw }: WorkflowExecutionDescription): Promise<boolean> {
  const activity = raw.pendingActivities?.find(({ state }) => Number(state) === started)
  const said = await decoded(client.options.loadedDataConverter, activity?.heartbeatDetails?.payloads?.[0])
  return Reflect.get(Object(said), 'sees') === true
}
