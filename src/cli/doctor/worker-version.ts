import type { ConnectionLike } from '@temporalio/client'
import { quoted } from '../../domain/printable.ts'
import { failed, ok, warning } from './check.ts'
import type { Check } from './check.ts'

type TaskQueue = Awaited<ReturnType<ConnectionLike['workflowService']['describeTaskQueue']>>
type Pollers = NonNullable<TaskQueue['pollers']>

interface Version {
  readonly deploymentName: string
  readonly buildId: string
}

const versioned = 2

/**
 * Whether those that poll are of the version that Temporal gives work to.
 *
 * @returns `undefined` if neither the workers nor the task queue has a version
 */
export function versionOfWork(pollers: Pollers, versioning: TaskQueue['versioningInfo']): Check | undefined {
  const current = known(versioning?.currentDeploymentVersion)
  const ramping = known(versioning?.rampingDeploymentVersion)
  const running = versionsOf(pollers)
  const [example] = running
  if (!current) return example && withoutCurrent(example, running, pollers.some(isUnversioned))
  const others = running.filter((version) => inWords(version) !== inWords(current)).map(inWords)
  const alsoRuns = others.length > 0 ? `; also running: ${others.join(', ')}` : ''
  if (others.length === running.length) return withoutWorker(current, example, alsoRuns)
  const share = ramping
    ? `; ${versioning?.rampingVersionPercentage ?? 0} % of the work goes to ${inWords(ramping)}`
    : ''
  return ok(check, `${inWords(current)} is current${share}${alsoRuns}`)
}

const check = 'worker version'

/** As long as none is current, Temporal gives all work to workers without a version. */
function withoutCurrent(example: Version, running: readonly Version[], hasUnversioned: boolean): Check {
  const found = `no version is current, so the workers of ${running.map(inWords).join(', ')} get no work`
  return hasUnversioned
    ? warning(check, `${found}; those without a version get it all`, makeCurrent(example))
    : failed(check, found, makeCurrent(example))
}

function withoutWorker(current: Version, example: Version | undefined, alsoRuns: string): Check {
  const { deploymentName, buildId } = current
  const start = `start a worker with TEMPORAL_DEPLOYMENT_NAME=${quoted(deploymentName)} TEMPORAL_WORKER_BUILD_ID=${quoted(buildId)}`
  const otherwise = example
    ? makeCurrent(example)
    : `${setCurrent} --deployment-name ${quoted(deploymentName)} --unversioned --yes\``
  return failed(
    check,
    `${inWords(current)} is current and gets all work, but no worker of it polls${alsoRuns}`,
    `${start}, or ${otherwise}`,
  )
}

const setCurrent = '`temporal worker deployment set-current-version'

function makeCurrent({ deploymentName, buildId }: Version): string {
  return `${setCurrent} --deployment-name ${quoted(deploymentName)} --build-id ${quoted(buildId)} --yes\``
}

function isUnversioned({ deploymentOptions }: Pollers[number]): boolean {
  return Number(deploymentOptions?.workerVersioningMode) !== versioned
}

function versionsOf(pollers: Pollers): readonly Version[] {
  const all = pollers
    .filter((poller) => !isUnversioned(poller))
    .flatMap(({ deploymentOptions }) => known(deploymentOptions) ?? [])
  return [...new Map(all.map((version) => [inWords(version), version])).values()]
}

interface Sent {
  readonly deploymentName?: string | null
  readonly buildId?: string | null
}

function known(version: Sent | null | undefined): Version | undefined {
  const { deploymentName, buildId } = version ?? {}
  return deploymentName && buildId ? { deploymentName, buildId } : undefined
}

/** As Temporal's command line and its Web UI write it. */
function inWords({ deploymentName, buildId }: Version): string {
  return `${deploymentName}:${buildId}`
}
