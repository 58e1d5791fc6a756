import { activityInfo } from '@temporalio/activity'
import type { WorkflowFailedError } from '@temporalio/client'
import { CancelledFailure } from '@temporalio/common'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { WatchProgress } from '../../src/client.ts'
import { wakeHint } from '../../src/domain/contract.ts'
import type { Retrieved } from '../../src/domain/retrieved.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { ended, running } from '../support/looks.ts'
import { Stage, answers, testEveryHistory } from '../support/time-skipping.ts'
import type { ScriptedRun } from '../support/time-skipping.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const unproven = { kind: 'unproven' as const, reason: 'no checkpoint of the thread belongs to the run' }
const values = { found: 'values' as const, values: { trading_signal: 'BUY' }, checkpointId: 'c1' }
const missing = { found: 'nothing' as const, reason: 'nothing there' }
const question = { id: 'i1', value: { question: 'buy AAPL?' }, node: 'ask' }

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
const seconds = expect.any(Number)
const completed = { poll_count: 2, completion_time_seconds: seconds, timestamp: time }
const retrieval = (attempts: object[], more: object = {}) => ({
  retrieval_duration_seconds: seconds,
  timestamp: time,
  attempts,
  ...more,
})
const notThere = (strategy: string) => ({ strategy, outcome: 'missing', reason: 'nothing there' })

/** A run that is running at all polls but the last. */
function endsAtPoll(polls: number): ScriptedRun {
  return stage.run({
    getRunStatus: answers<RunLook>(...Array.from({ length: polls - 1 }, () => running), ended('success')),
    retrieveStreamValues: answers(values),
  })
}

async function sleepsOf(run: ScriptedRun): Promise<number[]> {
  const timers = await stage.timersOf(run)
  return timers.map(({ ms }) => ms)
}

async function endOf(run: ScriptedRun) {
  const handle = stage.handleOf(run)
  const cause: unknown = await handle.result().catch((error: WorkflowFailedError) => error.cause)
  const { status } = await handle.describe()
  return { status: status.name, cause }
}

function expectWithinTenPercent(actual: number, expected: number): void {
  expect(Math.abs(actual / expected - 1), `${actual} instead of ${expected}`).toBeLessThan(0.101)
}

interface Row {
  readonly look: RunLook
  /** From the thread's state; default: nothing. */
  readonly retrieves?: Retrieved
  readonly outcome: object
}

