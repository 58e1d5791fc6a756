import { msToNumber } from '@temporalio/common'
import { SimplePlugin } from '@temporalio/plugin'
import type { BundleOptions, ReplayWorkerOptions, Worker, WorkerInterceptors, WorkerOptions } from '@temporalio/worker'
import { createActivities } from './activities/index.ts'
import type { ActivitiesOptions } from './activities/index.ts'
import { defaultSweepInterval } from './domain/defaults.ts'
import type { Duration } from './domain/input.ts'
import { present } from './domain/json.ts'
import { logFirstLooks } from './first-looks.ts'
import { linksTo } from './activities/links.ts'
import type { LangSmithPages } from './activities/links.ts'
import { createDeployments } from './langgraph/deployments.ts'
import type { ServerConfig } from './langgraph/server.ts'
import { failureConverterPath } from './payloads.ts'
import { requireFailureConverterIn } from './payloads/bundle-check.ts'
import { SearchAttributes } from './search-attributes.ts'
import { Sweeps } from './sweep/sweeps.ts'
import { logAttributes } from './telemetry/log-attributes.ts'
import { runtimeMetrics } from './telemetry/metrics.ts'
import type { Traces } from './telemetry/traces.ts'
import { quiet, slotsToShare, tuning, withOurModules, workflowsPath, workflowSource } from './worker-options.ts'

export type { ServerConfig } from './langgraph/server.ts'
export { histogramBuckets } from './telemetry/metric-names.ts'
export { openTelemetryTraces } from './telemetry/traces.ts'
export type { Traces } from './telemetry/traces.ts'
export type { ResultStore, ResultStoreOptions } from './store/result-store.ts'
export type { WebhookReceiver } from './webhook/url.ts'
export { resultStore } from './store/fetch-result.ts'
export { workerOptions, workflowSource } from './worker-options.ts'

export interface LangGraphRunsPluginOptions extends Pick<ActivitiesOptions, 'webhook' | 'notify' | 'resultStore'> {
  /** The LangGraph servers that the worker may talk to. A workflow names one of them as its `deployment`. */
  readonly servers: readonly ServerConfig[]
  /**
   * How often a sweep looks at the threads of all open watches. A watch then sleeps 10 min and is woken when its run ends.
   * Default `'2s'`; `'none'`: watches poll at their own `pollInterval`. A sweep needs Temporal's visibility, and a server
   * that can search threads by ids; without them there is none.
   */
  readonly sweepInterval?: Duration | 'none'
  /**
   * Whether watches show themselves in the search attributes `LangGraphThread`, `LangGraphRun`, `LangGraphAssistant` and
   * `LangGraphState`. The worker adds those that its namespace lacks; if it may not, it logs once what to do, and goes
   * without. Default true.
   */
  readonly searchAttributes?: boolean
  /** Pages of LangSmith that the Web UI links to. Default: none. */
  readonly langSmith?: LangSmithPages
  /** `await openTelemetryTraces()`: activities are spans, and LangGraph gets the trace. Default: neither. */
  readonly traces?: Traces
}

/**
 * Makes any Temporal worker one that carries out `watchRun` and its like. Give it to the `NativeConnection`, once; every
 * worker of that connection gets
 *
 * 1. the activities, beside the worker's own; of two with the same name the worker's own wins;
 * 2. the workflows, if it has neither `workflowsPath` nor `workflowBundle`. Workflows of your own re-export these:
 *    `export * from 'langgraph-background-runs/workflows'`;
 * 3. slots, cache and times that suit many waiting runs, each only if the worker has not set it.
 *
 * The first of them to run looks once at each server, and logs whether it answers and takes the key. Each adds the search
 * attributes that its namespace lacks.
 *
 * List it after other plugins: what they compile into the workflows (interceptors, converters) is then compiled in.
 */
export class LangGraphRunsPlugin extends SimplePlugin {
  readonly #servers: readonly ServerConfig[]
  readonly #running: Running
  readonly #deployments: ReturnType<typeof createDeployments>
  readonly #with: Omit<ActivitiesOptions, 'slots'>
  readonly #searchAttributes: SearchAttributes | undefined
  readonly #traces: Traces | undefined
  #hasLooked = false

