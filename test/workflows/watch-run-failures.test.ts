import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { WatchProgress } from '../../src/client.ts'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { RunLook, RunRef } from '../../src/domain/run.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { ended, running, values } from '../support/looks.ts'
import { Stage, answers, failureOf, testEveryHistory } from '../support/time-skipping.ts'
import type { Answer, ScriptedRun } from '../support/time-skipping.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const unreadable = (status: string, retryAfterMs?: number): RunLook => ({
  status,
  ending: {
    kind: 'unreadable',
    reason: 'state from deployment "default": HTTP 500',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  },
})
const missing = { found: 'nothing' as const, reason: 'nothing there' }
const question = { id: 'i1', value: 'buy AAPL?', node: 'ask' }
const outage = new LangGraphError(types.unavailable, 'status from deployment "default": HTTP 503', { status: 503 })
const wrongKey = new LangGraphError(types.unauthorized, 'status from deployment "default": HTTP 401', { status: 401 })
const gone = new LangGraphError(types.notFound, 'status from deployment "default": HTTP 404', { status: 404 })
const refused = (status: number) => new LangGraphError(types.refused, `HTTP ${status}`, { status })
const busy = (retryAfterMs: number) => new LangGraphError(types.unavailable, 'HTTP 429', { status: 429, retryAfterMs })

function polled(...looks: readonly Answer<RunLook>[]): ScriptedRun {
  return stage.run({ getRunStatus: answers(...looks), retrieveStreamValues: answers(values) })
}

async function sleepsOf(run: ScriptedRun): Promise<number[]> {
  const timers = await stage.timersOf(run)
  return timers.map(({ ms }) => ms)
}

const waitedOut = [
  { kind: 'because LangGraph is out of reach', error: outage },
  { kind: 'because LangGraph is too slow', error: new LangGraphError(types.timeout, 'no answer in time') },
  { kind: 'with an answer that is not one', error: new LangGraphError(types.badAnswer, 'not the JSON it should be') },
  { kind: 'with too large an answer', error: new LangGraphError(types.tooLarge, 'more than 64 MB') },
  { kind: 'with what the client does not foresee', error: new LangGraphError(types.unforeseen, 'RangeError') },
]
const final = [
  { answer: '404', error: gone },
  { answer: '400', error: refused(400) },
  { answer: '422', error: refused(422) },
  { answer: '401 to the first poll', error: wrongKey },
]

test('every kind of failure is either final or waited out', () => {
  const kinds = [...waitedOut, ...final].map(({ error }) => error.type)
  expect(new Set(kinds)).toEqual(new Set(Object.values(types)))
})

describe('a poll that fails', () => {
  test.each(waitedOut)('$kind counts, is shown, and is not the end', async ({ error }) => {
    const shown: WatchProgress[] = []
    const look = async () => {
      shown.push(await stage.runs.progress(run.ids))
      return running
    }
    const run = polled(error, look, look, ended('success'))

    const outcome = await stage.watch(run, { pollInterval: '10s' })

    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 4 } })
    // Each poll is one try: the loop is its retry.
    expect(run.calls.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1])
    expect(shown).toEqual([
      {
        phase: 'polling',
        state: 'waiting',
        poll_count: 2,
        started_at: expect.any(String),
        elapsed_seconds: expect.any(Number),
        last_error: error.message,
      },
      {
        phase: 'polling',
        state: 'waiting',
        poll_count: 3,
        started_at: expect.any(String),
        elapsed_seconds: expect.any(Number),
        status: 'running',
      },
    ])
    expect(await sleepsOf(run)).toEqual([1000, 10_000, 10_000])
  })

  test('because it hangs is given up in its time', async () => {
    const gate = stage.gate()
    const shown: WatchProgress[] = []
    const hang = async () => {
      await gate.opened
      return running
    }
    const look = async () => {
      shown.push(await stage.runs.progress(run.ids))
      return ended('success')
    }
    const run = polled(hang, look)

    const outcome = await stage.watch(run, { maxPollTime: '1s' })

    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 2 } })
    expect(shown).toMatchObject([
      { last_error: 'getRunStatus gave no answer in its time: LangGraph hangs, or the worker died' },
    ])
  })

  test('can be shown and woken while the watch waits', async () => {
    const run = polled(busy(50_000), ended('success'))
    const handle = await stage.startWatch(run, { pollInterval: '10s' })
    await stage.until(run, { phase: 'waiting', last_error: 'HTTP 429', poll_count: 1 })

    await stage.runs.wake(run.ids)

    expect((await handle.result()).polling_metadata.poll_count).toBe(2)
    expect(await stage.timersOf(run)).toEqual([{ ms: 50_000, summary: 'until poll 2, or a wake', end: 'cancelled' }])
  })
})