describe('a run that', () => {
  const allMissing =
    'All result retrieval strategies failed: Strategy stream_values failed: nothing there; Strategy thread_state failed: nothing there; Strategy join_stream failed: nothing there'
  const nothingFound = {
    polling_result: 'success_no_results',
    status: 'success',
    error: `Result retrieval failed: ${allMissing}`,
    retrieval_metadata: retrieval([notThere('stream_values'), notThere('thread_state'), notThere('join_stream')]),
    polling_metadata: { ...completed, result_retrieval_error: allMissing },
  }
  const rows: Record<string, Row> = {
    'succeeded ends with its values': {
      look: ended('success'),
      retrieves: values,
      outcome: {
        polling_result: 'success_with_results',
        status: 'success',
        result: { trading_signal: 'BUY' },
        retrieval_metadata: retrieval([notThere('stream_values'), { strategy: 'thread_state', outcome: 'used' }], {
          strategy_used: 'thread_state',
          checkpoint_id: 'c1',
        }),
        polling_metadata: completed,
      },
    },
    'succeeded and left nothing ends without results, with every reason': {
      look: ended('success'),
      outcome: nothingFound,
    },
    'succeeded and has no checkpoint of its own ends without results': {
      look: { status: 'success', ending: unproven },
      outcome: nothingFound,
    },
    'succeeded on the wire but asks a human ends as interrupted': {
      look: ended('success', { next: ['ask'], interrupts: [question] }),
      outcome: {
        polling_result: 'interrupted',
        status: 'interrupted',
        interrupts: [question],
        next: ['ask'],
        polling_metadata: completed,
      },
    },
    'succeeded on the wire but stopped at a breakpoint ends as interrupted, without a question': {
      look: ended('success', { next: ['trade', 'report'] }),
      outcome: {
        polling_result: 'interrupted',
        status: 'interrupted',
        interrupts: [],
        next: ['trade', 'report'],
        polling_metadata: completed,
      },
    },
    'was cancelled ends as interrupted, with an error and no interrupts': {
      look: ended('interrupted', { next: ['work'] }),
      outcome: {
        polling_result: 'interrupted',
        status: 'interrupted',
        error: 'The run was cancelled before node "work" was done',
        cancelled: true,
        next: ['work'],
        polling_metadata: completed,
      },
    },
    "failed ends with the graph's own error": {
      look: ended('error', { next: ['work'], error: 'ValueError: boom for AAPL' }),
      outcome: {
        polling_result: 'error',
        status: 'error',
        error: 'ValueError: boom for AAPL',
        polling_metadata: completed,
      },
    },
    'ran into the time limit of LangGraph ends as timeout': {
      look: ended('timeout', { next: ['work'] }),
      outcome: {
        polling_result: 'timeout',
        status: 'timeout',
        error: 'LangGraph ended the run at its own time limit for background runs',
        polling_metadata: completed,
      },
    },
  }

  test.each(Object.entries(rows))('%s', async (_, { look, retrieves = missing, outcome }) => {
    const run = stage.run({
      getRunStatus: answers(running, look),
      retrieveStreamValues: answers(missing),
      retrieveThreadState: answers(retrieves),
      retrieveJoinStream: answers(missing),
    })

    const actual = await stage.watch(run, { pollInterval: '10s' })

    expect(actual).toEqual({ run_id: run.ids.runId, thread_id: run.ids.threadId, ...outcome })
    const isRetrieved = actual.status === 'success'
    expect(run.calls.some(({ activity }) => activity !== 'getRunStatus')).toBe(isRetrieved)
  })

  test('is not terminal at the deadline ends as a polling timeout', async () => {
    const run = stage.run({ getRunStatus: answers({ ...running, updatedAt: '2026-11-24T10:00:00.000Z' }) })

    const outcome = await stage.watch(run, { pollInterval: '1m' })

    expect(outcome).toEqual({
      polling_result: 'timeout',
      status: 'polling_timeout',
      run_id: run.ids.runId,
      thread_id: run.ids.threadId,
      error:
        'Polling timed out after 600.0s (11 polls); last status: running, unchanged since 2026-11-24T10:00:00.000Z',
      polling_metadata: { poll_count: 11, elapsed_seconds: seconds, max_poll_time: 600, timestamp: time },
    })
    expect(outcome.polling_metadata).toHaveProperty('elapsed_seconds', expect.closeTo(600, -2))
    expect(run.calls).toHaveLength(11)
  })

  test.each([[0], [false], ['text'], [[1, null]], [{ 'ключ 😀': { deep: [{}] } }]])(
    'has the values %j returns them as they are',
    async (result) => {
      const run = stage.run({
        getRunStatus: answers(ended('success')),
        retrieveStreamValues: answers({ found: 'values' as const, values: result }),
      })

      expect(await stage.watch(run)).toHaveProperty('result', result)
    },
  )
})

