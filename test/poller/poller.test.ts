import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { WorkflowFailedError } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { BackgroundRunPoller, EnhancedBackgroundRunPoller } from '../../src/poller.ts'
import {
  Pollers,
  aapl,
  completed,
  elsewhere,
  errorOf,
  ids,
  inputOf,
  retrievalMetadata,
  time,
  values,
} from './pollers.ts'

let pollers: Pollers
beforeAll(async () => {
  pollers = await Pollers.open()
})
afterAll(() => pollers.close())

describe.concurrent('pollUntilCompleteWithResults', () => {
  test('polls every 10 s for 600 s by default, else as the options name', async () => {
    const [run, other] = await Promise.all([
      pollers.langGraph.create('work', { ...aapl, seconds: 5 }),
      pollers.langGraph.create('work', { ...aapl, seconds: 5 }),
    ])
    const outcomes = [
      pollers.poller().pollUntilCompleteWithResults(run.threadId, run.runId),
      pollers
        .poller({ pollInterval: '1h', maxPollTime: 'none' })
        .pollUntilCompleteWithResults(other.threadId, other.runId),
    ]
    const [handle, otherHandle] = await Promise.all([pollers.untilAsleep(run), pollers.untilAsleep(other)])
    const defaults = { ...run, deployment: 'default', pollInterval: '10s', maxPollTime: '600s' }
    expect(await inputOf(handle)).toEqual(defaults)
    expect(await inputOf(otherHandle)).toEqual({ ...defaults, ...other, pollInterval: '1h', maxPollTime: 'none' })
    await Promise.all([pollers.langGraph.untilEnded(run), pollers.langGraph.untilEnded(other)])
    await Promise.all([pollers.runs.wake(run), pollers.runs.wake(other)])
    expect(await Promise.all(outcomes)).toMatchObject([{ status: 'success' }, { status: 'success' }])
  })

  test('waits for a run, and resolves to the keys of the Python dict', async () => {
    const { threadId, runId } = await pollers.langGraph.create('work', { ...aapl, seconds: 1 })
    expect(await pollers.poller({ pollInterval: '1s' }).pollUntilCompleteWithResults(threadId, runId)).toEqual({
      polling_result: 'success_with_results',
      status: 'success',
      run_id: runId,
      thread_id: threadId,
      result: { ...values, seconds: 1, _retrieval_metadata: retrievalMetadata },
      polling_metadata: completed,
    })
  })

  test('is what pollUntilComplete of BackgroundRunPoller does', async () => {
    const run = await pollers.langGraph.ended('work', aapl)
    const older = new BackgroundRunPoller({ client: pollers.stage.client, taskQueue: pollers.stage.taskQueue })
    expect(older).toBeInstanceOf(EnhancedBackgroundRunPoller)
    expect(await older.pollUntilComplete(run.threadId, run.runId)).toEqual({
      polling_result: 'success_with_results',
      status: 'success',
      ...ids(run),
      result: { ...values, _retrieval_metadata: retrievalMetadata },
      polling_metadata: { ...completed, poll_count: 1 },
    })
  })

  test.each([[[1, { a: 2 }]], ['BUY'], [7], [0], [false]])('puts the values %j into `value`', async (held) => {
    const { threadId, runId } = pollers.succeededWith({ values: held })
    const expected = { value: held, _retrieval_metadata: retrievalMetadata }
    expect(await pollers.poller(elsewhere).pollUntilCompleteWithResults(threadId, runId)).toHaveProperty(
      'result',
      expected,
    )
    expect(await pollers.retriever(elsewhere).getResult(threadId, runId)).toEqual(expected)
  })

  test('names for each strategy why nothing was found', async () => {
    const run = pollers.succeededWith({})
    const error = expect.stringMatching(
      /^All result retrieval strategies failed: Strategy stream_values failed: .*; Strategy thread_state failed: .*; Strategy join_stream failed: /,
    )
    const outcome = await pollers.poller(elsewhere).pollUntilCompleteWithResults(run.threadId, run.runId)
    expect(outcome).toEqual({
      polling_result: 'success_no_results',
      status: 'success',
      ...ids(run),
      error: expect.stringMatching(/^Result retrieval failed: All result retrieval strategies failed: /),
      polling_metadata: { ...completed, result_retrieval_error: error },
    })
  })

  test("returns the graph's own error", async () => {
    const run = await pollers.langGraph.ended('fail', aapl)
    expect(await pollers.poller().pollUntilCompleteWithResults(run.threadId, run.runId)).toEqual({
      polling_result: 'error',
      status: 'error',
      ...ids(run),
      error: 'ValueError: boom for AAPL',
      failed_nodes: ['work'],
      polling_metadata: completed,
    })
  })

  test('returns the question that a run waits on, although its status is success', async () => {
    const run = await pollers.langGraph.ended('human', aapl)
    expect(await pollers.langGraph.status(run)).toBe('success')
    expect(await pollers.poller().pollUntilCompleteWithResults(run.threadId, run.runId)).toEqual({
      polling_result: 'interrupted',
      status: 'interrupted',
      ...ids(run),
      interrupts: [{ id: expect.any(String), value: { question: 'buy AAPL?' }, node: 'ask' }],
      next: ['ask'],
      polling_metadata: completed,
    })
  })

  test('reports that a run is gone', async () => {
    const run = { threadId: randomUUID(), runId: randomUUID() }
    expect(await pollers.poller().pollUntilCompleteWithResults(run.threadId, run.runId)).toEqual({
      polling_result: 'error',
      status: 'polling_error',
      ...ids(run),
      error: expect.stringMatching(/^status of run .*: HTTP 404/),
      polling_metadata: completed,
    })
  })

  test('stops waiting at maxPollTime; the same call later returns the result', async () => {
    const run = await pollers.langGraph.create('work', { ...aapl, seconds: 5 })
    const call = () =>
      pollers.poller({ pollInterval: '1s', maxPollTime: '1s' }).pollUntilCompleteWithResults(run.threadId, run.runId)
    expect(await call()).toEqual({
      polling_result: 'timeout',
      status: 'polling_timeout',
      ...ids(run),
      error: expect.stringMatching(/^Polling timed out after 1\.0s \(\d polls\)/),
      polling_metadata: {
        poll_count: expect.any(Number),
        elapsed_seconds: expect.any(Number),
        max_poll_time: 1,
        timestamp: time,
      },
    })
    await pollers.langGraph.untilEnded(run)
    expect(await call()).toMatchObject({ polling_result: 'success_with_results', result: values })
  })

  test('attaches to the watch of a process that was killed', async () => {
    const program = fileURLToPath(new URL('caller.ts', import.meta.url))
    const dying = fork(program, [inject('temporalAddress'), pollers.stage.taskQueue], { execArgv: ['--import', 'tsx'] })
    const exit = once(dying, 'exit')
    await once(dying, 'message')
    const run = await pollers.langGraph.create('work', { ...aapl, seconds: 5 })
    dying.send([run.threadId, run.runId])
    const handle = await pollers.untilAsleep(run)
    const { runId: begun } = await handle.describe()
    dying.kill('SIGKILL')
    expect(await exit).toEqual([null, 'SIGKILL'])

    const outcome = pollers.poller().pollUntilCompleteWithResults(run.threadId, run.runId)
    await pollers.langGraph.untilEnded(run)
    await pollers.runs.wake(run)
    expect(await outcome).toMatchObject({
      polling_result: 'success_with_results',
      result: values,
      polling_metadata: { poll_count: 2 },
    })
    expect((await handle.describe()).runId).toBe(begun)
  })

  test("gives the outcome of a watch that fails with it, as a parent workflow's may", async () => {
    const run = await pollers.langGraph.create('fail', { ...aapl, seconds: 5 })
    await pollers.runs.startWatch({ ...run, pollInterval: '1h', onUnsuccessful: 'fail' })
    const handle = await pollers.untilAsleep(run)
    const { runId: begun } = await handle.describe()
    const outcome = pollers.poller().pollUntilCompleteWithResults(run.threadId, run.runId)
    await pollers.langGraph.untilEnded(run)
    await pollers.runs.wake(run)
    expect(await outcome).toMatchObject({
      polling_result: 'error',
      status: 'error',
      error: 'ValueError: boom for AAPL',
    })
    expect(await handle.describe()).toMatchObject({ runId: begun, status: { name: 'FAILED' } })
  })

  test('fails when somebody cancels the watch, with what to do', async () => {
    const run = await pollers.langGraph.create('work', { ...aapl, seconds: 5 })
    const error = errorOf(pollers.poller({ pollInterval: '1h' }).pollUntilCompleteWithResults(run.threadId, run.runId))
    const handle = await pollers.untilAsleep(run)
    await handle.cancel()
    expect(await error).toBeInstanceOf(WorkflowFailedError)
    expect(await error).toHaveProperty(
      'message',
      'The workflow was ended in Temporal before it had an answer (Workflow canceled). The same call starts it again',
    )
  })
})

describe.concurrent('pollStatusOnly', () => {
  test('looks once: the status with the ids in lower case', async () => {
    const run = await pollers.langGraph.create('work', { ...aapl, seconds: 5 })
    await pollers.langGraph.untilRunning(run)
    const look = await pollers.poller().pollStatusOnly(run.threadId.toUpperCase(), run.runId.toUpperCase())
    expect(look).toEqual({ status: 'running', ...ids(run) })
  })

  test('calls a run that waits for a human interrupted', async () => {
    const run = await pollers.langGraph.ended('human', aapl)
    expect(await pollers.poller().pollStatusOnly(run.threadId, run.runId)).toEqual({
      status: 'interrupted',
      ...ids(run),
    })
  })

  test('fails with the reason why LangGraph gave no status', async () => {
    const error = await errorOf(pollers.poller().pollStatusOnly(randomUUID(), randomUUID()))
    expect(error).toMatchObject({ type: 'RunNotFound', message: expect.stringContaining('HTTP 404') })
  })
})
