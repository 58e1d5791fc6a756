import { afterAll, describe, expect, inject, test, vi } from 'vitest'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { graphs } from '../support/graphs.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { WorkerStage, holding } from '../support/worker-process.ts'

const aapl = { symbol: 'AAPL' }
const values = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }
/** They start and end processes, all at once. */
const unhurried = { timeout: 150_000 }
const patience = { timeout: 60_000, interval: 100 }
const anyRequest = /./
const stateRequest = /^GET \/threads\/[^/]+\/state /

const stages: WorkerStage[] = []
const closings: (() => Promise<void>)[] = []
afterAll(() => Promise.all(closings.map((close) => close())))

/** A worker that reaches LangGraph through a proxy, each on a task queue of its own. */
async function openStage(langGraphUrl = inject('langGraphUrl')) {
  const proxy = await TcpProxy.start(langGraphUrl)
  closings.push(() => proxy.stop())
  const stage = await WorkerStage.open(proxy.url, { named: proxy.url })
  closings.push(() => stage.close())
  stages.push(stage)
  return { proxy, stage, worker: await stage.startWorker(), langGraph: new LangGraphRuns(langGraphUrl) }
}

type Progress = Awaited<ReturnType<WorkerStage['runs']['progress']>>

/** Waits until the progress of the watch is so. */
function until(stage: WorkerStage, run: Ids, isSo: (progress: Progress) => boolean): Promise<Progress> {
  return vi.waitFor(async () => {
    const progress = await stage.runs.progress(run)
    if (!isSo(progress)) throw new Error(`not yet: ${JSON.stringify(progress)}`)
    return progress
  }, patience)
}

/** How often each activity of a watch was started, by the attempt that ended it. */
async function attemptsOf(stage: WorkerStage, run: Ids): Promise<string[]> {
  const { events } = await stage.client.workflow.getHandle(watchWorkflowId(run)).fetchHistory()
  const scheduled = new Map(
    events?.map((event) => [String(event.eventId), event.activityTaskScheduledEventAttributes?.activityType?.name]),
  )
  return (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
    started ? [`${scheduled.get(String(started.scheduledEventId))}, attempt ${started.attempt}`] : [],
  )
}

describe.concurrent('LangGraph out of reach', unhurried, () => {
  test('for 20 s is shown in the progress and waited out', async () => {
    const server = await startLangGraphServer({ graphs })
    closings.push(() => server.stop())
    const { proxy, stage, langGraph } = await openStage(server.url)
    const run = { ...(await langGraph.create('work', { ...aapl, seconds: 4 })), deployment: 'named' }
    const handle = await stage.runs.startWatch({ ...run, pollInterval: '2s' })
    const before = await until(stage, run, ({ phase }) => phase === 'waiting')

    await proxy.refuse()
    const refused = await until(
      stage,
      run,
      (now) => now.poll_count >= before.poll_count + 4 && now.elapsed_seconds > before.elapsed_seconds + 10,
    )
    server.process.kill('SIGSTOP')
    await proxy.accept()
    const stopped = await until(
      stage,
      run,
      (now) =>
        now.last_error !== refused.last_error &&
        now.poll_count >= refused.poll_count + 2 &&
        now.elapsed_seconds > refused.elapsed_seconds + 10,
    )
    server.process.kill('SIGCONT')

    expect(before).toMatchObject({ status: 'running' })
    expect(before).not.toHaveProperty('last_error')
    expect(refused).toMatchObject({ status: 'running', last_error: expect.stringContaining('no connection') })
    expect(stopped).toMatchObject({ status: 'running', last_error: expect.stringContaining('no answer in time') })
    expect(await handle.result()).toMatchObject({
      polling_result: 'success_with_results',
      result: { ...values, seconds: 4 },
    })
    expect(await stage.runs.progress(run)).not.toHaveProperty('last_error')
  })
})