describe('between polls', () => {
  test('nothing is slept before the first, so a run that has ended costs one', async () => {
    const run = endsAtPoll(1)
    const outcome = await stage.watch(run, { pollInterval: '1h' })
    expect(outcome.polling_metadata.poll_count).toBe(1)
    expect(await stage.timersOf(run)).toEqual([])
  })

  test('every sleep is alike if the interval is one duration, and is named in the history', async () => {
    const run = endsAtPoll(4)
    await stage.watch(run, { pollInterval: '7s' })
    expect(await stage.timersOf(run)).toEqual([
      { ms: 7000, summary: 'until poll 2, or a wake', end: 'fired' },
      { ms: 7000, summary: 'until poll 3, or a wake', end: 'fired' },
      { ms: 7000, summary: 'until poll 4, or a wake', end: 'fired' },
    ])
    expect(await stage.activitySummariesOf(run)).toEqual([
      'poll 1: is the run done?',
      'poll 2: is the run done?',
      'poll 3: is the run done?',
      'poll 4: is the run done?',
      'the result, by stream_values',
    ])
  })

  test('less than 1 s acts as 1 s', async () => {
    const run = endsAtPoll(3)
    await stage.watch(run, { pollInterval: 20 })
    expect(await sleepsOf(run)).toEqual([1000, 1000])
  })

  test.each([
    { pollInterval: null, sleeps: [1000, 1500, 2250, 3375, 5062.5, 7593.75, 10_000, 10_000] },
    {
      pollInterval: { initialInterval: '1m', backoffCoefficient: 3, maximumInterval: '1h' } as const,
      sleeps: [60_000, 180_000, 540_000, 1_620_000, 3_600_000, 3_600_000],
    },
  ])('sleeps grow by $pollInterval up to the maximum, each ±10 %', async ({ pollInterval, sleeps }) => {
    const run = endsAtPoll(sleeps.length + 1)

    await stage.watch(run, { pollInterval, maxPollTime: '1d' })

    const actual = await sleepsOf(run)
    expect(actual).toHaveLength(sleeps.length)
    for (const [n, ms] of actual.entries()) expectWithinTenPercent(ms, sleeps[n] ?? 0)
    expect(actual).not.toEqual(sleeps)
  })

  test('a day passes at 10 minutes a poll', async () => {
    const run = endsAtPoll(145)
    const outcome = await stage.watch(run, { pollInterval: '10m', maxPollTime: 'none' })
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 145 } })
    expect(outcome.polling_metadata).toHaveProperty('completion_time_seconds', expect.closeTo(86_400, -2))
    expect(await sleepsOf(run)).toEqual(Array.from({ length: 144 }, () => 600_000))
  })
})

describe('while it is running, a watch shows', () => {
  test('that it waits, and until when', async () => {
    const run = stage.run({ getRunStatus: answers({ ...running, updatedAt: '2026-11-24T10:00:00.000Z' }) })
    await stage.startWatch(run, { pollInterval: '1h', maxPollTime: '1d' })
    await stage.until(run, { phase: 'waiting', poll_count: 1 })

    const progress = await stage.runs.progress(run.ids)

    expect(progress).toEqual({
      phase: 'waiting',
      state: 'waiting',
      status: 'running',
      poll_count: 1,
      started_at: expect.any(String),
      elapsed_seconds: seconds,
      next_poll_at: time,
      updated_at: '2026-11-24T10:00:00.000Z',
    })
    const untilNextMs = Date.parse(progress.next_poll_at ?? '') - (run.calls[0]?.atMs ?? 0)
    expect(untilNextMs / 3_600_000).toBeCloseTo(1, 1)
    expect(await stage.detailsOf(run)).toBe(
      `**Nothing to do**: the run is waited for\n\nrun status: \`running\`, unchanged since 2026-11-24T10:00:00.000Z\n\nnext poll: ${progress.next_poll_at}\n\n1 poll`,
    )
  })

  test('that it polls, and what the status was before', async () => {
    const gate = stage.gate()
    const held = async () => {
      await gate.opened
      return ended('error')
    }
    const run = stage.run({ getRunStatus: answers<RunLook>({ status: 'pending' }, held) })
    await stage.startWatch(run, { pollInterval: '1s' })

    await stage.until(run, { phase: 'polling', poll_count: 2 })

    const progress = await stage.runs.progress(run.ids)
    expect(progress).toEqual({
      phase: 'polling',
      state: 'waiting',
      status: 'pending',
      poll_count: 2,
      started_at: expect.any(String),
      elapsed_seconds: seconds,
    })
  })

  test('that it retrieves, and at last that it is done', async () => {
    const gate = stage.gate()
    const held = async () => {
      await gate.opened
      return values
    }
    const run = stage.run({ getRunStatus: answers(ended('success')), retrieveStreamValues: held })
    await stage.startWatch(run)

    await stage.until(run, { phase: 'retrieving' })
    const retrieving = await stage.runs.progress(run.ids)
    gate.open()
    await stage.handleOf(run).result()
    const done = await stage.runs.progress(run.ids)

    const shown = { status: 'success', poll_count: 1, started_at: expect.any(String), elapsed_seconds: seconds }
    expect(retrieving).toEqual({ phase: 'retrieving', state: 'retrieving', ...shown })
    expect(done).toEqual({ phase: 'done', state: 'success', ...shown })
  })

  test.each([
    {
      look: ended('success'),
      details: '**success_with_results**, run status `success`, 1 poll\n\nresult found by `stream_values`',
    },
    {
      look: ended('error', { error: 'boom' }),
      details: '**error**, run status `error`, 1 poll\n\n```text\nboom\n```',
      todo: (which: string) => `**Fix what the error says**, then continue it: \`langgraph-runs retry ${which}\`\n\n`,
    },
    {
      look: ended('success', { next: ['ask'], interrupts: [question] }),
      details: '**interrupted**, run status `interrupted`, 1 poll\n\n```text\nquestion: buy AAPL?\n```',
      todo: (which: string) => `**To answer it here**: \`langgraph-runs watch ${which} --on-interrupt wait\`\n\n`,
    },
  ])('how it ended, in the current details of the Web UI: $details', async ({ look, details, todo }) => {
    const run = stage.run({ getRunStatus: answers(look), retrieveStreamValues: answers(values) })
    await stage.watch(run)
    const { threadId, runId } = run.ids
    expect(await stage.detailsOf(run)).toBe(`${todo?.(`${threadId} ${runId}`) ?? ''}${details}`)
  })
})

