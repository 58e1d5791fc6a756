import { randomUUID } from 'node:crypto'
import { activityInfo } from '@temporalio/activity'
import { Client, Connection } from '@temporalio/client'
import type { ConnectionLike } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { startTimeSkippingServer } from '../../dev/embedded-temporal.ts'
import { createActivities } from '../../src/activities/index.ts'
import { sweepWorkflowId } from '../../src/domain/contract.ts'
import { longestSweepMs } from '../../src/domain/sweep.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { LangGraphRunsPlugin } from '../../src/plugin.ts'
import { Sweeps } from '../../src/sweep/sweeps.ts'
import { json, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'

const patience = { timeout: 20_000, interval: 50 }
let connection: Connection
let client: Client
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') })
  client = new Client({ connection })
})
afterAll(() => connection.close())

function watchIdOf(threadId: string): string {
  return `watch-run/default/${threadId}/${randomUUID()}`
}

/** Whether a worker that has just started finds the sweep alive. */
function isAlive(taskQueue: string, over: Client = client): Promise<boolean> {
  const environment = new MockActivityEnvironment({ taskQueue, namespace: 'default' }, { client: over })
  return environment.run(() => new Sweeps(1000, () => false).isAlive('default'))
}

function sweepOf(taskQueue: string, over: Client = client) {
  return over.workflow.getHandle(sweepWorkflowId(taskQueue, 'default'))
}

test('the first one who looks starts the sweep, and the next one finds it', async () => {
  const taskQueue = randomUUID()
  expect(await isAlive(taskQueue)).toBe(false)
  const { runId, type, status } = await sweepOf(taskQueue).describe()
  expect({ type, status: status.name }).toEqual({ type: 'sweepRuns', status: 'RUNNING' })
  // Without a worker nobody looks at any thread.
  expect(await isAlive(taskQueue)).toBe(false)
  expect((await sweepOf(taskQueue).describe()).runId).toBe(runId)
})

test('many polls look once in 5 s, and once more a second after a start', async () => {
  const taskQueue = randomUUID()
  const described = vi.spyOn(client.workflowService, 'describeWorkflowExecution')
  const sweeps = new Sweeps(1000, () => false)
  const environment = new MockActivityEnvironment({ taskQueue, namespace: 'default' }, { client })
  const looked = () => environment.run(() => Promise.all(Array.from({ length: 100 }, () => sweeps.isAlive('default'))))
  await looked()
  expect(described).toHaveBeenCalledOnce()
  // The one that was started just now sees after a second; it is not found out only after five.
  await vi.waitFor(async () => {
    await looked()
    expect(described).toHaveBeenCalledTimes(2)
  }, 4000)
  await looked()
  expect(described).toHaveBeenCalledTimes(2)
  described.mockRestore()
})

test('no sweep is started on a Temporal that cannot list workflows, since its time would not be skipped any more', async () => {
  const environment = await startTimeSkippingServer()
  const taskQueue = randomUUID()
  expect(await isAlive(taskQueue, environment.client)).toBe(false)
  await expect(sweepOf(taskQueue, environment.client).describe()).rejects.toThrow('not found')
  await environment.teardown()
})

test('a Temporal that does not answer delays no poll', async () => {
  const away: ConnectionLike = Connection.lazy({ address: '127.0.0.1:1' })
  expect(await isAlive(randomUUID(), new Client({ connection: away }))).toBe(false)
})

test('a sweep goes on when all its tries are used up by workers that have stopped', async () => {
  const taskQueue = randomUUID()
  let tries = 0
  const sweepThreads = async () => {
    tries += 1
    if (tries > 1) return 'idle'
    throw ApplicationFailure.nonRetryable('the last try', 'WorkerStops')
  }
  const native = await NativeConnection.connect({ address: inject('temporalAddress') })
  const workflowBundle = { codePath: inject('workflowBundle') }
  const worker = await Worker.create({ connection: native, taskQueue, workflowBundle, activities: { sweepThreads } })
  const workflowId = sweepWorkflowId(taskQueue, 'default')
  const options = { taskQueue, workflowId, args: [{ deployment: 'default' }] }
  await worker.runUntil(client.workflow.execute('sweepRuns', options))
  expect(tries).toBe(2)
  await native.close()
})

test('a worker without sweeps leaves the sweep to another one', async () => {
  const { sweepThreads } = createActivities(createDeployments([{ name: 'default', url: 'http://127.0.0.1:1' }]))
  const tried = new MockActivityEnvironment().run(sweepThreads, { deployment: 'default' })
  await expect(tried).rejects.toMatchObject({ type: 'NoSweep', nonRetryable: false })
})

