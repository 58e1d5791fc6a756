import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import type { LangGraphProcess } from '../../dev/langgraph-server.ts'
import { graphs } from '../support/graphs.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'
import type { WorkerProcess } from '../support/worker-process.ts'

// Two real workers of one task queue, of which one does not know the deployment `named`, or has another server's URL.

const url = inject('langGraphUrl')
const langGraph = new LangGraphRuns(url)
const unhurried = { timeout: 150_000 }
const patience = { timeout: 60_000, interval: 200 }
let stage: WorkerStage
let knowing: WorkerProcess
let another: LangGraphProcess

beforeAll(async () => {
  stage = await WorkerStage.open(url, { named: url })
  another = await startLangGraphServer({ graphs })
  knowing = await stage.startWorker()
})
afterAll(async () => {
  await stage.close()
  await another.stop()
})

async function start(assistantId: string, n: number, { seconds = 1, deployment = 'named' } = {}) {
  const workflowId = randomUUID()
  const input = { symbol: `S${n}`, seconds }
  const options = { deployment, pollInterval: '1s', onInterrupt: 'wait' } as const
  return { workflowId, handle: await stage.runs.startExecution(workflowId, { assistantId, input, ...options }) }
}

type Execution = Awaited<ReturnType<typeof start>>

/** Waits until each of them has failed last with this. */
function untilAllSay(executions: readonly Execution[], error: RegExp): Promise<void> {
  return vi.waitFor(async () => {
    const shown = await Promise.all(executions.map(({ workflowId }) => stage.runs.progress({ workflowId })))
    for (const { last_error } of shown) expect(last_error).toMatch(error)
  }, patience)
}

function untilPhase({ workflowId }: Execution, phase: string): Promise<void> {
  return vi.waitFor(async () => expect(await stage.runs.progress({ workflowId })).toMatchObject({ phase }), patience)
}

describe('with one worker that lacks the deployment', () => {
  test('20 executions end through a rolling restart, and none is created twice', unhurried, async () => {
    const executions = await Promise.all(Array.from({ length: 20 }, (_, n) => start(n < 10 ? 'work' : 'human', n)))
    const asking = executions.slice(10)
    const lacking = await stage.startWorker('default')
    await Promise.all(asking.map((one) => untilPhase(one, 'interrupted')))
    // For some seconds nobody knows the deployment, and all of them are woken.
    await knowing.stop()
    await Promise.all(asking.map(({ workflowId }) => stage.runs.wake({ workflowId })))
    const answers = asking.map(({ workflowId }) => stage.runs.resume({ workflowId }, { value: 'yes' }))
    await untilAllSay(asking, /"named" is not configured on this worker/)
    knowing = await stage.startWorker()
    await lacking.stop()

    const receipts = await Promise.all(answers)
    const outcomes = await Promise.all(executions.map(({ handle }) => handle.result()))

    expect(outcomes).toMatchObject(executions.map(() => ({ polling_result: 'success_with_results' })))
    expect(receipts.map(({ run_id }) => run_id)).toEqual(outcomes.slice(10).map(({ run_id }) => run_id))
    const runs = await Promise.all(outcomes.map(({ thread_id = '' }) => langGraph.runsOf(thread_id)))
    expect(runs.map(({ length }) => length)).toEqual([...Array(10).fill(1), ...Array(10).fill(2)])
  })

  test('a cancellation reaches the run', unhurried, async () => {
    const working = await stage.runs.startExecution(randomUUID(), {
      assistantId: 'work',
      input: { symbol: 'AAPL', seconds: 60 },
      deployment: 'named',
    })
    await vi.waitFor(async () => {
      const { status } = await stage.runs.progress({ workflowId: working.workflowId })
      expect(status).toBe('running')
    }, patience)
    const lacking = await stage.startWorker('default')
    await knowing.stop()
    const cancellation = stage.runs.cancelRun({ workflowId: working.workflowId })
    await vi.waitFor(async () => {
      const { last_error } = await stage.runs.progress({ workflowId: working.workflowId })
      expect(last_error).toContain('is not configured')
    }, patience)
    knowing = await stage.startWorker()
    await lacking.stop()
    expect(await cancellation).toMatchObject({ result: 'cancelled' })
    expect(await working.result()).toMatchObject({ cancelled: true })
  })
})

test(
  'with one worker that has the URL of another server, what was answered once survives a rolling deploy',
  { timeout: 240_000 },
  async () => {
    const ofDefault = { deployment: 'default' }
    const asking = await Promise.all([0, 1, 2, 3].map((n) => start('human', n, ofDefault)))
    await Promise.all(asking.map((one) => untilPhase(one, 'interrupted')))
    // They outlast the change of the workers.
    const working = await Promise.all([4, 5, 6, 7].map((n) => start('work', n, { ...ofDefault, seconds: 60 })))
    await Promise.all(working.map((one) => untilPhase(one, 'waiting')))

    const wrong = await stage.startWorker('default', { LANGGRAPH_API_URL: another.url })
    await knowing.stop()
    await Promise.all(asking.map(({ workflowId }) => stage.runs.wake({ workflowId })))
    await untilAllSay(working, /HTTP 404/)
    await untilAllSay(asking, /nor its thread/)
    const answers = asking.map(({ workflowId }) => stage.runs.resume({ workflowId }, { value: 'yes' }))
    await untilAllSay(asking, /HTTP 404/)
    knowing = await stage.startWorker()
    const receipts = await Promise.all(answers)
    await Promise.all(working.map(({ workflowId }) => stage.runs.wake({ workflowId })))
    const outcomes = await Promise.all([...working, ...asking].map(({ handle }) => handle.result()))
    await wrong.stop()

    expect(outcomes).toMatchObject(outcomes.map(() => ({ polling_result: 'success_with_results' })))
    expect(receipts.map(({ run_id }) => run_id)).toEqual(outcomes.slice(4).map(({ run_id }) => run_id))
    const runs = await Promise.all(outcomes.map(({ thread_id = '' }) => langGraph.runsOf(thread_id)))
    expect(runs.map(({ length }) => length)).toEqual([...Array(4).fill(1), ...Array(4).fill(2)])
  },
)
