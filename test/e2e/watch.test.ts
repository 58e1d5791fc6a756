import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import type { LangGraphProcess } from '../../dev/langgraph-server.ts'
import type { WatchOutcome } from '../../src/client.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { graphs } from '../support/graphs.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'
import { ScriptedLangGraph, json } from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'
import { WorkerStage, holding } from '../support/worker-process.ts'

let secondServer: LangGraphProcess
let echoingServer: ScriptedLangGraph
let stage: WorkerStage
let langGraph: LangGraphRuns
let secondLangGraph: LangGraphRuns

beforeAll(async () => {
  ;[secondServer, echoingServer] = await Promise.all([startLangGraphServer({ graphs }), ScriptedLangGraph.start()])
  langGraph = new LangGraphRuns(inject('langGraphUrl'))
  secondLangGraph = new LangGraphRuns(secondServer.url)
  stage = await WorkerStage.open(inject('langGraphUrl'), { second: secondServer.url, 'echoing-1': echoingServer.url })
  await stage.startWorker()
})

afterAll(() => Promise.all([stage.close(), secondServer.stop(), echoingServer.stop()]))

const aapl = { symbol: 'AAPL' }
const values = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }
const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/)

/** As a gateway in debug mode: what came as headers goes back in the body of the refusal. */
const echo: Answer = (response) => {
  const { 'x-api-key': key, authorization, 'x-tenant': tenant } = response.req.headers
  const wrong = [key, authorization, authorization?.split(' ')[1], tenant].join(' ')
  return json({ detail: `wrong: ${wrong}` }, { status: 401 })(response)
}

function ids({ threadId, runId }: Ids) {
  return { thread_id: threadId, run_id: runId }
}

/** Has a watch that has looked once, saw the run running, and sleeps for longer than any test lasts. */
async function asleep(run: Ids) {
  const handle = await stage.runs.startWatch({ ...run, pollInterval: '1h' })
  await vi.waitFor(
    async () => expect(await stage.runs.progress(run)).toMatchObject({ phase: 'waiting', poll_count: 1 }),
    { timeout: 30_000 },
  )
  return handle
}

async function wokenOutcome(run: Ids, handle: Awaited<ReturnType<typeof asleep>>): Promise<WatchOutcome> {
  await stage.runs.wake(run)
  return handle.result()
}

describe.concurrent('a watch on a real LangGraph server', () => {
  test('waits for a run and returns its values', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 2 })
    expect(await stage.runs.watch(run)).toEqual({
      polling_result: 'success_with_results',
      status: 'success',
      ...ids(run),
      result: { ...values, seconds: 2 },
      retrieval_metadata: {
        strategy_used: 'thread_state',
        retrieval_duration_seconds: expect.any(Number),
        timestamp: expect.any(String),
        checkpoint_id: uuid,
        attempts: [
          {
            strategy: 'stream_values',
            outcome: 'missing',
            reason: expect.stringContaining('not created as resumable'),
          },
          { strategy: 'thread_state', outcome: 'used' },
        ],
      },
      polling_metadata: {
        poll_count: expect.any(Number),
        completion_time_seconds: expect.any(Number),
        timestamp: expect.any(String),
      },
    })
  })

  test('returns the values of the stream of a resumable run', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 1 }, { streamResumable: true })
    expect(await stage.runs.watch(run)).toMatchObject({
      polling_result: 'success_with_results',
      result: { ...values, seconds: 1 },
      retrieval_metadata: { strategy_used: 'stream_values', attempts: [{ outcome: 'used' }] },
    })
  })

  test('says why a graph failed', async () => {
    const run = await langGraph.create('fail', aapl)
    expect(await stage.runs.watch(run)).toEqual({
      polling_result: 'error',
      status: 'error',
      ...ids(run),
      error: 'ValueError: boom for AAPL',
      failed_nodes: ['work'],
      polling_metadata: expect.any(Object),
    })
  })

  test('says which question a run asks a human', async () => {
    const run = await langGraph.create('human', aapl)
    expect(await stage.runs.watch(run)).toEqual({
      polling_result: 'interrupted',
      status: 'interrupted',
      ...ids(run),
      interrupts: [{ id: expect.any(String), value: { question: 'buy AAPL?' }, node: 'ask' }],
      next: ['ask'],
      polling_metadata: expect.any(Object),
    })
  })

  test('says at which breakpoint a run has stopped', async () => {
    const run = await langGraph.create('work', aapl, { interruptBefore: ['work'] })
    expect(await stage.runs.watch(run)).toMatchObject({
      polling_result: 'interrupted',
      status: 'interrupted',
      interrupts: [],
      next: ['work'],
    })
  })

  test('says that a run was cancelled', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 60 })
    await langGraph.untilAtWork(run)
    const handle = await asleep(run)
    await langGraph.cancel(run)
    await langGraph.untilEnded(run)
    expect(await wokenOutcome(run, handle)).toMatchObject({
      polling_result: 'interrupted',
      status: 'interrupted',
      error: 'The run was cancelled before node "work" was done',
    })
  })
})