describe('after failed polls', () => {
  test('sleeps are 1, 2, 4 … s, never more than the ordinary one, and start over after an answer', async () => {
    const run = polled(outage, outage, outage, outage, outage, running, outage, ended('success'))
    await stage.watch(run, { pollInterval: '10s' })
    expect(await sleepsOf(run)).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000, 1000])
  })

  test('growing sleeps are the shorter of both, ±10 %', async () => {
    const run = polled(running, running, running, outage, outage, outage, ended('success'))

    await stage.watch(run, { pollInterval: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' } })

    const expected = [1000, 2000, 4000, 1000, 2000, 4000]
    const sleeps = await sleepsOf(run)
    expect(sleeps).toHaveLength(expected.length)
    for (const [n, ms] of sleeps.entries()) expect(Math.abs(ms / (expected[n] ?? 0) - 1)).toBeLessThan(0.101)
  })

  test.each([
    { title: 'longer than the sleep is honoured', retryAfterMs: 30_000, sleepMs: 30_000 },
    { title: 'of more than 60 s counts as 60 s', retryAfterMs: 600_000, sleepMs: 60_000 },
    { title: 'shorter than the sleep does not cut it', retryAfterMs: 200, sleepMs: 1000 },
  ])('a Retry-After $title', async ({ retryAfterMs, sleepMs }) => {
    const run = polled(busy(retryAfterMs), ended('success'))
    await stage.watch(run, { pollInterval: '10s' })
    expect(await sleepsOf(run)).toEqual([sleepMs])
  })

  test('a Retry-After beyond the deadline ends at the deadline', async () => {
    const run = polled(busy(60_000), ended('success'))
    const outcome = await stage.watch(run, { pollInterval: '10s', maxPollTime: '20s' })
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 2 } })
    expect(await stage.timersOf(run)).toMatchObject([{ ms: 62_000, end: 'cancelled' }])
    expect(await stage.limitsOf(run)).toMatchObject([{ summary: 'limit: `maxPollTime`', end: 'fired' }])
  })
})

