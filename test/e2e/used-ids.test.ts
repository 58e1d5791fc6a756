import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { ExecuteRunInput } from '../../src/client.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

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
    const histories = await stage.histories()
    const written = histories.get(`history of ${first.workflowId} (${handle.firstExecutionRunId})`)
    expect(written).toContain('Temporal Schedule')
    await stage.client.workflow.getHandle(handle.workflowId).terminate()
  })
})