describe('a wake', () => {
  test.each([
    { whose: 'a person', argument: [] },
    { whose: 'the sweep, or of a webhook,', argument: [wakeHint] },
  ])('of $whose cuts a sleep short', async ({ argument }) => {
    const run = stage.run({ getRunStatus: answers(running, ended('error')) })
    const handle = await stage.startWatch(run, { pollInterval: '1h', maxPollTime: '1d' })
    await stage.until(run, { phase: 'waiting' })

    await stage.handleOf(run).signal('wake', ...argument)

    expect((await handle.result()).polling_metadata.poll_count).toBe(2)
    expect(await stage.timersOf(run)).toEqual([{ ms: 3_600_000, summary: 'until poll 2, or a wake', end: 'cancelled' }])
  })

  test('during a poll makes one more after it, and no more', async () => {
    const woken = async () => {
      await stage.runs.wake(run.ids)
      return running
    }
    const run = stage.run({ getRunStatus: answers(woken, running, ended('error')) })

    await stage.watch(run, { pollInterval: '1h', maxPollTime: '1d' })

    expect(run.calls).toHaveLength(3)
    expect(await stage.timersOf(run)).toEqual([
      { ms: 1000, summary: 'hinted polls are 1 s apart', end: 'fired' },
      { ms: 3_599_000, summary: 'until poll 3, or a wake', end: 'fired' },
    ])
  })

  test('that comes a hundred times during a poll makes one more', async () => {
    const gate = stage.gate()
    const held = async () => {
      await gate.opened
      return running
    }
    const run = stage.run({ getRunStatus: answers(held, running) })
    const handle = await stage.startWatch(run, { pollInterval: '1h', maxPollTime: '1h' })
    await stage.until(run, { phase: 'polling' })

    await Promise.all(Array.from({ length: 100 }, () => stage.runs.wake(run.ids)))
    gate.open()

    // The first poll and the last look are the watch's own.
    expect((await handle.result()).polling_metadata.poll_count).toBe(3)
  })

  test('that comes a hundred times during a sleep makes at most two polls, and one a second', async () => {
    const run = stage.run({ getRunStatus: answers(running) })
    const handle = await stage.startWatch(run, { pollInterval: '1h', maxPollTime: '1h' })
    await stage.until(run, { phase: 'waiting' })

    const sinceMs = Date.now()
    await Promise.all(Array.from({ length: 100 }, () => stage.runs.wake(run.ids)))
    const seconds = (Date.now() - sinceMs) / 1000

    const { polling_metadata } = await handle.result()
    const hinted = polling_metadata.poll_count - 2
    expect(hinted).toBeGreaterThanOrEqual(1)
    expect(hinted).toBeLessThanOrEqual(2 + seconds)
  })

  test('after a wake waits until 1 s has passed', async () => {
    const woken = async () => {
      await stage.runs.wake(run.ids)
      return running
    }
    const run = stage.run({ getRunStatus: answers(woken, woken, woken, woken, ended('error')) })

    await stage.watch(run, { pollInterval: '1h', maxPollTime: '1d' })

    const [, ...hinted] = run.calls.map(({ atMs }) => atMs)
    expect(hinted).toHaveLength(4)
    // By the workflow's clock it is 1 s; from one poll to the next the server's may lack some milliseconds.
    for (const [n, atMs] of hinted.slice(1).entries()) expect(atMs - (hinted[n] ?? 0)).toBeGreaterThan(900)
    const summaries = (await stage.timersOf(run)).map(({ summary }) => summary)
    expect(new Set(summaries)).toEqual(new Set(['hinted polls are 1 s apart']))
  })
})

