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

interface Asked {
  readonly overlap: ScheduleOverlapPolicy
  /** Absent: it starts only when it is triggered. */
  readonly every?: '1s'
  readonly input?: Partial<ExecuteRunInput>
}

/** A schedule that starts two executions, and none if the next is due while the last is running and `overlap` says so. */
async function schedule({ overlap, every, input }: Asked): Promise<ScheduleHandle> {
  const scheduleId = `nightly/${randomUUID()}`
  const request = { assistantId: 'work', input: { symbol: 'AAPL', seconds: 3 }, pollInterval: '1s', ...input } as const
  return stage.client.schedule.create({
    scheduleId,
    spec: every ? { intervals: [{ every }] } : {},
    action: {
      type: 'startWorkflow',
      workflowType: 'executeRun',
      workflowId: scheduleId,
      taskQueue: stage.taskQueue,
      args: [request],
    },
    policies: { overlap },
    state: { remainingActions: 2 },
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

/** Both, once they have ended: each is one run, on a thread of its own. */
async function bothOf(handle: ScheduleHandle) {
  const ids = await started(handle, 2)
  const outcomes = await Promise.all(ids.map(outcomeOf))
  for (const { polling_result, runs = [], run_id, thread_id = '' } of outcomes) {
    expect(polling_result).toBe('success_with_results')
    const expected = runs.length > 0 ? runs.map((one) => one.run_id) : [run_id]
    expect(await langGraph.runsOf(thread_id)).toEqual(expected)
  }
  const [first, second] = await Promise.all(ids.map((id) => stage.client.workflow.getHandle(id).describe()))
  const skipped = (await handle.describe()).info.numActionsSkippedOverlap
  await handle.delete()
  return { outcomes, skipped, isApart: Number(second?.startTime) >= Number(first?.closeTime) }
}

function outcomeOf(workflowId: string | undefined): Promise<WatchOutcome> {
  return stage.client.workflow.getHandle(workflowId ?? '').result()
}

describe.concurrent('a schedule that is due while its last execution is running', { timeout: 90_000 }, () => {
  test('leaves these times out, with `SKIP`', async () => {
    const both = await bothOf(await schedule({ overlap: ScheduleOverlapPolicy.SKIP, every: '1s' }))
    expect(both).toMatchObject({ isApart: true })
    expect(both.skipped).toBeGreaterThan(0)
  })

  test('starts the next when it has ended, with `BUFFER_ONE`', async () => {
    const both = await bothOf(await schedule({ overlap: ScheduleOverlapPolicy.BUFFER_ONE, every: '1s' }))
    expect(both).toMatchObject({ isApart: true })
  })

  test('starts the next beside it, with `ALLOW_ALL`', async () => {
    const both = await bothOf(await schedule({ overlap: ScheduleOverlapPolicy.ALLOW_ALL, every: '1s' }))
    expect(both).toMatchObject({ isApart: false, skipped: 0 })
  })

  test('waits as well while a failed run is continued, with `SKIP`', async () => {
    const retry = { maximumAttempts: 3, initialInterval: '2s' } as const
    const input = { assistantId: 'recovering', input: { symbol: 'AAPL', size: 1 }, retry }
    const both = await bothOf(await schedule({ overlap: ScheduleOverlapPolicy.SKIP, every: '1s', input }))
    expect(both).toMatchObject({ isApart: true })
    expect(both.outcomes).toMatchObject([{ polling_metadata: { attempts: 2 } }, { polling_metadata: { attempts: 2 } }])
  })

  test('cancels it together with its run, with `CANCEL_OTHER`', async () => {
    const overlap = ScheduleOverlapPolicy.CANCEL_OTHER
    const handle = await schedule({ overlap, input: { input: { symbol: 'AAPL', seconds: 60 } } })
    await handle.trigger(overlap)
    const [workflowId = ''] = await started(handle, 1)
    const run = await vi.waitFor(async () => {
      const { run_id: runId = '', thread_id: threadId = '' } = await stage.runs.progress({ workflowId })
      expect(runId).not.toBe('')
      return { threadId, runId }
    }, patience)
    await langGraph.untilAtWork(run)
    // The ids of two starts within one second would be the same.
    await vi.waitUntil(() => Date.now() > Date.parse(workflowId.slice(-20)) + 1000, patience)
    await handle.trigger(overlap)
    const [, second = ''] = await started(handle, 2)
    expect(await langGraph.status(run)).toBe('interrupted')
    await stage.client.workflow.getHandle(second).cancel()
    await handle.delete()
  })
})