describe.concurrent('a killed worker', unhurried, () => {
  test('loses no watch that sleeps: the next worker continues it and returns the result', async () => {
    const { stage, worker, langGraph } = await openStage()
    const run = await langGraph.create('work', { ...aapl, seconds: 3 })
    const handle = await stage.runs.startWatch({ ...run, pollInterval: '5s' })
    await until(stage, run, ({ phase }) => phase === 'waiting')

    await worker.kill()
    await langGraph.untilEnded(run)
    await stage.startWorker()

    const outcome = await handle.result()
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: { ...values, seconds: 3 } })
    expect(outcome.polling_metadata.poll_count).toBeGreaterThan(1)
    expect(await attemptsOf(stage, run)).toEqual([
      ...Array.from({ length: outcome.polling_metadata.poll_count }, () => 'getRunStatus, attempt 1'),
      'retrieveThreadState, attempt 1',
    ])
  })

  test('loses no watch that retrieves: the next worker tries again and brings the result', async () => {
    const { proxy, stage, worker, langGraph } = await openStage()
    const run = await langGraph.ended('work', aapl)
    proxy.hold(stateRequest)
    const handle = await stage.runs.startWatch(run)
    await vi.waitFor(() => expect(proxy.held).toBe(1), patience)
    expect(await stage.runs.progress(run)).toMatchObject({ phase: 'retrieving', poll_count: 1 })

    await worker.kill()
    await vi.waitFor(() => expect(proxy.held).toBe(0), patience)
    proxy.release()
    await stage.startWorker()

    expect(await handle.result()).toMatchObject({
      polling_result: 'success_with_results',
      result: values,
      polling_metadata: { poll_count: 1 },
    })
  })
})

describe.concurrent('a worker that is told to end', unhurried, () => {
  test('finishes in-flight work, and the next worker continues what sleeps', async () => {
    const { proxy, stage, worker, langGraph } = await openStage()
    const [sleeping, retrieving] = await Promise.all([
      langGraph.create('work', { ...aapl, seconds: 6 }),
      langGraph.ended('work', aapl),
    ])
    const asleep = await stage.runs.startWatch({ ...sleeping, pollInterval: '1h' })
    await until(stage, sleeping, ({ phase }) => phase === 'waiting')
    proxy.hold(stateRequest)
    const atWork = await stage.runs.startWatch(retrieving)
    await vi.waitFor(() => expect(proxy.held).toBe(1), patience)

    const stopped = worker.stop()
    await worker.said('STOPPING')
    proxy.release()
    expect(await stopped).toEqual({ code: 0, signal: null })
    await langGraph.untilEnded(sleeping)
    await stage.startWorker()
    await stage.runs.wake(sleeping)

    expect(await atWork.result()).toMatchObject({ polling_result: 'success_with_results', result: values })
    expect(await attemptsOf(stage, retrieving)).toEqual(['getRunStatus, attempt 1', 'retrieveThreadState, attempt 1'])
    expect(await asleep.result()).toMatchObject({
      polling_result: 'success_with_results',
      result: { ...values, seconds: 6 },
    })
  })

  test('ends in time although LangGraph hangs, and the next worker continues', async () => {
    const { proxy, stage, worker, langGraph } = await openStage()
    const [retrieving, polling] = await Promise.all([langGraph.ended('work', aapl), langGraph.ended('work', aapl)])
    proxy.hold(stateRequest)
    const inRetrieval = await stage.runs.startWatch(retrieving)
    await vi.waitFor(() => expect(proxy.held).toBe(1), patience)
    proxy.hold(anyRequest)
    const inPoll = await stage.runs.startWatch(polling)
    await vi.waitFor(() => expect(proxy.held).toBe(2), patience)

    expect(await worker.stop()).toEqual({ code: 0, signal: null })
    proxy.release()
    await stage.startWorker()

    for (const handle of [inRetrieval, inPoll]) {
      expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results', result: values })
    }
  })
})

describe('what all this leaves behind', () => {
  test('holds no secret and no path of this machine', async () => {
    for (const stage of stages) {
      const [traces, histories] = await Promise.all([stage.traces(), stage.histories()])
      expect(holding(traces, Object.values(stage.secrets))).toEqual([])
      expect(holding(histories, [process.cwd()])).toEqual([])
      expect(holding(histories, ['done AAPL'])).not.toEqual([])
    }
  })
})