describe.concurrent('a later run on the same thread', () => {
  const later = { symbol: 'MSFT' }

  test('does not get between a watch and its running run', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 2 })
    const handle = await asleep(run)
    const behind = { threadId: run.threadId, multitaskStrategy: 'enqueue' } as const
    const laterRun = await langGraph.create('work', { ...later, seconds: 60 }, behind)
    await langGraph.untilEnded(run)
    await langGraph.untilRunning(laterRun)
    const outcome = await wokenOutcome(run, handle)
    await langGraph.cancel(laterRun)
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: { ...values, seconds: 2 } })
  })

  test('does not get between a watch and its run when it has ended too', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 2 })
    const handle = await asleep(run)
    const behind = { threadId: run.threadId, multitaskStrategy: 'enqueue' } as const
    await langGraph.ended('work', { ...later, seconds: 0 }, behind)
    expect(await wokenOutcome(run, handle)).toMatchObject({
      polling_result: 'success_with_results',
      result: { ...values, seconds: 2 },
    })
  })

  test('does not hide the values of a run that is watched afterwards', async () => {
    const run = await langGraph.ended('work', aapl)
    await langGraph.ended('work', later, { threadId: run.threadId })
    expect(await stage.runs.watch(run)).toMatchObject({ polling_result: 'success_with_results', result: values })
  })

  test('does not hide why a run failed that is watched afterwards', async () => {
    const run = await langGraph.ended('fail', aapl)
    await langGraph.ended('fail', later, { threadId: run.threadId })
    expect(await stage.runs.watch(run)).toMatchObject({ polling_result: 'error', error: 'ValueError: boom for AAPL' })
  })
})

describe.concurrent('retrieval without a watch', () => {
  test('refuses a run that is running', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 60 })
    await langGraph.untilAtWork(run)
    const failure = await stage.failureOf(stage.runs.retrieve(run))
    const status = await stage.runs.readStatus(run)
    await langGraph.cancel(run)
    expect(failure).toMatchObject({ type: 'RunNotComplete', nonRetryable: true, details: [{ status: 'running' }] })
    expect(failure.message).toContain('its status is running')
    expect(status).toEqual({ status: 'running' })
  })

  test('refuses a run that failed, and says why it did', async () => {
    const failure = await stage.failureOf(stage.runs.retrieve(await langGraph.ended('fail', aapl)))
    expect(failure).toMatchObject({
      type: 'RunNotSuccessful',
      message: 'The run ended as error: ValueError: boom for AAPL',
    })
  })

  test('returns the fields asked for', async () => {
    const run = await langGraph.ended('work', aapl)
    expect(await stage.runs.retrieve({ ...run, resultKeys: ['final', 'absent'] })).toMatchObject({
      result: { final: 'done AAPL' },
      retrieval_metadata: { strategy_used: 'thread_state' },
    })
  })
})

describe.concurrent('a deployment', () => {
  test('is another server, with other runs', async () => {
    const run = await secondLangGraph.create('work', { ...aapl, seconds: 1 })
    const [there, here] = await Promise.all([stage.runs.watch({ ...run, deployment: 'second' }), stage.runs.watch(run)])
    expect(there).toMatchObject({ polling_result: 'success_with_results', result: { ...values, seconds: 1 } })
    expect(here).toMatchObject({ polling_result: 'error', status: 'polling_error' })
    expect(here).toHaveProperty('error', expect.stringMatching(/^status of run .* from deployment "default": HTTP 404/))
  })

  test('that is not configured fails at once without a watch, and those that are configured are listed', async () => {
    const run = { ...(await langGraph.ended('work', aapl)), deployment: 'third' }
    const starts = [stage.runs.retrieve(run), stage.runs.readStatus(run)]
    const failures = await Promise.all(starts.map((started) => stage.failureOf(started)))
    const message = '"third" is not configured on this worker; configured: "default", "second", "echoing-1"'
    const failure = { type: 'UnknownDeployment', nonRetryable: true, message: expect.stringContaining(message) }
    expect(failures).toMatchObject([failure, failure])
  })
})