  constructor(options: LangGraphRunsPluginOptions) {
    const { servers, sweepInterval = defaultSweepInterval, searchAttributes = true, langSmith, traces } = options
    const { webhook, notify, resultStore } = options
    const running = new Running()
    super({ name: 'langgraph-background-runs' })
    this.#deployments = createDeployments(servers, traces?.requestHeaders)
    const sweeps =
      sweepInterval === 'none' ? undefined : new Sweeps(msToNumber(sweepInterval), (queue) => !running.takesFrom(queue))
    this.#searchAttributes = searchAttributes ? new SearchAttributes() : undefined
    const shown = { links: linksTo(servers, langSmith), searchAttributes: this.#searchAttributes }
    this.#with = { ...present({ sweeps, webhook, notify, resultStore, ...shown }), metrics: runtimeMetrics() }
    this.#traces = traces
    this.#servers = servers
    this.#running = running
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    const slots = slotsToShare(this.#servers, options)
    const ours = createActivities(this.#deployments, present({ ...this.#with, slots }))
    const activities = { ...ours, ...options.activities }
    const given = super.configureWorker(options)
    const configured = {
      ...tuningBeside(options),
      ...given,
      ...workflowsFor(options),
      activities,
      interceptors: withLogAttributes(given.interceptors),
    }
    return this.#traces ? traced(configured, this.#traces) : configured
  }

  override configureBundler(options: BundleOptions): BundleOptions {
    return quiet(withOurModules(super.configureBundler(options)))
  }

  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    this.#running.add(worker)
    this.#searchAttributes?.add(worker)
    const endLooks = this.#hasLooked ? () => {} : logFirstLooks(this.#servers)
    this.#hasLooked = true
    return super.runWorker(worker, next).finally(() => {
      endLooks()
      this.#running.delete(worker)
      this.#searchAttributes?.delete(worker)
    })
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return { ...super.configureReplayWorker(options), ...workflowsFor(options) }
  }
}

/** The workers of this plugin: a sweep ends at once when its worker begins to stop, so that another one takes over. */
class Running {
  readonly #workers = new Set<Worker>()

  add(worker: Worker): void {
    this.#workers.add(worker)
  }

  delete(worker: Worker): void {
    this.#workers.delete(worker)
  }

  takesFrom(taskQueue: string): boolean {
    return [...this.#workers].some(
      (worker) => worker.options.taskQueue === taskQueue && worker.getState() === 'RUNNING',
    )
  }
}

function withLogAttributes(interceptors: WorkerOptions['interceptors']): WorkerInterceptors {
  const activity = interceptors?.activity ?? []
  // A plugin may be given to a connection and to its worker.
  return { ...interceptors, activity: activity.includes(logAttributes) ? activity : [...activity, logAttributes] }
}

/** Temporal refuses a number of slots beside a tuner. */
function tuningBeside({ tuner }: WorkerOptions): Partial<WorkerOptions> {
  const { maxConcurrentActivityTaskExecutions, ...others } = tuning
  return tuner ? others : { maxConcurrentActivityTaskExecutions, ...others }
}

/** After those of other plugins, which may trace activities themselves. */
function traced(options: WorkerOptions, { activity }: Traces): WorkerOptions {
  const { interceptors } = options
  const others = (interceptors?.activity ?? []).filter((other) => other !== activity)
  return { ...options, interceptors: { ...interceptors, activity: [...others, activity] } }
}

/**
 * The ready bundles hold Temporal's own converters, or the one that encrypts failures, and no interceptors: any others need
 * a bundle made at the start.
 */
function workflowsFor(options: ReplayWorkerOptions): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const { dataConverter, interceptors, bundlerOptions, workflowBundle } = options
  const isEncrypted = dataConverter?.failureConverterPath === failureConverterPath
  if (isEncrypted && workflowBundle) requireFailureConverterIn(workflowBundle)
  if (options.workflowsPath !== undefined || workflowBundle !== undefined) return {}
  const ownFailureConverter = isEncrypted ? undefined : dataConverter?.failureConverterPath
  const isCompiledIn = dataConverter?.payloadConverterPath ?? ownFailureConverter ?? interceptors?.workflowModules?.[0]
  const isReady = isCompiledIn === undefined && !bundlerOptions
  return isReady ? workflowSource({ isEncrypted }) : { workflowsPath: workflowsPath() }
}
