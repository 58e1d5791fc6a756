import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import type { CreateRunRequest } from '../../src/domain/creation.ts'
import { json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'
import { activitiesOn, failureOf, tryOf } from './in-activity.ts'

const request: CreateRunRequest = {
  deployment: 'default',
  threadId: randomUUID(),
  key: 'default/order/4711',
  run: { assistantId: 'trading', multitaskStrategy: 'reject' },
}
const notAsked = { type: 'LangGraphUnavailable', details: [{ not_asked: true }] }

let client: Client
beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) })
})
afterAll(() => client.connection.close())

let server: ScriptedLangGraph
beforeEach(async () => {
  server = await ScriptedLangGraph.start()
  server.on('runs', json([])).on('create', json({ run_id: randomUUID() }))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await server.stop()
})

/** A workflow that has given up every try: it waits for nothing. */
async function waitingForNothing(): Promise<WorkflowHandle> {
  return client.workflow.start('executeRun', { taskQueue: randomUUID(), workflowId: randomUUID(), args: [request] })
}

/** One try of that workflow, as a worker makes it that was frozen, and has its task from long ago. */
async function late(handle: WorkflowHandle, over = client) {
  const { runId } = await handle.describe()
  const info = { startToCloseTimeoutMs: 20_000, workflowExecution: { workflowId: handle.workflowId, runId } }
  return tryOf(info, over).environment.run(activitiesOn(server.url).createRun, request)
}

test('a try that Temporal has given up creates no run', async () => {
  const failure = await failureOf(late(await waitingForNothing()))
  expect(failure).toMatchObject({ ...notAsked, message: expect.stringContaining('Temporal has given up this try') })
  expect(server.to('runs')).not.toEqual([])
  expect(server.to('create')).toEqual([])
})

test.each([
  { what: 'another activity', info: { activityId: 'another' } },
  { what: 'another try of the activity', info: { attempt: 2 } },
])('nor does one if Temporal waits for $what', async ({ info }) => {
  const { environment } = tryOf({ startToCloseTimeoutMs: 20_000, ...info })
  const failure = await failureOf(environment.run(activitiesOn(server.url).createRun, request))
  expect(failure).toMatchObject({ ...notAsked, message: expect.stringContaining('Temporal has given up this try') })
  expect(server.to('create')).toEqual([])
})

test('nor does one if Temporal gives no answer, however long the client would try', async () => {
  const { environment } = tryOf({ startToCloseTimeoutMs: 20_000 })
  vi.spyOn(environment.context.client.connection, 'withDeadline').mockReturnValue(new Promise(() => undefined))
  const failure = await failureOf(environment.run(activitiesOn(server.url).createRun, request))
  expect(failure).toMatchObject({ ...notAsked, message: expect.stringContaining('Temporal does not say') })
  expect(server.to('create')).toEqual([])
})

test('nor does one whose workflow has ended', async () => {
  const handle = await waitingForNothing()
  await handle.terminate()
  expect(await failureOf(late(handle))).toMatchObject(notAsked)
  expect(server.to('create')).toEqual([])
})

test('nor does one whose worker cannot reach Temporal', async () => {
  const away = new Client({ connection: Connection.lazy({ address: '127.0.0.1:1' }) })
  const failure = await failureOf(late(await waitingForNothing(), away))
  expect(failure).toMatchObject({ ...notAsked, message: expect.stringContaining('Temporal does not say') })
  expect(server.to('create')).toEqual([])
})

test('nor does one whose worker stands still after Temporal has answered', async () => {
  const { environment } = tryOf({ startToCloseTimeoutMs: 20_000 })
  const { client: temporal } = environment.context
  const { withDeadline } = temporal.connection
  vi.spyOn(temporal.connection, 'withDeadline').mockImplementation(async (...asked) => {
    const answer = await withDeadline(...asked)
    const now = performance.now()
    vi.spyOn(performance, 'now').mockReturnValue(now + 3000)
    return answer
  })
  const failure = await failureOf(environment.run(activitiesOn(server.url).createRun, request))
  expect(failure).toMatchObject({ ...notAsked, message: expect.stringContaining('the worker stood still') })
  expect(server.to('create')).toEqual([])
})

test.each(['not permitted', 'unknown'] as const)(
  'where asking Temporal is %s runs are created all the same',
  async (why) => {
    const code = { 'not permitted': 7, unknown: 12 }[why]
    const { environment } = tryOf({ startToCloseTimeoutMs: 20_000 })
    const refused = Object.assign(new Error(why), { code, details: why, metadata: {} })
    vi.spyOn(environment.context.client.connection, 'withDeadline').mockRejectedValue(refused)
    expect(await environment.run(activitiesOn(server.url).createRun, request)).toMatchObject({ kind: 'created' })
  },
)