describe.concurrent('an open watch', () => {
  test('is woken by the client', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 2 })
    const handle = await asleep(run)
    await langGraph.untilEnded(run)
    expect(await wokenOutcome(run, handle)).toMatchObject({
      polling_result: 'success_with_results',
      polling_metadata: { poll_count: 2 },
    })
  })

  test('tells its progress, and still does when it is closed', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 3 })
    await langGraph.untilAtWork(run)
    const handle = await asleep(run)
    const progress = await stage.runs.progress(run)
    await langGraph.untilEnded(run)
    await wokenOutcome(run, handle)
    expect(progress).toEqual({
      phase: 'waiting',
      state: 'waiting',
      status: 'running',
      poll_count: 1,
      started_at: expect.any(String),
      elapsed_seconds: expect.any(Number),
      next_poll_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    })
    expect(await stage.runs.progress(run)).toMatchObject({ phase: 'done', status: 'success', poll_count: 2 })
  })

  test('is what a second start attaches to, whatever its options; once closed, a start is a fresh watch', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 2 })
    const first = await asleep(run)
    const { runId: openId } = await first.describe()
    const second = await stage.runs.startWatch({ ...run, pollInterval: '1s', resultKeys: ['symbol'] })
    expect((await second.describe()).runId).toBe(openId)
    await langGraph.untilEnded(run)
    await stage.runs.wake(run)
    const outcomes = await Promise.all([first.result(), second.result()])
    expect(outcomes[0]).toMatchObject({ result: { ...values, seconds: 2 }, polling_metadata: { poll_count: 2 } })
    expect(outcomes[1]).toEqual(outcomes[0])

    const fresh = await stage.runs.startWatch(run)
    expect((await fresh.describe()).runId).not.toBe(openId)
    expect(await fresh.result()).toMatchObject({
      result: { ...values, seconds: 2 },
      polling_metadata: { poll_count: 1 },
    })
  })

  test('keeps the input of its run out of its history, although each answer of the server repeats it', async () => {
    const run = await langGraph.ended('work', { ...aapl, blob: 'y'.repeat(1_000_000) })
    const outcome = await stage.runs.watch({ ...run, resultKeys: ['final'] })
    const { historySize } = await stage.client.workflow.getHandle(watchWorkflowId(run)).describe()
    expect(await langGraph.statusBytes(run)).toBeGreaterThan(1_000_000)
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: { final: 'done AAPL' } })
    expect(historySize).toBeGreaterThan(1000)
    expect(historySize).toBeLessThan(20_000)
  })
})

describe('the secrets of the configuration', () => {
  const run = { threadId: randomUUID(), runId: randomUUID(), deployment: 'echoing-1' }

  test('go to their own deployment only, and what it says about them is not repeated', async () => {
    echoingServer.on('run', echo)
    const outcome = await stage.runs.watch(run)
    const failure = await stage.failureOf(stage.runs.readStatus(run))
    const { apiKey, namedApiKey, token, header } = stage.secrets
    const own = { 'x-api-key': namedApiKey, authorization: `Bearer ${token}`, 'x-tenant': header }
    // Beside those of the worker's first look.
    const forTheRun = echoingServer.requests.filter(({ path }) => path.includes(run.runId))
    expect(forTheRun).toHaveLength(2)
    expect(echoingServer.requests).toEqual(
      echoingServer.requests.map(() => expect.objectContaining({ headers: expect.objectContaining(own) })),
    )
    expect(JSON.stringify(echoingServer.requests)).not.toContain(apiKey)
    expect(outcome).toMatchObject({ polling_result: 'error', status: 'polling_error' })
    expect(outcome).toHaveProperty(
      'error',
      expect.stringContaining(`HTTP 401 "wrong: ${'[secret] '.repeat(4).trim()}": check`),
    )
    expect(failure).toMatchObject({ type: 'LangGraphUnauthorized' })
  })

  test('are in no history, no log and no failure of all that happened here', async () => {
    const traces = await stage.traces()
    expect(holding(traces, Object.values(stage.secrets))).toEqual([])
    // So the search reads what it is to read.
    const holdingAnswer = holding(traces, ['HTTP 401'])
    expect(holdingAnswer).toContainEqual(expect.stringContaining(`history of ${watchWorkflowId(run)}`))
    expect(holdingAnswer).toContainEqual(expect.stringContaining('failure'))
    expect(holding(traces, ['watch ended'])).toContain('log of worker 1')
  })

  test('nor is a path of this machine in any history', async () => {
    const histories = await stage.histories()
    expect(holding(histories, [process.cwd()])).toEqual([])
    expect(holding(histories, ['done AAPL'])).not.toEqual([])
  })
})
