import { randomBytes, randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { payloadCodecs } from '../../src/payloads.ts'
import { OpenWatches } from '../../src/sweep/open-watches.ts'

// On a real server, with encryption; without a worker a workflow stays open and does nothing.

let client: Client
beforeAll(async () => {
  const dataConverter = { payloadCodecs: payloadCodecs([{ id: 'ours', key: randomBytes(32) }]) }
  client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }), dataConverter })
})
afterAll(() => client.connection.close())

const patience = { timeout: 20_000, interval: 50 }

function queueOf(taskQueue: string) {
  const watches = new OpenWatches(client, { taskQueue, deployment: 'default' })
  const start = (type: string, workflowId: string, memo?: Record<string, unknown>) =>
    client.workflow.start(type, { taskQueue, workflowId, ...(memo && { memo }) })
  const ids = () => watches.all.map(({ workflowId }) => workflowId).toSorted()
  return { watches, start, ids }
}

function watchId(deployment = 'default'): string {
  return `watch-run/${deployment}/${randomUUID()}/${randomUUID()}`
}

function memoOf(deployment = 'default') {
  return { langgraph: { deployment, thread_id: randomUUID(), run_id: randomUUID() } }
}

test('finds watches by their id, or by their memo whatever their type, of one deployment and task queue', async () => {
  const { watches, start, ids } = queueOf(`it's-${randomUUID()}`)
  const id = watchId()
  const memo = memoOf()
  await start('watchRun', id)
  await start('theirWatch', `order/${id}`, memo)
  await start('executeRun', `without-run/${id}`)
  const { run_id: _, ...withoutRun } = memoOf().langgraph
  await start('executeRun', `creating/${id}`, { langgraph: { ...withoutRun, state: 'creating' } })
  await start('theirs', `other/${id}`, { langgraph: 'theirs' })
  await start('watchRun', watchId('research'))
  await start('executeRun', `research/${id}`, memoOf('research'))
  await start('sweepRuns', `sweep-runs/${id}`, memoOf())
  await queueOf(randomUUID()).start('watchRun', watchId())
  await vi.waitFor(async () => {
    await watches.refresh(0)
    expect(ids()).toEqual([`order/${id}`, id].toSorted())
  }, patience)
  expect(new Set(watches.all.map(({ threadId }) => threadId))).toEqual(
    new Set([memo.langgraph.thread_id, id.split('/')[2]]),
  )
})

test('what others have started hides no watch: ids and memos that name no thread, and memos that cannot be read', async () => {
  const taskQueue = randomUUID()
  const { watches, start } = queueOf(taskQueue)
  const upper = watchId().toUpperCase().replace('WATCH-RUN/DEFAULT', 'watch-run/default')
  await start('theirs', `watch-run/default/${taskQueue}x/y`)
  await start('theirs', `memo/${taskQueue}`, { langgraph: { deployment: 'default', thread_id: 'abc' } })
  await client.workflowService.startWorkflowExecution({
    namespace: 'default',
    requestId: randomUUID(),
    workflowId: `encrypted/${taskQueue}`,
    workflowType: { name: 'theirs' },
    taskQueue: { name: taskQueue },
    memo: {
      fields: { langgraph: { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.from('x') } },
    },
  })
  await start('theirs', upper)
  await vi.waitFor(async () => {
    await watches.refresh(0)
    expect(watches.all).toMatchObject([{ workflowId: upper, threadId: upper.split('/')[2]?.toLowerCase() }])
  }, patience)
})

test('between two full lists only new ones are asked for, and those whose run has no name yet', async () => {
  const { watches, start, ids } = queueOf(randomUUID())
  const listed = vi.spyOn(client.workflowService, 'listWorkflowExecutions')
  const [first, second] = [watchId(), watchId()]
  await start('watchRun', first)
  await vi.waitFor(async () => {
    await watches.refresh(0)
    expect(ids()).toEqual([first])
  }, patience)
  const execution = `execution/${randomUUID()}`
  const creating = { langgraph: { deployment: 'default', assistant: 'trading', state: 'creating' } }
  await start('executeRun', execution, creating)
  await start('watchRun', second)
  listed.mockClear()
  await vi.waitFor(async () => {
    await watches.refresh(10_000)
    expect(ids()).toEqual([first, second].toSorted())
  }, patience)
  const queries = listed.mock.calls.map(([request]) => String(Object(request).query))
  expect(queries.every((query) => query.includes('AND StartTime >= '))).toBe(true)
  listed.mockRestore()
})

test('an execution is asked for again until its memo names its run, whatever else its starter has put there', async () => {
  const { watches, start } = queueOf(randomUUID())
  const memo = { langgraph: { deployment: 'default', thread_id: randomUUID(), state: 'creating' } }
  const secondOf = async (workflowId: string) => {
    const { startTime } = await client.workflow.getHandle(workflowId).describe()
    return Math.floor(startTime.getTime() / 1000)
  }
  const execution = `execution/${randomUUID()}`
  await start('executeRun', execution, memo)
  const executionSecond = await secondOf(execution)
  const later: string[] = []
  await vi.waitFor(async () => {
    const id = watchId()
    await start('watchRun', id)
    later.push(id)
    expect(await secondOf(id)).toBeGreaterThan(executionSecond)
  }, patience)
  await vi.waitFor(async () => {
    await watches.refresh(0)
    expect(watches.all).toHaveLength(later.length)
  }, patience)
  const listed = vi.spyOn(client.workflowService, 'listWorkflowExecutions')
  await watches.refresh(10_000)
  const [, since = ''] = /StartTime >= '(.*)'/.exec(String(Object(listed.mock.calls[0]?.[0]).query)) ?? []
  listed.mockRestore()
  expect(Date.parse(since) / 1000).toBe(executionSecond)
})

test('one that has closed is gone with the next full list, a minute later', async () => {
  const { watches, start, ids } = queueOf(randomUUID())
  const [closing, staying] = [watchId(), watchId()]
  const handle = await start('watchRun', closing)
  await start('watchRun', staying)
  await vi.waitFor(async () => {
    await watches.refresh(0)
    expect(ids()).toHaveLength(2)
  }, patience)
  await handle.terminate()
  let nowMs = 0
  await vi.waitFor(async () => {
    await watches.refresh((nowMs += 70_000))
    expect(ids()).toEqual([staying])
  }, patience)
})
