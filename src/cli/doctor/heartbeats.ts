import type { Temporal } from '../temporal.ts'

const pluginName = 'langgraph-background-runs'
const mostWorkers = 200

/** What a worker tells Temporal of itself. */
export interface KnownWorker {
  readonly identity: string
  readonly taskQueue: string
  readonly sdkVersion: string
  readonly startedAtSeconds: number
  /** It carries out our workflows. */
  readonly isOurs: boolean
}

/** @returns none from a server that keeps no heartbeats, or does not show them */
export async function heartbeats(temporal: Temporal): Promise<readonly KnownWorker[]> {
  const { namespace } = temporal.client.options
  const { workflowService } = temporal.client
  const listed = await temporal
    .ask(() => workflowService.listWorkers({ namespace, pageSize: mostWorkers }))
    .catch(() => undefined)
  return (listed?.workers ?? []).map(({ workerIdentity, taskQueue, sdkVersion, startTime, plugins }) => ({
    identity: workerIdentity ?? '',
    taskQueue: taskQueue ?? '',
    sdkVersion: sdkVersion ?? '',
    startedAtSeconds: Number(startTime?.seconds ?? 0),
    isOurs: (plugins ?? []).some(({ name }) => name === pluginName),
  }))
}