test('a workflow that takes no more signals holds up no other', async () => {
  const [full, other] = [randomUUID(), randomUUID()]
  const taskQueue = randomUUID()
  const scripted = await ScriptedLangGraph.start()
  const updated_at = '2026-11-28T10:00:00'
  scripted.on('search', json([full, other].map((thread_id) => ({ thread_id, status: 'idle', updated_at }))))
  for (const threadId of [full, other])
    await client.workflow.start('nobody', { taskQueue, workflowId: watchIdOf(threadId) })
  const { workflowService } = client
  const send = workflowService.signalWorkflowExecution.bind(workflowService)
  const refused = Object.assign(new Error('3 INVALID_ARGUMENT: exceeded'), {
    code: 3,
    details: 'exceeded',
    metadata: { get: () => [] },
  })
  const signals = vi.spyOn(workflowService, 'signalWorkflowExecution').mockImplementation((request) => {
    const isFull = String(Object(request).workflowExecution?.workflowId).includes(full)
    return isFull ? Promise.reject(refused) : send(request)
  })
  const workflowExecution = { workflowId: sweepWorkflowId(taskQueue, 'default'), runId: randomUUID() }
  const environment = new MockActivityEnvironment({ taskQueue, namespace: 'default', workflowExecution }, { client })
  const said: unknown[] = []
  environment.on('heartbeat', (heartbeat: unknown) => said.push(heartbeat))
  const langGraph = createDeployments([{ name: 'default', url: scripted.url }])('default')
  const sweep = environment.run(() => new Sweeps(100, () => false).sweep('default', langGraph))
  await vi.waitFor(() => {
    expect(said.at(-1)).toEqual({ sees: true, found: true })
    expect(
      signals.mock.calls.map(([request]) => String(Object(request).workflowExecution?.workflowId).split('/')[2]),
    ).toEqual(expect.arrayContaining([full, other]))
  }, patience)
  environment.cancel()
  await expect(sweep).rejects.toThrow('CANCELLED')
  signals.mockRestore()
  await scripted.stop()
})

test('a refusal of the first search after another worker has searched is an outage, and ends no sweep', async () => {
  const scripted = await ScriptedLangGraph.start()
  scripted.on('search', text('away', { status: 501 }))
  const taskQueue = randomUUID()
  const workflowId = watchIdOf(randomUUID())
  await client.workflow.start('nobody', { taskQueue, workflowId })
  const workflowExecution = { workflowId: sweepWorkflowId(taskQueue, 'default'), runId: randomUUID() }
  const langGraph = createDeployments([{ name: 'default', url: scripted.url }])('default')
  const sweepAfter = (heartbeatDetails: unknown) => {
    const info = { taskQueue, namespace: 'default', workflowExecution, heartbeatDetails }
    const environment = new MockActivityEnvironment(info, { client })
    return { environment, sweep: environment.run(() => new Sweeps(100, () => false).sweep('default', langGraph)) }
  }
  expect(await sweepAfter(undefined).sweep).toBe('unsearchable')
  const { environment, sweep } = sweepAfter({ sees: false, found: true })
  const before = scripted.to('search').length
  await vi.waitFor(() => expect(scripted.to('search').length).toBeGreaterThan(before + 1), patience)
  environment.cancel()
  await expect(sweep).rejects.toThrow('CANCELLED')
  await client.workflow.getHandle(workflowId).terminate()
  await scripted.stop()
})

test('a sweep under the id of another one is none: watches would sleep, and nobody would wake them', async () => {
  const workflowExecution = { workflowId: sweepWorkflowId('theirs', 'default'), runId: randomUUID() }
  const environment = new MockActivityEnvironment({ taskQueue: randomUUID(), workflowExecution }, { client })
  const langGraph = createDeployments([{ name: 'default', url: 'http://127.0.0.1:1' }])('default')
  const sweep = environment.run(() => new Sweeps(100, () => false).sweep('default', langGraph))
  await expect(sweep).rejects.toMatchObject({ type: 'InvalidInput', nonRetryable: true })
})

test('a server that cannot search threads is not asked again for 10 min, and its watches poll as they would', async () => {
  const scripted = await ScriptedLangGraph.start()
  scripted.on('run', json({ status: 'running' })).on('search', json({ detail: 'unknown field: ids' }, { status: 422 }))
  const plugin = new LangGraphRunsPlugin({ servers: [{ name: 'default', url: scripted.url }] })
  const native = await NativeConnection.connect({ address: inject('temporalAddress') })
  const taskQueue = randomUUID()
  const workflowBundle = { codePath: inject('workflowBundle') }
  const worker = await Worker.create({ connection: native, taskQueue, workflowBundle, plugins: [plugin] })
  await worker.runUntil(async () => {
    const ids = { threadId: randomUUID(), runId: randomUUID() }
    const workflowId = `watch-run/default/${ids.threadId}/${ids.runId}`
    const watch = await client.workflow.start('watchRun', { taskQueue, workflowId, args: [ids] })
    await vi.waitFor(async () => expect((await sweepOf(taskQueue).describe()).status.name).toBe('COMPLETED'), patience)
    const { runId } = await sweepOf(taskQueue).describe()
    expect(await isAlive(taskQueue)).toBe(false)
    expect((await sweepOf(taskQueue).describe()).runId).toBe(runId)
    expect(await watch.query('progress')).not.toHaveProperty('swept')
    await watch.terminate()
  })
  expect(scripted.to('search')).toHaveLength(1)
  await native.close()
  await scripted.stop()
})

test('a sweep that has lasted a day continues as new, before Temporal ends its activity', async () => {
  const limits: number[] = []
  const sweepThreads = async () => {
    limits.push(activityInfo().startToCloseTimeoutMs)
    return limits.length === 1 ? 'continues' : 'idle'
  }
  const native = await NativeConnection.connect({ address: inject('temporalAddress') })
  const taskQueue = randomUUID()
  const workflowBundle = { codePath: inject('workflowBundle') }
  const worker = await Worker.create({ connection: native, taskQueue, workflowBundle, activities: { sweepThreads } })
  const options = { taskQueue, workflowId: randomUUID(), args: [{ deployment: 'default' }] }
  await worker.runUntil(client.workflow.execute('sweepRuns', options))
  expect(limits).toHaveLength(2)
  expect(Math.min(...limits)).toBeGreaterThan(longestSweepMs)
  await native.close()
})
