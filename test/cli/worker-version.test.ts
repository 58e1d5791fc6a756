import { describe, expect, test } from 'vitest'
import { versionOfWork } from '../../src/cli/doctor/worker-version.ts'

function poller(deploymentName?: string, buildId = '1.0') {
  const deploymentOptions = {
    deploymentName: deploymentName ?? '',
    buildId,
    workerVersioningMode: deploymentName ? 2 : 1,
  }
  return { identity: '1@host', deploymentOptions }
}

function current(deploymentName: string, buildId: string) {
  return { currentDeploymentVersion: { deploymentName, buildId } }
}

describe('the version that gets work', () => {
  test("is nobody's affair as long as nothing has a version", () => {
    expect(versionOfWork([poller(), { identity: 'an older SDK' }], undefined)).toBeUndefined()
    expect(versionOfWork([poller()], { currentDeploymentVersion: null })).toBeUndefined()
  })

  test('is that of a worker', () => {
    expect(versionOfWork([poller('ours'), poller('ours')], current('ours', '1.0'))).toEqual({
      check: 'worker version',
      status: 'ok',
      found: 'ours:1.0 is current',
    })
  })

  test('shares with another one', () => {
    const rampingDeploymentVersion = { deploymentName: 'ours', buildId: '2.0' }
    const versioning = { ...current('ours', '1.0'), rampingDeploymentVersion, rampingVersionPercentage: 20 }
    expect(versionOfWork([poller('ours'), poller('ours', '2.0')], versioning)).toMatchObject({
      status: 'ok',
      found: 'ours:1.0 is current; 20 % of the work goes to ours:2.0; also running: ours:2.0',
    })
  })

  test.each([
    {
      case: 'has no worker, but another one has',
      pollers: [poller('ours', '1.0')],
      of: current('ours', '2.0'),
      found: 'ours:2.0 is current and gets all work, but no worker of it polls; also running: ours:1.0',
      remedy:
        'start a worker with TEMPORAL_DEPLOYMENT_NAME=ours TEMPORAL_WORKER_BUILD_ID=2.0, or `temporal worker deployment set-current-version --deployment-name ours --build-id 1.0 --yes`',
    },
    {
      case: 'has no worker, but there are some without a version',
      pollers: [poller()],
      of: current('ours', '2.0'),
      found: 'ours:2.0 is current and gets all work, but no worker of it polls',
      remedy:
        'start a worker with TEMPORAL_DEPLOYMENT_NAME=ours TEMPORAL_WORKER_BUILD_ID=2.0, or `temporal worker deployment set-current-version --deployment-name ours --unversioned --yes`',
    },
    {
      case: 'is none',
      pollers: [poller("it's mine", '2.0')],
      of: undefined,
      found: "no version is current, so the workers of it's mine:2.0 get no work",
      remedy: `\`temporal worker deployment set-current-version --deployment-name 'it'\\''s mine' --build-id 2.0 --yes\``,
    },
  ])('$case: failed', ({ pollers, of, found, remedy }) => {
    expect(versionOfWork(pollers, of)).toEqual({ check: 'worker version', status: 'failed', found, remedy })
  })

  test('is none, so workers without a version get all work: a warning', () => {
    expect(versionOfWork([poller('ours'), poller()], undefined)).toMatchObject({
      status: 'warning',
      found: 'no version is current, so the workers of ours:1.0 get no work; those without a version get it all',
    })
  })
})
