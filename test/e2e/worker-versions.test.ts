import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

// Real workers of several builds on one task queue; Temporal decides which of them gets a watch's next task.

const url = inject('langGraphUrl')
const langGraph = new LangGraphRuns(url)
const patience = { timeout: 60_000, interval: 200 }
const deploymentName = `test-${randomUUID()}`
let stage: WorkerStage

beforeAll(async () => {
  stage = await WorkerStage.open(url, {})
})
afterAll(() => stage.close())

function startBuild(buildId: string) {
  return stage.startWorker('default', { TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId })
}

/** Temporal refuses a version whose workers it has not heard of yet. */
function makeCurrent(buildId: string): Promise<unknown> {
  const { workflowService, options } = stage.client
  const request = { namespace: options.namespace, deploymentName, buildId }
  return vi.waitFor(() => workflowService.setWorkerDeploymentCurrentVersion(request), patience)
}

async function buildOf(workflowId: string): Promise<string | undefined> {
  const { raw } = await stage.client.workflow.getHandle(workflowId).describe()
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? undefined
}

/** A watch moves when it has something to do. */
async function untilAllMoveTo(buildId: string, workflowIds: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    await Promise.all(workflowIds.map((workflowId) => stage.runs.wake({ workflowId })))
    expect(new Set(await Promise.all(workflowIds.map(buildOf)))).toEqual(new Set([buildId]))
  }, patience)
}

async function start() {
  const workflowId = randomUUID()
  const request = { assistantId: 'human', input: { symbol: 'AAPL' }, pollInterval: '1s', onInterrupt: 'wait' } as const
  return { workflowId, handle: await stage.runs.startExecution(workflowId, request) }
}

function untilAsked(workflowIds: readonly string[]): Promise<void> {
  const phases = () => Promise.all(workflowIds.map((workflowId) => stage.runs.progress({ workflowId })))
  return vi.waitFor(
    async () => expect(new Set((await phases()).map(({ phase }) => phase))).toEqual(new Set(['interrupted'])),
    patience,
  )
}

test(
  'open watches move from workers without a version to a build, to the next one, and back again',
  { timeout: 240_000 },
  async () => {
    const unversioned = await stage.startWorker('default')
    const open = await Promise.all([start(), start(), start()])
    const ids = open.map(({ workflowId }) => workflowId)
    await untilAsked(ids)

    const first = await startBuild('1.0')
    expect(first.lines).toContainEqual(
      expect.objectContaining({ message: 'worker ready', worker_deployment: deploymentName, build_id: '1.0' }),
    )
    await makeCurrent('1.0')
    await untilAllMoveTo('1.0', ids)
    await unversioned.stop()
    const late = await start()
    await untilAsked([late.workflowId])
    expect(await buildOf(late.workflowId)).toBe('1.0')

    const second = await startBuild('2.0')
    await makeCurrent('2.0')
    await untilAllMoveTo('2.0', [...ids, late.workflowId])
    await makeCurrent('1.0')
    await untilAllMoveTo('1.0', [...ids, late.workflowId])
    await second.stop()

    const all = [...open, late]
    await Promise.all(all.map(({ workflowId }) => stage.runs.resume({ workflowId }, { value: 'yes' })))
    const outcomes = await Promise.all(all.map(({ handle }) => handle.result()))
    expect(outcomes).toMatchObject(all.map(() => ({ polling_result: 'success_with_results' })))
    const runs = await Promise.all(outcomes.map(({ thread_id = '' }) => langGraph.runsOf(thread_id)))
    expect(runs.map(({ length }) => length)).toEqual(all.map(() => 2))
    const histories = await Promise.all(all.map(({ handle }) => stage.historyOf(handle)))
    expect(
      histories.flatMap(({ events }) => events.filter((event) => event.workflowTaskFailedEventAttributes)),
    ).toEqual([])
  },
)
