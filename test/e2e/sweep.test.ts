import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { WatchRef } from '../../src/client.ts'
import { sweepWorkflowId, workflowTypes } from '../../src/domain/contract.ts'
import type { WatchOutcome } from '../../src/domain/outcome.ts'
import { CliProcess } from '../cli/cli-process.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

let stage: WorkerStage
let langGraph: LangGraphRuns

beforeAll(async () => {
  langGraph = new LangGraphRuns(inject('langGraphUrl'))
  stage = await WorkerStage.open(inject('langGraphUrl'), {}, '1s')
  await stage.startWorker('default')
  await startSweep()
})

afterAll(() => stage.close())

const aapl = { symbol: 'AAPL' }
const patience = { timeout: 30_000, interval: 100 }
/** Without the sweep no poll would come before the test has ended. */
const hourly = { pollInterval: '1h', maxPollTime: '1 day' } as const

/** A run that outlasts all tests keeps the sweep alive. */
async function startSweep(): Promise<void> {
  const longRun = await langGraph.create('work', { ...aapl, seconds: 300 })
  await stage.runs.startWatch({ ...longRun, pollInterval: '1s' })
  await untilSwept(longRun)
}

async function untilSwept(watch: WatchRef): Promise<void> {
  await vi.waitFor(
    async () => expect(await stage.runs.progress(watch)).toMatchObject({ phase: 'waiting', swept: true }),
    patience,
  )
}

function sweepHandle() {
  return stage.client.workflow.getHandle(sweepWorkflowId(stage.taskQueue, 'default'))
}

describe('a swept watch', () => {
  test('makes two polls in its life, and ends soon after its run', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 6 })
    const handle = await stage.runs.startWatch({ ...run, ...hourly })
    await untilSwept(run)
    const { next_poll_at, started_at } = await stage.runs.progress(run)
    const sleepMinutes = (Date.parse(next_poll_at ?? '') - Date.parse(started_at)) / 60_000
    expect(sleepMinutes).toBeGreaterThan(8.9)
    expect(sleepMinutes).toBeLessThan(11.1)
    expect(await handle.result()).toMatchObject({
      polling_result: 'success_with_results',
      result: { final: 'done AAPL' },
      polling_metadata: { poll_count: 2 },
    })
  })

  test('is shown on the command line with what ends its sleep early', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 6 })
    const args = ['watch', run.threadId, run.runId, '--poll-interval', '1h']
    const watch = CliProcess.start(args, { TEMPORAL_TASK_QUEUE: stage.taskQueue })
    await watch.said(/next poll in \d+ min.*, or when the sweep sees a change/)
    expect(await watch.ended).toMatchObject({ code: 0 })
  })

  test('is found under any id, by its memo', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 6 })
    const workflowId = `order/${randomUUID()}`
    const options = { taskQueue: stage.taskQueue, workflowId, args: [{ ...run, ...hourly }] }
    const handle = await stage.client.workflow.start(workflowTypes.watchRun, options)
    await untilSwept({ workflowId })
    const { memo } = await handle.describe()
    expect(memo).toMatchObject({ langgraph: { deployment: 'default', thread_id: run.threadId, run_id: run.runId } })
    const outcome: WatchOutcome = await handle.result()
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 2 } })
  })

  test('may have created its run itself', async () => {
    const input = { ...aapl, seconds: 6 }
    const handle = await stage.runs.startExecution(`order/${randomUUID()}`, {
      assistantId: 'work',
      input,
      pollInterval: { initialInterval: '1s', maximumInterval: '1h', backoffCoefficient: 10 },
    })
    await untilSwept(handle)
    expect(await handle.result()).toMatchObject({
      polling_result: 'success_with_results',
      polling_metadata: { poll_count: 2 },
    })
  })

  test('notices an answer that was given elsewhere', async () => {
    const handle = await stage.runs.startExecution(`order/${randomUUID()}`, {
      assistantId: 'human',
      input: aapl,
      onInterrupt: 'wait',
    })
    await vi.waitFor(
      async () => expect(await stage.runs.progress(handle)).toMatchObject({ phase: 'interrupted' }),
      patience,
    )
    const { thread_id: threadId = '' } = await stage.runs.progress(handle)
    await langGraph.create('human', aapl, { threadId, resume: 'yes' })
    expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results', result: { answer: 'yes' } })
  })
})

describe('the sweep', () => {
  test('continues in another worker when its own stops or is killed', async () => {
    const before = await sweepHandle().describe()
    for (const end of ['stop', 'kill'] as const) {
      const [worker] = stage.workers
      await stage.startWorker('default')
      await worker?.[end]()
      const run = await langGraph.create('work', { ...aapl, seconds: 3 })
      const handle = await stage.runs.startWatch({ ...run, ...hourly })
      expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results' })
    }
    const { runId, status } = await sweepHandle().describe()
    expect({ runId, status: status.name }).toEqual({ runId: before.runId, status: 'RUNNING' })
  })
})