describe('a second start', () => {
  test('attaches to the open watch, whose options hold', async () => {
    const run = stage.run({ getRunStatus: answers(running, ended('error')) })
    const first = await stage.startWatch(run, { pollInterval: '1h', maxPollTime: '1d' })
    await stage.until(run, { phase: 'waiting' })
    const { runId } = await first.describe()

    const second = await stage.startWatch(run, { pollInterval: '1s', onUnsuccessful: 'fail' })

    expect(second.workflowId).toBe(first.workflowId)
    expect((await second.describe()).runId).toBe(runId)
    const outcome = await second.result()
    expect(await first.result()).toEqual(outcome)
    expect(run.calls).toHaveLength(2)
    expect(await stage.timersOf(run)).toEqual([expect.objectContaining({ ms: 3_600_000, end: 'fired' })])
  })

  test('after the end is a fresh watch: one poll and one retrieval, with the same answer', async () => {
    const run = stage.run({ getRunStatus: answers(running, ended('success')), retrieveStreamValues: answers(values) })
    const first = await stage.watch(run, { pollInterval: '10s' })

    const second = await stage.watch(run)

    expect(first.polling_metadata.poll_count).toBe(2)
    expect(second.polling_metadata.poll_count).toBe(1)
    expect(second).toHaveProperty('result', values.values)
    expect(run.calls).toHaveLength(5)
  })

  test('after a polling timeout waits again', async () => {
    const run = stage.run({
      getRunStatus: answers(running, running, running, ended('success')),
      retrieveStreamValues: answers(values),
    })
    const first = await stage.watch(run, { pollInterval: '10s', maxPollTime: '10s' })
    const second = await stage.watch(run, { pollInterval: '10s', maxPollTime: '10s' })
    expect(first.status).toBe('polling_timeout')
    expect(second.polling_result).toBe('success_with_results')
  })
})

