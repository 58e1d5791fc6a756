import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { ExecuteRunInput, WatchProgress } from '../../src/client.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

// What remembered ids and states are worth when somebody else has changed what they stand for.

const url = inject('langGraphUrl')
const langGraph = new LangGraphRuns(url)
const unhurried = { timeout: 90_000 }
const patience = { timeout: 60_000, interval: 200 }
let stage: WorkerStage

beforeAll(async () => {
  stage = await WorkerStage.open(url, { named: url })
  await stage.startWorker()
})
afterAll(() => stage.close())

async function asked(assistantId = 'human') {
  const workflowId = randomUUID()
  const request = { assistantId, input: { symbol: 'AAPL' }, onInterrupt: 'wait', pollInterval: '1s' } as const
  const handle = await stage.runs.startExecution(workflowId, request)
  const shown = await until(workflowId, ({ phase }) => phase === 'interrupted')
  return { workflowId, handle, threadId: shown.thread_id ?? '', interrupts: shown.interrupts ?? [] }
}

function until(workflowId: string, isSo: (progress: WatchProgress) => boolean): Promise<WatchProgress> {
  return vi.waitFor(async () => {
    const progress = await stage.runs.progress({ workflowId })
    if (!isSo(progress)) throw new Error(JSON.stringify(progress))
    return progress
  }, patience)
}

describe.concurrent('after somebody has edited the state of a thread on which a human is asked', unhurried, () => {
  test('an answer to the question as it was shown reaches the graph', async () => {
    const { workflowId, handle, threadId, interrupts } = await asked()
    await langGraph.editState(threadId, { partial: 'edited' })
    const interruptId = interrupts[0]?.id ?? null
    const receipt = await stage.runs.resume({ workflowId }, { value: 'yes', interruptId })
    const outcome = await handle.result()
    expect(outcome).toMatchObject({ result: { answer: 'yes', partial: 'edited' }, run_id: receipt.run_id })
    // The second one had to ask again: the edit might have changed the question.
    expect(outcome.runs).toHaveLength(3)
  })

  test('an answer to a question that the edit has changed is refused, and the new one is asked', async () => {
    const { workflowId, handle, threadId } = await asked()
    await langGraph.editState(threadId, { symbol: 'MSFT' })
    await expect(stage.runs.resume({ workflowId }, { value: 'yes' })).rejects.toMatchObject({
      cause: { type: 'NotAsked', message: expect.stringContaining('state was edited') },
    })
    const shown = await until(workflowId, ({ phase }) => phase === 'interrupted')
    expect(shown.interrupts).toMatchObject([{ value: { question: 'buy MSFT?' } }])
    await stage.runs.resume({ workflowId }, { value: 'no' })
    expect(await handle.result()).toMatchObject({ result: { answer: 'no', symbol: 'MSFT' } })
  })

  test('both answers to two questions reach the graph', async () => {
    const { workflowId, handle, threadId, interrupts } = await asked('two_humans')
    await langGraph.editState(threadId, { partial: 'edited' })
    const [first, second] = interrupts
    await stage.runs.resume({ workflowId }, { value: 'one', interruptId: first?.id ?? null })
    await stage.runs.resume({ workflowId }, { value: 'two', interruptId: second?.id ?? null })
    const byValue = {
      answer: first?.value === 'first?' ? 'one' : 'two',
      answer2: first?.value === 'first?' ? 'two' : 'one',
    }
    expect(await handle.result()).toMatchObject({ result: byValue })
  })

  test('so that nobody is asked any more, an answer is refused, and the watch follows the state', async () => {
    const { workflowId, threadId } = await asked()
    await langGraph.editState(threadId, { answer: 'by hand' }, 'ask')
    await expect(stage.runs.resume({ workflowId }, { value: 'yes' })).rejects.toMatchObject({
      cause: { type: 'NotAsked', message: expect.stringContaining('state was edited') },
    })
    const shown = await until(workflowId, ({ next }) => next?.[0] === 'work')
    expect(shown.interrupts).toEqual([])
    expect(await langGraph.runsOf(threadId)).toHaveLength(1)
    await stage.runs.resume({ workflowId })
    const outcome = await stage.client.workflow.getHandle(workflowId).result()
    expect(outcome).toMatchObject({ result: { answer: 'by hand', final: 'done AAPL' } })
  })
})

