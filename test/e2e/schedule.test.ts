import { randomUUID } from 'node:crypto'
import { ScheduleOverlapPolicy } from '@temporalio/client'
import type { ScheduleHandle } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { ExecuteRunInput, WatchOutcome } from '../../src/client.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

// `executeRun` as the action of a Temporal Schedule: each start has an id of its own, and so a run of its own.

const patience = { timeout: 60_000, interval: 100 }
const langGraph = new LangGraphRuns(inject('langGraphUrl'))

let stage: WorkerStage
beforeAll(async () => {
  stage = await WorkerStage.open(inject('langGraphUrl'), { named: inject('langGraphUrl') })
  await stage.startWorker()
})
afterAll(() => stage.close())

/** A schedule that starts only when it is triggered. */
async function schedule(overlap: ScheduleOverlapPolicy, input: Partial<ExecuteRunInput> = {}): Promise<ScheduleHandle> {
  const scheduleId = `nightly/${randomUUID()}`
  const request = { assistantId: 'work', input: { symbol: 'AAPL', seconds: 4 }, pollInterval: '1s', ...input } as const
  return stage.client.schedule.create({
    scheduleId,
    spec: {},
    action: {
      type: 'startWorkflow',
      workflowType: 'executeRun',
      workflowId: scheduleId,
      taskQueue: stage.taskQueue,
      args: [request],
    },
    policies: { overlap },
  })
}

/** The workflow ids of what it has started, once they are so many. */
async function started(handle: ScheduleHandle, count: number): Promise<readonly string[]> {
  return vi.waitFor(async () => {
    const { recentActions } = (await handle.describe()).info
    const ids = recentActions.flatMap(({ action }) =>
      action?.type === 'startWorkflow' ? [action.workflow.workflowId] : [],
    )
    expect(ids).toHaveLength(count)
    return ids
  }, patience)
}

function outcomeOf(workflowId: string | undefined): Promise<WatchOutcome> {
  return stage.client.workflow.getHandle(workflowId ?? '').result()
}

/** The runs that have succeeded, each of which is the only one of its thread. */
async function runsOf(ids: readonly string[]): Promise<Set<string>> {
  const outcomes = await Promise.all(ids.map(outcomeOf))
  for (const { polling_result, run_id, thread_id = '' } of outcomes) {
    expect(polling_result).toBe('success_with_results')
    expect(await langGraph.runsOf(thread_id)).toEqual([run_id])
  }
  return new Set(outcomes.flatMap(({ run_id }) => run_id ?? []))
}

describe.concurrent('a schedule that is due while its last execution is running', { timeout: 90_000 }, () => {
  test('leaves the time out, with `SKIP`', async () => {
    const handle = await schedule(ScheduleOverlapPolicy.SKIP)
    await handle.trigger()
    const ids = await started(handle, 1)
    await handle.trigger()
    await vi.waitFor(async () => expect((await handle.describe()).info.numActionsSkippedOverlap).toBe(1), patience)
    expect(await runsOf(ids)).toHaveProperty('size', 1)
    expect(await started(handle, 1)).toEqual(ids)
    await handle.delete()
  })

  test('starts the next when it has ended, with `BUFFER_ONE`', async () => {
    const handle = await schedule(ScheduleOverlapPolicy.BUFFER_ONE)
    await handle.trigger()
    const [first] = await started(handle, 1)
    await handle.trigger()
    await handle.trigger()
    await outcomeOf(first)
    expect(await runsOf(await started(handle, 2))).toHaveProperty('size', 2)
    await handle.delete()
  })

  test('starts it beside the other, with `ALLOW_ALL`', async () => {
    const handle = await schedule(ScheduleOverlapPolicy.ALLOW_ALL)
    await handle.trigger()
    await started(handle, 1)
    await handle.trigger(ScheduleOverlapPolicy.ALLOW_ALL)
    expect(await runsOf(await started(handle, 2))).toHaveProperty('size', 2)
    await handle.delete()
  })

  test('cancels the other together with its run, with `CANCEL_OTHER`', async () => {
    const handle = await schedule(ScheduleOverlapPolicy.CANCEL_OTHER, { input: { symbol: 'AAPL', seconds: 60 } })
    await handle.trigger()
    const [first = ''] = await started(handle, 1)
    const run = await vi.waitFor(async () => {
      const { run_id: runId = '', thread_id: threadId = '' } = await stage.runs.progress({ workflowId: first })
      expect(runId).not.toBe('')
      return { threadId, runId }
    }, patience)
    await langGraph.untilAtWork(run)
    await handle.trigger()
    const [, second = ''] = await started(handle, 2)
    expect(await langGraph.status(run)).toBe('interrupted')
    await stage.client.workflow.getHandle(second).cancel()
    await handle.delete()
  })
})

test('a schedule does not start again what has failed and is continued, until that has ended', async () => {
  const retry = { maximumAttempts: 3, initialInterval: '1s' } as const
  const handle = await schedule(ScheduleOverlapPolicy.SKIP, {
    assistantId: 'recovering',
    input: { symbol: 'AAPL', size: 1 },
    retry,
  })
  await handle.trigger()
  const [id] = await started(handle, 1)
  await handle.trigger()
  await vi.waitFor(async () => expect((await handle.describe()).info.numActionsSkippedOverlap).toBe(1), patience)
  expect(await outcomeOf(id)).toMatchObject({ polling_metadata: { attempts: 2 } })
  await handle.delete()
})
