import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DefaultLogger } from '@temporalio/worker'
import type { BundleOptions, WorkerOptions } from '@temporalio/worker'
import { createActivities } from './activities/index.ts'
import type { ActivitiesOptions } from './activities/index.ts'
import { cachedWatches } from './cached-watches.ts'
import { present } from './domain/json.ts'
import { createDeployments } from './langgraph/deployments.ts'
import type { ServerConfig } from './langgraph/server.ts'

/** How a worker of this application runs best. A user's own worker gets each of these only if it has not set it. */
export const tuning = {
  // Activities wait for LangGraph and use no CPU: the default of 100 slots would let the 101st starve.
  maxConcurrentActivityTaskExecutions: 1000,
  // New workflows come over polls of their own, of which the default are two: in a burst of 100 starts a second the last ones
  // began 30 s late. With ten they begin at once, and endings are no later.
  maxConcurrentWorkflowTaskPolls: 20,
  nonStickyToStickyPollRatio: 0.5,
  // Any more open watches are replayed when they have something to do, which takes twice the CPU.
  maxCachedWorkflows: cachedWatches(),
  // A watch of a killed worker continues 0.3 s after the next one is ready, not after 13 s (the default).
  stickyQueueScheduleToStartTimeout: '2s',
  // Longer than any try of an activity, so that a deploy loses none.
  shutdownGraceTime: '11s',
} satisfies Partial<WorkerOptions>

/** What `npm run build` makes. */
export const workflowBundles = { plain: 'workflow-bundle.js', encrypted: 'workflow-bundle-encrypted.js' } as const

/** The options of a worker without the plugin, and so without a sweep; the caller adds connection and namespace. */
export function workerOptions(
  servers: readonly ServerConfig[],
  taskQueue: string,
  options: Pick<ActivitiesOptions, 'webhook' | 'notify'> = {},
) {
  return {
    taskQueue,
    activities: createActivities(createDeployments(servers), {
      ...options,
      ...present({ slots: slotsToShare(servers) }),
    }),
    ...tuning,
    // What still runs after the grace time is cut off.
    shutdownForceTime: '15s',
  } satisfies WorkerOptions
}

/** One deployment has nobody to share them with. @returns `undefined` also if a tuner decides how many there are */
export function slotsToShare(
  servers: readonly ServerConfig[],
  {
    tuner,
    maxConcurrentActivityTaskExecutions = tuning.maxConcurrentActivityTaskExecutions,
  }: Partial<WorkerOptions> = {},
): number | undefined {
  return tuner || servers.length < 2 ? undefined : maxConcurrentActivityTaskExecutions
}

/**
 * The bundle that `npm run build` made, or, in a clone, the sources.
 *
 * @param options `isEncrypted`: for a worker with `failureConverterPath`, which has to be compiled in: without it messages of
 *   workflow failures stay readable, and no warning says so
 */
export function workflowSource({ isEncrypted = false }: { readonly isEncrypted?: boolean } = {}): Pick<
  WorkerOptions,
  'bundlerOptions' | 'workflowBundle' | 'workflowsPath'
> {
  const codePath = fileURLToPath(new URL(workflowBundles[isEncrypted ? 'encrypted' : 'plain'], import.meta.url))
  if (existsSync(codePath)) return { workflowBundle: { codePath } }
  return { workflowsPath: workflowsPath(), bundlerOptions: { preloadModules: [workflowsPath()] } }
}

/**
 * A bundle that carries traces, and that loads the modules of these workflows once. Otherwise each workflow has its own,
 * which take 75 KB. So none of them may keep state. Webpack leaves out what is loaded before it is used, unless package.json
 * says in `sideEffects` that loading it has an effect.
 */
export function withOurModules(options: BundleOptions): BundleOptions {
  const { preloadModules = [], workflowInterceptorModules = [] } = options
  const traceCarrier = inWorkflows('carry-trace')
  return {
    ...options,
    preloadModules: [...preloadModules, workflowsPath(), traceCarrier],
    workflowInterceptorModules: [...workflowInterceptorModules, traceCarrier],
  }
}

/** Without webpack's report of many lines, if these workflows alone are bundled; errors and warnings are still logged. */
export function quiet(options: BundleOptions): BundleOptions {
  const { logger, workflowsPath: path } = options
  if (!logger || path !== workflowsPath()) return options
  return {
    ...options,
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => logger.log(level, message, meta)),
  }
}

/** Where Temporal's bundler finds the workflows. */
export function workflowsPath(): string {
  return inWorkflows('index')
}

function inWorkflows(name: string): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return fileURLToPath(new URL(`workflows/${name}.${extension}`, import.meta.url))
}