describe('an answer that is final', () => {
  test.each(final)('$answer: ends the watch at once as a polling error', async ({ error }) => {
    const run = polled(error)

    const outcome = await stage.watch(run)

    expect(outcome).toEqual({
      polling_result: 'error',
      status: 'polling_error',
      run_id: run.ids.runId,
      thread_id: run.ids.threadId,
      error: error.message,
      polling_metadata: {
        poll_count: 1,
        completion_time_seconds: expect.any(Number),
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    })
    expect(run.calls).toHaveLength(1)
  })

  test('of endless words: is reported with the first 4 KB of them', async () => {
    const run = polled(new LangGraphError(types.refused, 'ü'.repeat(5000), { status: 422 }))
    const outcome = await stage.watch(run)
    expect(outcome).toHaveProperty('error', `${'ü'.repeat(2046)}…`)
  })

  test('401 before any good answer: ends it, whatever failed before', async () => {
    const run = polled(outage, wrongKey, ended('success'))
    expect(await stage.watch(run)).toMatchObject({ status: 'polling_error', polling_metadata: { poll_count: 2 } })
  })

  test('404 after a good answer: says that the run was there', async () => {
    const run = polled(running, gone)
    expect(await stage.watch(run)).toMatchObject({
      status: 'polling_error',
      error: `${gone.message}. At an earlier poll it was there, with status running`,
    })
  })
})

describe('an answer that is not final', () => {
  test('401 after a good answer: is an outage, shown and waited out', async () => {
    const shown: WatchProgress[] = []
    const look = async () => {
      shown.push(await stage.runs.progress(run.ids))
      return ended('success')
    }
    const run = polled(running, wrongKey, wrongKey, look)

    const outcome = await stage.watch(run, { pollInterval: '10s' })

    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 4 } })
    expect(shown).toMatchObject([{ status: 'running', last_error: wrongKey.message }])
    expect(await sleepsOf(run)).toEqual([10_000, 1000, 2000])
  })

  test('a status that nobody knows: is named while the watch continues', async () => {
    const run = polled({ status: 'hibernating' }, { status: 'hibernating' }, ended('success'))
    const handle = await stage.startWatch(run, { pollInterval: '1h', maxPollTime: 'none' })

    await stage.until(run, { phase: 'waiting', status: 'hibernating' })

    expect(await handle.result()).toMatchObject({ polling_metadata: { poll_count: 3 } })
  })
})

