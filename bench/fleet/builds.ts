import { setTimeout as pause } from 'node:timers/promises'
import { Connection } from '@temporalio/client'

const deploymentName = 'fleet'
const patienceMs = 60_000

/** What gives a worker of this build its version. */
export function versionOf(build: number): NodeJS.ProcessEnv {
  return { TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: `${build}` }
}

/** Has Temporal give all work to this build. It refuses one whose workers it has not heard of yet. */
export async function makeCurrent(address: string, build: number): Promise<void> {
  const connection = await Connection.connect({ address })
  const untilMs = Date.now() + patienceMs
  const isCurrent = () =>
    connection.workflowService
      .setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName, buildId: `${build}` })
      .then(
        () => true,
        (error: unknown) => {
          if (Date.now() > untilMs) throw error
          return false
        },
      )
  try {
    while (!(await isCurrent())) await pause(200)
  } finally {
    await connection.close()
  }
}
