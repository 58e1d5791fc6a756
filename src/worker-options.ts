import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { WorkerOptions } from '@temporalio/worker'
import { createActivities } from './activities/index.ts'
import { createDeployments } from './langgraph/deployments.ts'
import type { ServerConfig } from './langgraph/server.ts'

export type { ServerConfig } from './langgraph/server.ts'

/** What every worker of this application runs with; connection and namespace are the caller's. */
export function workerOptions(servers: readonly ServerConfig[], taskQueue: string) {
  return {
    taskQueue,
    activities: createActivities(createDeployments(servers)),
    // Activities wait for LangGraph and use no CPU: the default of 100 slots would let the 101st starve.
    maxConcurrentActivityTaskExecutions: 1000,
    // At least the number of open watches of one worker, at 80-200 KB each: a smaller cache replays their histories.
    maxCachedWorkflows: 2000,
    // A watch of a killed worker goes on 0.3 s after the next one is ready, not after 13 s (the default).
    stickyQueueScheduleToStartTimeout: '2s',
    // Longer than any try of an activity, so that a deploy loses none; then the rest is cut off.
    shutdownGraceTime: '11s',
    shutdownForceTime: '15s',
  } satisfies WorkerOptions
}

/** The bundle that `npm run build` made, or, in a clone, the sources. */
export function workflowSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = fileURLToPath(new URL('workflow-bundle.js', import.meta.url))
  if (existsSync(codePath)) return { workflowBundle: { codePath } }
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return { workflowsPath: fileURLToPath(new URL(`workflows/index.${extension}`, import.meta.url)) }
}
