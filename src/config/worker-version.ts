import { given, read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

/** The version of a worker's code, in a deployment of workers that Temporal routes tasks by. */
export interface WorkerVersion {
  readonly deploymentName: string
  readonly buildId: string
}

/** The names by which Temporal's own worker controller gives them too. */
const names = { deployment: 'TEMPORAL_DEPLOYMENT_NAME', build: 'TEMPORAL_WORKER_BUILD_ID' } as const

/** `undefined` if neither variable is set: any worker of the task queue then takes any task. */
export function workerVersion(env: Environment, found: Findings): WorkerVersion | undefined {
  const { mistakes } = found
  if (Object.values(names).every((name) => given(env, name) === undefined)) return undefined
  const deploymentName = read(env, names.deployment, found)
  const buildId = read(env, names.build, found)
  if (deploymentName === undefined) {
    mistakes.push(
      `${names.deployment} is missing: the name of your workers, such as langgraph-runs, the same for each build`,
    )
  } else if (/[.:]|^__/.test(deploymentName) || isLong(deploymentName)) {
    mistakes.push(`${names.deployment} must have no dot and no colon in it, must not begin with __, and be ${length}`)
  }
  if (buildId === undefined) {
    mistakes.push(`${names.build} is missing: what tells this build from others, such as the tag of its image`)
  } else if (buildId.startsWith('__') || isLong(buildId)) {
    mistakes.push(`${names.build} must not begin with __, and be ${length}`)
  }
  return { deploymentName: deploymentName ?? '', buildId: buildId ?? '' }
}

/** Temporal takes 480, unless its operators have set a lower limit. */
const longestBytes = 200
const length = `at most ${longestBytes} bytes long`

function isLong(text: string): boolean {
  return Buffer.byteLength(text) > longestBytes
}