describe('at the deadline', () => {
  test('the last sleep is cut, and one last poll is made in at most 5 s', async () => {
    const run = polled(running)

    const outcome = await stage.watch(run, { pollInterval: '40s', maxPollTime: '100s' })

    expect(outcome).toMatchObject({
      status: 'polling_timeout',
      error: 'Polling timed out after 100.0s (4 polls); last status: running',
      polling_metadata: { poll_count: 4, max_poll_time: 100 },
    })
    expect((await stage.timersOf(run)).map(({ end }) => end)).toEqual(['fired', 'fired', 'cancelled'])
    const [limit, ...others] = await stage.limitsOf(run)
    expect(limit?.ms).toBeGreaterThan(99_000)
    expect(limit?.ms).toBeLessThanOrEqual(100_000)
    expect(others).toEqual([])
    expect(run.calls.map(({ startToCloseMs }) => startToCloseMs)).toEqual([10_000, 10_000, 10_000, 5000])
  })

  test('a poll shortly before it has no longer than until then', async () => {
    const run = polled(running)
    await stage.watch(run, { pollInterval: '1h', maxPollTime: '6s' })
    const [first, last] = run.calls.map(({ startToCloseMs }) => startToCloseMs)
    expect(first).toBeLessThanOrEqual(6000)
    expect(last).toBe(5000)
  })

  test('a sleep that would end shortly before it ends at it', async () => {
    const run = polled(running)
    const outcome = await stage.watch(run, { pollInterval: '9500ms', maxPollTime: '10s' })
    expect(outcome.polling_metadata.poll_count).toBe(2)
  })

  test('a polling timeout names the last error', async () => {
    const run = polled(running, outage)
    const outcome = await stage.watch(run, { pollInterval: '10s', maxPollTime: '5s' })
    expect(outcome).toHaveProperty(
      'error',
      `Polling timed out after 5.0s (2 polls); last error: ${outage.message}; last status: running`,
    )
  })

  test('a run that LangGraph never showed is a polling timeout too', async () => {
    const run = polled(outage)
    const outcome = await stage.watch(run, { maxPollTime: '1500ms' })
    expect(outcome).toMatchObject({
      polling_result: 'timeout',
      error: `Polling timed out after 1.5s (2 polls); last error: ${outage.message}`,
    })
  })

  test.each([
    {
      sees: 'the end of the run',
      look: ended('error', { error: 'boom' }),
      outcome: { status: 'error', error: 'boom' },
    },
    { sees: 'a final answer', look: gone, outcome: { polling_result: 'error', status: 'polling_error' } },
    {
      sees: 'an end that cannot be read',
      look: unreadable('success'),
      outcome: { polling_result: 'success_with_results', ending_verified: false },
    },
  ])('the last look that sees $sees reports it', async ({ look, outcome }) => {
    const run = polled(running, look)
    const actual = await stage.watch(run, { pollInterval: '1h' })
    expect(actual).toMatchObject({ ...outcome, polling_metadata: { poll_count: 2 } })
  })

  test.each([
    {
      title: 'the end of a run in between is reported',
      look: ended('success'),
      outcome: { polling_result: 'success_with_results' },
    },
    { title: 'a run that continues is a polling timeout', look: running, outcome: { status: 'polling_timeout' } },
  ])('with the worker away across it $title', async ({ look, outcome }) => {
    const run = polled(running, look)
    // Without the cache: this server does not take back what it has given to the cache of a worker that went away.
    await stage.stopWorker()
    await stage.startWorker({ maxCachedWorkflows: 0 })
    const handle = await stage.startWatch(run, { pollInterval: '1h', maxPollTime: '10m' })
    await stage.until(run, { phase: 'waiting' })

    await stage.stopWorker()
    await stage.environment.sleep('601s')
    await stage.startWorker()

    expect(await handle.result()).toMatchObject({ ...outcome, polling_metadata: { poll_count: 2 } })
    const [first, last] = run.calls
    expect((last?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(601_000)
  })
})

describe('an ending that cannot be read', () => {
  test('is asked for again, three times in a row at most, and then the outcome says so', async () => {
    const shown: WatchProgress[] = []
    const look = async () => {
      shown.push(await stage.runs.progress(run.ids))
      return unreadable('success')
    }
    const run = polled(unreadable('success'), look, look, look)

    const outcome = await stage.watch(run, { pollInterval: '10s' })

    expect(outcome).toMatchObject({
      polling_result: 'success_with_results',
      status: 'success',
      ending_verified: false,
      result: values.values,
      polling_metadata: { poll_count: 3 },
    })
    expect(await sleepsOf(run)).toEqual([1000, 2000])
    expect(shown[0]).toMatchObject({
      status: 'success',
      last_error: 'the run has ended (success), but how could not be read: state from deployment "default": HTTP 500',
    })
  })

  test('does not count once it was read', async () => {
    const run = polled(unreadable('success'), unreadable('success'), ended('success'))
    const outcome = await stage.watch(run)
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 3 } })
    expect(outcome).not.toHaveProperty('ending_verified')
  })

  test('starts to count again after another failure', async () => {
    const twice = [unreadable('success'), unreadable('success')]
    const run = polled(...twice, outage, ...twice, ended('success', { next: ['ask'] }))
    const outcome = await stage.watch(run)
    expect(outcome).toMatchObject({ polling_result: 'interrupted', polling_metadata: { poll_count: 6 } })
  })

  test('honours its Retry-After', async () => {
    const run = polled(unreadable('success', 20_000), ended('success'))
    await stage.watch(run, { pollInterval: '10s' })
    expect(await sleepsOf(run)).toEqual([20_000])
  })

  test('leaves it to the stream to say that the run waits for a human', async () => {
    const run = stage.run({
      getRunStatus: answers(unreadable('success')),
      retrieveStreamValues: answers({ found: 'interrupts' as const, interrupts: [question] }),
    })

    const outcome = await stage.watch(run)

    expect(outcome).toEqual({
      polling_result: 'interrupted',
      status: 'interrupted',
      run_id: run.ids.runId,
      thread_id: run.ids.threadId,
      ending_verified: false,
      interrupts: [question],
      polling_metadata: expect.objectContaining({ poll_count: 3 }),
    })
  })

  test('leaves the status of a failed run, and says that it is not verified', async () => {
    const outcome = await stage.watch(polled(unreadable('error')))
    expect(outcome).toMatchObject({ polling_result: 'error', status: 'error', ending_verified: false })
  })
})