const request = (symbol: string): ExecuteRunInput => ({ assistantId: 'work', pollInterval: '1s', input: { symbol } })
/** As `temporal workflow start` does it, with every SDK's own policies. */
const startUnchecked = (workflowId: string, input: object, more: object = {}) =>
  stage.client.workflow.start('executeRun', { taskQueue: stage.taskQueue, workflowId, args: [input], ...more })

describe.concurrent('an id that has been used', unhurried, () => {
  test('fails another request, instead of giving it the result of the first', async () => {
    const workflowId = randomUUID()
    const outcome = await stage.runs.execute(workflowId, request('MSFT'))
    const again = await startUnchecked(workflowId, request('AAPL'))
    expect(await stage.failureOf(again.result())).toMatchObject({ type: 'DifferentRequest', nonRetryable: true })
    expect(await langGraph.runsOf(outcome.thread_id ?? '')).toEqual([outcome.run_id])
  })

  test('gives the same request its run again, however it is waited for', async () => {
    const workflowId = randomUUID()
    const outcome = await stage.runs.execute(workflowId, request('MSFT'))
    const again = await startUnchecked(workflowId, { ...request('MSFT'), pollInterval: '2s' })
    expect(await again.result()).toMatchObject({ run_id: outcome.run_id })
  })

  test('may be tried again if its run was never created', async () => {
    const workflowId = randomUUID()
    const misspelt = await stage.runs.execute(workflowId, { ...request('MSFT'), assistantId: 'wrok' })
    expect(misspelt).toMatchObject({ polling_result: 'error', status: 'polling_error' })
    expect(await stage.runs.execute(workflowId, request('MSFT'))).toHaveProperty('result.final', 'done MSFT')
  })

  test('by a cron is refused, and Schedules are named', async () => {
    const handle = await startUnchecked(randomUUID(), request('MSFT'), { cronSchedule: '@every 1s' })
    const first = stage.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId)
    const { events } = await vi.waitFor(async () => {
      const history = await first.fetchHistory()
      if (!history.events?.some((event) => event.workflowExecutionFailedEventAttributes)) throw new Error('not yet')
      return history
    }, patience)
    const failed = events?.find((event) => event.workflowExecutionFailedEventAttributes)
    const { failure } = failed?.workflowExecutionFailedEventAttributes ?? {}
    expect(failure?.applicationFailureInfo?.type).toBe('InvalidInput')
    expect(failure?.message).toContain('Temporal Schedule')
    await stage.client.workflow.getHandle(handle.workflowId).terminate()
  })
})

describe.concurrent('an outcome', unhurried, () => {
  test('names the node that failed', async () => {
    const outcome = await stage.runs.execute(randomUUID(), { assistantId: 'fail', input: { symbol: 'AAPL' } })
    expect(outcome).toMatchObject({ error: 'ValueError: boom for AAPL', failed_nodes: ['work'] })
  })

  test('of a run that begins later does not call it late or stuck', async () => {
    const input = { symbol: 'AAPL' }
    const limits = { pollInterval: '1s', maxPollTime: '4s', stuckAfter: '4s' } as const
    const outcome = await stage.runs.execute(randomUUID(), { assistantId: 'work', input, afterSeconds: 8, ...limits })
    expect(outcome).toHaveProperty('result.final', 'done AAPL')
  })

  test('of a watch of such a run does not either', async () => {
    const run = await langGraph.create('work', { symbol: 'AAPL' }, { afterSeconds: 8 })
    const outcome = await stage.runs.watch({ ...run, pollInterval: '1s', maxPollTime: '4s', stuckAfter: '4s' })
    expect(outcome).toHaveProperty('result.final', 'done AAPL')
  })

  test('of a cancelled run says so, whatever its server calls that', async () => {
    const workflowId = randomUUID()
    const handle = await stage.runs.startExecution(workflowId, {
      assistantId: 'work',
      input: { symbol: 'AAPL', seconds: 60 },
      pollInterval: '1s',
    })
    await until(workflowId, ({ status }) => status === 'running')
    await stage.runs.cancelRun({ workflowId })
    expect(await handle.result()).toMatchObject({ cancelled: true })
  })

  test('is interrupted while a human is asked, and `progress` says so', async () => {
    const { workflowId } = await asked()
    expect(await stage.runs.progress({ workflowId })).toMatchObject({ phase: 'interrupted', status: 'interrupted' })
    await stage.runs.cancelRun({ workflowId })
  })
})