describe('a watch of thousands of events', () => {
  test('continues as new with its counts, clock, back-off, deadline and a wake that came in between', async () => {
    const changed = { status: 'running', updatedAt: '2026-11-24T10:00:00.000Z' }
    const executions = new Set<string>()
    const secondExecution: WatchProgress[] = []
    const getRunStatus = async () => {
      executions.add(activityInfo().workflowExecution?.runId ?? '')
      if (executions.size === 2) secondExecution.push(await stage.runs.progress(run.ids))
      // The last poll of the first execution is one of those beyond 250.
      if (executions.size === 1 ? run.calls.length > 250 : secondExecution.length === 2) await stage.runs.wake(run.ids)
      return changed
    }
    const run = stage.run({ getRunStatus })
    // The n-th sleep is 1.02ⁿ s, so that a back-off that started over would show.
    const pollInterval = { initialInterval: '1s', backoffCoefficient: 1.02, maximumInterval: '1d' } as const

    const outcome = await stage.watch(run, { pollInterval, maxPollTime: '18h' })

    const [first, ...others] = (await stage.historiesOf(run)).map(({ events }) => events?.length)
    expect(first).toBeGreaterThan(3000)
    expect(first).toBeLessThan(4096)
    expect(others).toHaveLength(1)
    const polls = run.calls.length
    const before = polls - secondExecution.length
    const times = run.calls.map(({ atMs }) => atMs / 1000)
    const [startedAt = 0, firstAt = 0, secondAt = 0, thirdAt = 0] = [0, before, before + 1, before + 2].map(
      (n) => times[n],
    )
    expect(secondExecution[0]).toEqual({
      phase: 'polling',
      state: 'waiting',
      status: 'running',
      poll_count: before + 1,
      started_at: time,
      elapsed_seconds: expect.closeTo(firstAt - startedAt, -1),
      updated_at: changed.updatedAt,
    })
    // Woken, although an ordinary sleep is 20 minutes by now; then an ordinary sleep; then woken again.
    const lastHintedAt = times[before - 1] ?? 0
    expect(firstAt - lastHintedAt).toBeGreaterThan(0.9)
    expect(firstAt - lastHintedAt).toBeLessThan(60)
    expectWithinTenPercent(secondAt - firstAt, 1.02 ** before)
    expect(thirdAt - secondAt).toBeLessThan(60)
    expect(outcome).toMatchObject({
      status: 'polling_timeout',
      error: `Polling timed out after 64800.0s (${polls} polls); last status: running, unchanged since ${changed.updatedAt}`,
      polling_metadata: { poll_count: polls, elapsed_seconds: expect.closeTo(64_800, -2), max_poll_time: 64_800 },
    })
  })
})

// Last: the server skips no time any more once a workflow has closed with an activity running.
describe('a cancelled watch ends at once', () => {
  test('while it sleeps', async () => {
    const run = stage.run({ getRunStatus: answers(running) })
    await stage.startWatch(run, { pollInterval: '1h', maxPollTime: 'none' })
    await stage.until(run, { phase: 'waiting' })

    await stage.handleOf(run).cancel()

    expect(await endOf(run)).toEqual({ status: 'CANCELLED', cause: expect.any(CancelledFailure) })
    expect(await stage.timersOf(run)).toEqual([{ ms: 3_600_000, summary: 'until poll 2, or a wake', end: 'cancelled' }])
  })

  test('while it polls, although LangGraph does not answer', async () => {
    const gate = stage.gate()
    const held = async () => {
      await gate.opened
      return running
    }
    const run = stage.run({ getRunStatus: held })
    await stage.startWatch(run)
    await stage.until(run, { phase: 'polling' })

    await stage.handleOf(run).cancel()

    expect(await endOf(run)).toEqual({ status: 'CANCELLED', cause: expect.any(CancelledFailure) })
  })

  test('while it retrieves, although LangGraph does not answer', async () => {
    const gate = stage.gate()
    const held = async () => {
      await gate.opened
      return values
    }
    const run = stage.run({ getRunStatus: answers(ended('success')), retrieveStreamValues: held })
    await stage.startWatch(run)
    await stage.until(run, { phase: 'retrieving' })

    await stage.handleOf(run).cancel()

    expect(await endOf(run)).toEqual({ status: 'CANCELLED', cause: expect.any(CancelledFailure) })
    expect(run.calls.map(({ activity }) => activity)).toEqual(['getRunStatus', 'retrieveStreamValues'])
  })
})

testEveryHistory(() => stage)