describe('a run that LangGraph does not change any more', () => {
  const updatedAt = '2026-11-24T10:00:00.000Z'

  test('is given up after `stuckAfter`', async () => {
    const run = polled({ ...running, updatedAt })
    const outcome = await stage.watch(run, { stuckAfter: '1s' })
    expect(outcome).toMatchObject({
      polling_result: 'error',
      status: 'polling_error',
      error: expect.stringContaining(`The run is stuck: its status is running, no change since ${updatedAt}`),
      polling_metadata: { poll_count: 1 },
    })
  })

  test('is given up by its status if the server says nothing of changes', async () => {
    const run = polled({ status: 'pending' }, running)
    const outcome = await stage.watch(run, { stuckAfter: '25s', pollInterval: '10s' })
    expect(outcome).toMatchObject({ status: 'polling_error', polling_metadata: { poll_count: 5 } })
  })
})

describe("under `onUnsuccessful: 'fail'`", () => {
  const nothing = { retrieveThreadState: answers(missing), retrieveJoinStream: answers(missing) }
  const rows = [
    {
      type: 'RunFailed',
      looks: [ended('error', { error: 'ValueError: boom' })],
      summary: 'error (error): ValueError: boom',
    },
    {
      type: 'RunTimedOut',
      looks: [ended('timeout', { error: 'too long' })],
      summary: 'timeout (timeout): too long',
    },
    {
      type: 'RunInterrupted',
      looks: [ended('success', { next: ['ask'], interrupts: [question] })],
      summary: 'interrupted (interrupted): it waits for a human before node "ask"',
    },
    {
      type: 'RunPollingTimedOut',
      looks: [running],
      summary: 'timeout (polling_timeout): Polling timed out after 600.0s (2 polls); last status: running',
    },
    { type: 'RunPollingFailed', looks: [gone], summary: `error (polling_error): ${gone.message}` },
    {
      type: 'RunResultMissing',
      looks: [ended('success')],
      summary:
        'success_no_results (success): Result retrieval failed: All result retrieval strategies failed: Strategy stream_values failed: nothing there; Strategy thread_state failed: nothing there; Strategy join_stream failed: nothing there',
    },
  ]

  test.each(rows)('the watch fails as $type, with the outcome', async ({ type, looks, summary }) => {
    const script = { getRunStatus: answers<RunLook>(...looks), retrieveStreamValues: answers(missing), ...nothing }
    const run = stage.run(script)
    const handle = await stage.startWatch(run, { onUnsuccessful: 'fail', pollInterval: '1h' })

    const failure = await failureOf(handle.result())

    const { runId, threadId } = run.ids
    expect(failure).toMatchObject({
      type,
      nonRetryable: true,
      message: `Run ${runId} of thread ${threadId} ended as ${summary}`,
    })
    const [pollingResult] = summary.split(' ')
    expect(failure.details).toEqual([
      expect.objectContaining({ polling_result: pollingResult, run_id: runId, thread_id: threadId }),
    ])
    expect(failure.details).toMatchObject([{ polling_metadata: { poll_count: looks[0] === running ? 2 : 1 } }])
    expect(await stage.runs.progress(run.ids)).toHaveProperty('phase', 'done')
  })

  test('a result is returned all the same', async () => {
    const run = polled(ended('success'))
    expect(await stage.watch(run, { onUnsuccessful: 'fail' })).toHaveProperty('result', values.values)
  })
})

test('an unknown deployment fails the watch with the configured names', async () => {
  const deployments = createDeployments([
    { name: 'eu', url: 'http://127.0.0.1:1' },
    { name: 'us', url: 'http://127.0.0.1:1' },
  ])
  const getRunStatus = async ({ deployment }: RunRef) => {
    deployments(deployment)
    return running
  }
  const run = stage.run({ getRunStatus })
  const handle = await stage.startWatch(run, { deployment: 'asia' })

  const failure = await failureOf(handle.result())

  expect(failure).toMatchObject({ type: 'UnknownDeployment', nonRetryable: true })
  expect(failure.message).toContain('Deployment "asia" is not configured on this worker; configured: "eu", "us"')
})

testEveryHistory(() => stage)
