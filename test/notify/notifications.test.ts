import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { WorkflowFailedError } from '@temporalio/client'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import type { Notification } from '../../src/domain/notification.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { NotifiedReceiver, ok } from '../support/notified.ts'
import { after, hang, json, reset, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'
import { holding, WorkerStage } from '../support/worker-process.ts'
import { openStage } from './stage.ts'
import type { NotifyingStage } from './stage.ts'

const cleanUps: (() => Promise<unknown>)[] = []
beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } })
})
afterAll(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
})

async function stageWith(...options: Parameters<typeof openStage>): Promise<NotifyingStage> {
  const stage = await openStage(...options)
  cleanUps.push(() => stage.close())
  return stage
}

const langGraph = new LangGraphRuns(inject('langGraphUrl'))
const planted = `planted-${randomUUID()}`

describe.concurrent('a receiver of notifications', () => {
  test('is told that a run has ended, without its result', async () => {
    const { runs, receiver } = await stageWith()
    const ids = await langGraph.ended('work', { symbol: planted })
    const outcome = await runs.watch(ids)
    const [delivery] = await receiver.has(1)
    const { threadId, runId } = ids
    expect(delivery?.notification).toEqual({
      type: 'run.ended',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: {
        namespace: 'default',
        workflow_id: watchWorkflowId(ids),
        workflow_run_id: expect.any(String),
        deployment: 'default',
        thread_id: threadId,
        run_id: runId,
        state: 'success',
        outcome: {
          polling_result: 'success_with_results',
          status: 'success',
          polling_metadata: outcome.polling_metadata,
        },
      },
    })
    expect(delivery?.text).not.toContain(planted)
  })

  test('is told what a human is asked, once, and then how the run ended', async () => {
    const { runs, receiver, client } = await stageWith()
    const workflowId = `asking/${randomUUID()}`
    const execution = await runs.startExecution(workflowId, {
      assistantId: 'human',
      input: { symbol: 'AAPL' },
      onInterrupt: 'wait',
    })
    const [asked] = await receiver.has(1)
    const { interrupts } = await runs.progress({ workflowId })
    expect(asked?.notification).toMatchObject({
      type: 'run.waiting_for_human',
      data: { state: 'human', assistant_id: 'human', interrupts, question: expect.stringContaining('AAPL') },
    })
    // A KB counts as an event of the 4,000: it continues as new, and asks the same.
    const handle = client.workflow.getHandle(workflowId)
    const { runId: before } = await handle.describe()
    for (let n = 0; n < 40; n += 1) await handle.signal('of any name', 'x'.repeat(110_000))
    await vi.waitUntil(async () => (await handle.describe()).runId !== before, {
      timeout: 30_000,
    })
    await runs.resume({ workflowId }, { value: 'yes' })
    await execution.result()
    const types = (await receiver.has(2)).map(({ notification }) => notification.type)
    expect(types).toEqual(['run.waiting_for_human', 'run.ended'])
  })

  test('is told what became of the run of a cancelled workflow', async () => {
    const { runs, receiver } = await stageWith()
    const ids = await langGraph.create('work', { symbol: 'AAPL', seconds: 60 })
    const handle = await runs.startWatch(ids)
    await vi.waitUntil(async () => (await runs.progress(ids)).status, { timeout: 30_000 })
    await handle.cancel()
    await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError)
    const [delivery] = await receiver.has(1)
    expect(delivery?.notification).toMatchObject({
      type: 'run.ended',
      data: { state: 'cancelled', cancellation: { result: 'left', run_id: ids.runId } },
    })
  })

  const found = text('', { status: 302, headers: { location: 'http://127.0.0.1:1/elsewhere' } })
  test.each<[string, Answer]>([
    ['hangs and then drops the connection', (response) => void setTimeout(() => response.destroy(), 1000)],
    ['answers 500', text('no', { status: 500 })],
    ['refuses', text('no', { status: 400 })],
    ['does not know the signature', text('no', { status: 401 })],
    ['redirects', found],
    ['resets the connection', reset],
    ['answers 429 with Retry-After', text('', { status: 429, headers: { 'retry-after': '1' } })],
    ['has an error page of 10 MB', text('x'.repeat(10_000_000), { status: 503 })],
  ])('that %s delays no outcome, and gets the same again under the same id', async (_, answer) => {
    const { runs, receiver } = await stageWith({ answers: [answer, answer, ok] })
    const outcome = await runs.watch(await langGraph.ended('work', { symbol: 'AAPL' }))
    expect(outcome.polling_result).toBe('success_with_results')
    const deliveries = await receiver.has(3)
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(1)
    expect(new Set(deliveries.map(({ text }) => text)).size).toBe(1)
  })

  test('that hangs for ever delays no outcome', async () => {
    const { runs, receiver } = await stageWith({ answers: [hang] })
    const outcome = await runs.watch(await langGraph.ended('work', { symbol: 'AAPL' }))
    expect(outcome.polling_result).toBe('success_with_results')
    // The next try comes while none was answered.
    expect((await receiver.has(2)).length).toBeGreaterThan(1)
  })

  test('that answers late gets it once', async () => {
    const { runs, receiver, client, taskQueue } = await stageWith({ answers: [after(3000, ok)] })
    await runs.watch(await langGraph.ended('work', { symbol: 'AAPL' }))
    await receiver.has(1)
    await (await notifyRunsOf(client, taskQueue)).at(0)?.result()
    expect(receiver.deliveries).toHaveLength(1)
  })

  test('that wants no more (410) is not asked again, and the workflow says so', async () => {
    const { runs, receiver, client, taskQueue } = await stageWith({ answers: [text('', { status: 410 })] })
    const outcome = await runs.watch(await langGraph.ended('work', { symbol: 'AAPL' }))
    expect(outcome.polling_result).toBe('success_with_results')
    await receiver.has(1)
    const [notifyRun] = await notifyRunsOf(client, taskQueue)
    await expect(notifyRun?.result()).rejects.toMatchObject({
      cause: {
        type: 'NotificationUnwanted',
        message: 'the receiver (NOTIFY_URL) wants no more notifications (HTTP 410)',
      },
    })
    expect(receiver.deliveries).toHaveLength(1)
  })

  test('hears of an outage from a watch that ends with that poll', async () => {
    const scripted = await ScriptedLangGraph.start()
    cleanUps.push(() => scripted.stop())
    // Polls after 0, 4 and 6 s.
    scripted.on('run', text('down', { status: 503, headers: { 'retry-after': '4' } }))
    const { runs, receiver } = await stageWith({ langGraphUrl: scripted.url })
    await runs.watch({ threadId: randomUUID(), runId: randomUUID(), pollInterval: '1s', maxPollTime: '6s' })
    const all = await receiver.has(2)
    expect(all.map(({ notification }) => notification.type).toSorted()).toEqual(['run.ended', 'run.outage'])
  })

  test('hears of an outage once, whatever the number of watches, and of their endings', async () => {
    const scripted = await ScriptedLangGraph.start()
    cleanUps.push(() => scripted.stop())
    scripted.on('run', text('down', { status: 503 }))
    const { runs, receiver } = await stageWith({ langGraphUrl: scripted.url })
    const watches = Array.from({ length: 5 }, () => ({ threadId: randomUUID(), runId: randomUUID() }))
    const handles = await Promise.all(
      watches.map((ids) => runs.startWatch({ ...ids, pollInterval: '1s', maxPollTime: '1h' })),
    )
    for (const ids of watches) {
      await vi.waitFor(async () => expect(await runs.progress(ids)).toMatchObject({ state: 'outage' }), {
        timeout: 30_000,
      })
    }
    scripted.on('run', json({ run_id: watches[0]?.runId, thread_id: watches[0]?.threadId, status: 'error' }))
    await Promise.all(handles.map((handle) => handle.result()))
    const all = await receiver.has(6)
    const byType = (type: Notification['type']) => all.filter(({ notification }) => notification.type === type)
    expect(byType('run.ended')).toHaveLength(5)
    expect(byType('run.outage').map(({ notification: { data } }) => data)).toEqual([
      expect.objectContaining({ deployment: 'default', state: 'outage', error: expect.stringContaining('503') }),
    ])
  })

  test('hears nothing if it is not configured, and no history holds a word of it', async () => {
    const { runs, receiver, client, taskQueue } = await stageWith({ isOff: true })
    const ids = await langGraph.ended('work', { symbol: 'AAPL' })
    await runs.watch(ids)
    expect(await notifyRunsOf(client, taskQueue)).toEqual([])
    expect(receiver.deliveries).toEqual([])
    const { events } = await client.workflow.getHandle(watchWorkflowId(ids)).fetchHistory()
    const answers = (events ?? []).map(({ activityTaskCompletedEventAttributes: done }) => done?.result?.payloads?.[0])
    const texts = answers.map((payload) => Buffer.from(payload?.data ?? []).toString('utf8'))
    expect(texts.join('')).toContain('"status"')
    expect(texts.join('')).not.toContain('notifies')
  })

  test('gets it from the next worker if one was killed meanwhile, and no history or log holds its address', async () => {
    const receiver = await NotifiedReceiver.start(hang, ok)
    const stage = await WorkerStage.open(inject('langGraphUrl'), {})
    cleanUps.push(
      () => stage.close(),
      () => receiver.stop(),
    )
    const env = { NOTIFY_URL: receiver.url, NOTIFY_SECRET: receiver.secret }
    const worker = await stage.startWorker('default', env)
    const outcome = await stage.runs.watch(await langGraph.ended('work', { symbol: 'AAPL' }))
    expect(outcome.polling_result).toBe('success_with_results')
    await receiver.has(1)
    await worker.kill()
    await stage.startWorker('default', env)
    const deliveries = await receiver.has(2)
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(1)
    const [notifyRun] = await notifyRunsOf(stage.client, stage.taskQueue)
    await notifyRun?.result()

    const traces = await stage.traces()
    const words = [receiver.secret, receiver.secret.slice('whsec_'.length), receiver.token, new URL(receiver.url).host]
    expect(holding(traces, words)).toEqual([])
    // So the search reads what it is to read.
    expect(holding(traces, ['run.ended'])).not.toEqual([])
  })
})

async function notifyRunsOf(client: NotifyingStage['client'], taskQueue: string): Promise<readonly WorkflowHandle[]> {
  // Visibility is late, and shows all that began before what it shows.
  const ids = await vi.waitUntil(
    async () => {
      const seen: string[] = []
      for await (const { workflowId } of client.workflow.list({ query: `TaskQueue = '${taskQueue}'` })) {
        seen.push(workflowId)
      }
      return seen.length > 0 && seen
    },
    { timeout: 30_000 },
  )
  return ids.filter((id) => id.startsWith('notify-run/')).map((id) => client.workflow.getHandle(id))
}
