import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CreationUnanswered } from '../../src/langgraph/creation.ts'
import type { WatchRunInput } from '../../src/client.ts'
import { langGraphFailureTypes as types, wakeHint } from '../../src/domain/contract.ts'
import type { Creation } from '../../src/domain/creation.ts'
import type { Polled, RunLook } from '../../src/domain/run.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import type { Memory } from '../../src/workflows/memory.ts'
import { ended, running, values } from '../support/looks.ts'
import { answers, failureOf, Stage, testEveryHistory } from '../support/time-skipping.ts'
import type { Answer, Script, ScriptedRun } from '../support/time-skipping.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const idOf = (n: number) => `0199a1b2-c3d4-7e5f-8a9b-0000000000f${n}`
const [second, third] = [idOf(2), idOf(3)]
const boom = (n: number) =>
  ended('error', { next: ['model'], error: `RateLimitError: try ${n}`, failedNodes: ['model'] })
/** Some servers say so of a run that somebody else has cancelled. */
const unexplained = ended('error', { next: ['model'] })
const outage = new LangGraphError(types.unavailable, 'runs from deployment "default": HTTP 503', { status: 503 })
const unanswered = () => Promise.reject(outage)
const question = { id: 'i1', value: 'buy AAPL?', node: 'ask' }
const asking = ended('success', { next: ['ask'], interrupts: [question] })
const retry = { maximumAttempts: 3 }
const soon = { ...retry, initialInterval: '1s' } as const
const hour = { pollInterval: '1h', maxPollTime: 'none' } as const

/** A run that ends as each of the looks in turn, continued by runs 2, 3, … unless the tries say otherwise. */
function failing(looks: readonly Answer<RunLook>[], tries: readonly Answer<Creation>[] = [], script: Script = {}) {
  return stage.run(({ threadId }) => ({
    getRunStatus: answers(...looks),
    createRun: answers<Creation>(...tries, ...[2, 3, 4, 5].map((n) => createdOn(threadId, n))),
    retrieveStreamValues: answers(values),
    ...script,
  }))
}

function createdOn(threadId: string, n: number): Creation {
  return { kind: 'created', threadId, runId: idOf(n) }
}

function callsOf(run: ScriptedRun, activity: string) {
  return run.calls.filter((call) => call.activity === activity)
}

function pausesOf(run: ScriptedRun) {
  return stage.timersOf(run).then((timers) => timers.filter(({ summary }) => summary.startsWith('until attempt')))
}

async function backingOff(run: ScriptedRun, options: Omit<WatchRunInput, 'threadId' | 'runId'> = {}) {
  const handle = await stage.startWatch(run, {
    retry: { ...retry, initialInterval: '1h', maximumInterval: '1h' },
    ...options,
  })
  await stage.until(run, { phase: 'backing_off' })
  return handle
}

/** The creation of its next attempt gets no answer until `maxPollTime`, and had been carried out. */
async function withoutAnswer(onPollTimeout: 'leave' | 'cancel_run') {
  let isCancelled = false
  const run = stage.run(({ threadId, runId }) => ({
    getRunStatus: async (of) => (of.runId === runId ? boom(1) : isCancelled ? ended('interrupted') : running),
    createRun: async ({ findOnly }) => {
      if (!findOnly) throw new CreationUnanswered(outage, 0)
      return createdOn(threadId, 2)
    },
    cancelRun: async () => {
      isCancelled = true
    },
  }))
  return stage.watch(run, { retry, maxPollTime: '1m', pollInterval: '20s', onPollTimeout })
}

/** The watch has taken the update, and has not answered it. */
function cancelling(run: ScriptedRun) {
  return stage.handleOf(run).startUpdate('cancelRun', { args: [], waitForStage: 'ACCEPTED' })
}

describe('a run that fails', () => {
  test('is not continued by default, and is asked nothing more', async () => {
    const run = failing([boom(1)])
    const outcome = await stage.watch(run)
    expect(outcome).toMatchObject({ polling_result: 'error', error: 'RateLimitError: try 1' })
    expect(outcome).not.toHaveProperty('runs')
    expect(outcome.polling_metadata).not.toHaveProperty('attempts')
    expect(run.calls.map(({ activity }) => activity)).toEqual(['getRunStatus'])
  })

  test('is continued from where it failed, after growing pauses, until it succeeds', async () => {
    const run = failing([boom(1), boom(2), ended('success')])
    const outcome = await stage.watch(run, {
      retry: { maximumAttempts: 5, initialInterval: '10s' },
      pollInterval: '1s',
    })
    const { threadId, runId } = run.ids
    expect(outcome).toMatchObject({
      polling_result: 'success_with_results',
      run_id: third,
      result: values.values,
      polling_metadata: { attempts: 3 },
      runs: [
        { run_id: runId, status: 'error', continued_by: 'retry', error: 'RateLimitError: try 1' },
        { run_id: second, status: 'error', continued_by: 'retry', error: 'RateLimitError: try 2' },
        { run_id: third, status: 'success' },
      ],
    })
    expect((await pausesOf(run)).map(({ ms, end }) => [Math.round(ms / 1000), end])).toEqual([
      [10, 'fired'],
      [20, 'fired'],
    ])
    const { runId: workflowRunId, workflowId } = await stage.handleOf(run).describe()
    const key = (n: number) => `default/${workflowId}/${workflowRunId}#${n}`
    expect(callsOf(run, 'createRun').map(({ argument }) => argument)).toEqual([
      { deployment: 'default', threadId, key: key(1), run: { continues: runId, failedAfter: [] } },
      { deployment: 'default', threadId, key: key(2), run: { continues: second, failedAfter: [runId] } },
    ])
  })

  test('pauses no longer than the longest interval', async () => {
    const run = failing([boom(1), boom(2), boom(3), ended('success')])
    const intervals = { initialInterval: '1m', backoffCoefficient: 10, maximumInterval: '5m' } as const
    await stage.watch(run, { retry: { maximumAttempts: 4, ...intervals } })
    expect((await pausesOf(run)).map(({ ms }) => Math.round(ms / 1000))).toEqual([60, 300, 300])
  })

  test("by LangGraph's own time limit is continued too", async () => {
    const run = failing([ended('timeout', { next: ['model'] }), ended('success')])
    const outcome = await stage.watch(run, { retry })
    expect(outcome.runs).toMatchObject([{ status: 'timeout', continued_by: 'retry' }, { status: 'success' }])
  })

  test('as often as it may be tried ends with the last error', async () => {
    const run = failing([boom(1), boom(2), boom(3)])
    const outcome = await stage.watch(run, { retry })
    expect(outcome).toMatchObject({
      polling_result: 'error',
      error: 'RateLimitError: try 3',
      failed_nodes: ['model'],
      run_id: third,
      polling_metadata: { attempts: 3 },
    })
    expect(outcome.runs?.map(({ error }) => error)).toEqual([1, 2, 3].map((n) => `RateLimitError: try ${n}`))
  })

  test('with an error that is not to be retried ends at once', async () => {
    const run = failing([boom(1), ended('error', { next: ['model'], error: 'ValueError: no such symbol' })])
    const outcome = await stage.watch(run, { retry: { ...retry, nonRetryableErrors: ['KeyError', 'ValueError'] } })
    expect(outcome).toMatchObject({ error: 'ValueError: no such symbol', polling_metadata: { attempts: 2 } })
    expect(callsOf(run, 'createRun')).toHaveLength(1)
  })

  test('again in the same node is told by the error there', async () => {
    const shared = { error: 'ValueError: no such symbol', failedNodes: ['model'] }
    const again: RunLook = {
      status: 'error',
      ending: { kind: 'unproven', reason: 'no checkpoint', sharedError: shared },
    }
    const run = failing([boom(1), again])
    const outcome = await stage.watch(run, { retry: { ...retry, nonRetryableErrors: ['ValueError'] } })
    expect(outcome).toMatchObject({ error: shared.error, failed_nodes: ['model'], polling_metadata: { attempts: 2 } })
  })

  const unreadable: RunLook = { status: 'error', ending: { kind: 'unreadable', reason: 'HTTP 500' } }

  test('and whose ending can be read at the tenth look is continued', async () => {
    const run = failing([...Array.from({ length: 9 }, () => unreadable), boom(1), ended('success')])
    const outcome = await stage.watch(run, { retry })
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { attempts: 2 } })
  })

  test('and whose ending cannot be read is not continued', async () => {
    const outcome = await stage.watch(failing([unreadable]), { retry })
    expect(outcome).toMatchObject({ polling_metadata: { poll_count: 10 } })
    expect(outcome).toMatchObject({ polling_result: 'error', ending_verified: false })
    expect(outcome).toHaveProperty('error', expect.stringContaining('; it was not continued: where it stopped'))
  })

  test('without an error may have been cancelled by somebody else, and is not continued', async () => {
    const run = failing([running, unexplained], [{ kind: 'not_found', threadId: '' }])
    const outcome = await stage.watch(run, { retry })
    expect(outcome).toHaveProperty(
      'error',
      expect.stringMatching(/keeps no error text .*; it was not continued: somebody/),
    )
    expect(outcome).toMatchObject({ polling_result: 'error', runs: [{ run_id: run.ids.runId }] })
    expect(callsOf(run, 'createRun')).toMatchObject([{ argument: { findOnly: true } }])
    expect(await pausesOf(run)).toEqual([])
  })

  test('without an error, of an execution, is not continued even if its first poll finds it so', async () => {
    const run = failing(
      [unexplained],
      [async () => createdOn(run.ids.threadId, 1), { kind: 'not_found', threadId: '' }],
    )
    expect(await stage.execute(run, { retry })).toHaveProperty('error', expect.stringContaining('not continued: some'))
    expect(callsOf(run, 'createRun').map(({ argument }) => argument.findOnly)).toEqual([undefined, true])
  })

  test('without an error is followed if it has been continued already', async () => {
    const outcome = await stage.watch(failing([running, unexplained, ended('success')]), { retry })
    expect(outcome).toMatchObject({ run_id: second, polling_result: 'success_with_results' })
  })

  test('without an error had ended before the watch began, which is for that: it is continued', async () => {
    const run = failing(
      [unexplained, unexplained],
      [async () => createdOn(run.ids.threadId, 2), { kind: 'not_found', threadId: '' }],
    )
    const outcome = await stage.watch(run, { retry })
    expect(outcome).toMatchObject({ run_id: second, polling_metadata: { attempts: 2 } })
    expect(outcome).toHaveProperty('error', expect.stringContaining('not continued: somebody'))
    expect(callsOf(run, 'createRun').map(({ argument }) => argument.findOnly)).toEqual([undefined, true])
  })

  test('without an error had ended before the watch began, also if how could not be read at first', async () => {
    const run = failing([unreadable, unexplained, ended('success')])
    const outcome = await stage.watch(run, { retry })
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { attempts: 2 } })
    expect(callsOf(run, 'createRun').map(({ argument }) => argument.findOnly)).toEqual([undefined])
  })

  test('without an error may have been cancelled if the first poll got no answer', async () => {
    const run = failing([unanswered, unexplained], [{ kind: 'not_found', threadId: '' }])
    expect(await stage.watch(run, { retry })).toHaveProperty('error', expect.stringContaining('not continued: some'))
  })

  test.each([
    ['success', ended('success')],
    ['interrupted', ended('interrupted', { next: ['model'] })],
    ['one that its server says was cancelled', ended('error', { next: ['model'], error: 'The run was cancelled' })],
    ['a question', asking],
  ])('is what is continued: %s is not', async (_, look) => {
    const run = failing([look])
    const outcome = await stage.watch(run, { retry })
    expect(callsOf(run, 'createRun')).toEqual([])
    expect(outcome).toMatchObject({ polling_metadata: { attempts: 1 }, runs: [{ run_id: run.ids.runId }] })
  })

  test('and was created by an execution is continued', async () => {
    const run = failing([boom(1), ended('success')], [async () => createdOn(run.ids.threadId, 1)])
    const outcome = await stage.execute(run, { retry })
    expect(outcome).toMatchObject({ run_id: second, polling_result: 'success_with_results' })
    const [creation, continuation] = callsOf(run, 'createRun').map(({ argument }) => argument.key)
    expect(continuation).toMatch(new RegExp(`^${creation}/.*#1$`))
  })

  test('for a parent workflow fails it when the attempts are used up', async () => {
    const run = failing([boom(1), boom(2)])
    const failure = await failureOf(stage.watch(run, { retry: { maximumAttempts: 2 }, onUnsuccessful: 'fail' }))
    expect(failure).toMatchObject({ type: 'RunFailed', details: [{ polling_metadata: { attempts: 2 } }] })
  })

  test('after a question has been answered is continued, and asks again', async () => {
    const run = failing([boom(1), asking, boom(2), ended('success')])
    const handle = await stage.startWatch(run, { retry: soon, onInterrupt: 'wait' })
    await stage.until(run, { phase: 'interrupted' })
    await stage.runs.resume(run.ids, { value: 'yes' })
    expect((await handle.result()).runs).toMatchObject([
      { continued_by: 'retry' },
      { continued_by: 'resume', status: 'interrupted' },
      { continued_by: 'retry' },
      { status: 'success' },
    ])
    const continuations = callsOf(run, 'createRun').map(({ argument }) => argument.run)
    expect(continuations).toMatchObject([
      { failedAfter: [] },
      { resume: { i1: 'yes' } },
      { failedAfter: [run.ids.runId, second] },
    ])
  })
})

describe('the pause after a failure', () => {
  test('is shown with the next attempt, its time and the error', async () => {
    const run = failing([boom(1)], [], { getRunStatus: async () => ({ ...boom(1), memo: true }) })
    await backingOff(run)
    const progress = await stage.runs.progress(run.ids)
    expect(progress).toMatchObject({
      state: 'backing_off',
      attempt: 2,
      status: 'error',
      last_error: 'RateLimitError: try 1',
    })
    const inMs = Date.parse(progress.next_attempt_at ?? '') - (await stage.environment.currentTimeMs())
    expect(inMs / 3_600_000).toBeCloseTo(1, 1)
    const details = await stage.detailsOf(run)
    expect(details).toContain(`attempt 2 of 3 at ${progress.next_attempt_at}`)
    expect(details).toContain(`langgraph-runs wake --id ${stage.nameOf(run).workflowId}`)
    expect(details).toContain('RateLimitError: try 1')
    expect((await stage.handleOf(run).describe()).memo).toMatchObject({
      langgraph: {
        state: 'backing_off',
        attempt: 2,
        next_attempt_at: progress.next_attempt_at,
        error: 'RateLimitError: try 1',
      },
    })
  })

  test('is followed by the next attempt at once', async () => {
    const run = failing([running, boom(1), ended('success')])
    await stage.watch(run, { retry, pollInterval: '1m' })
    const sleeps = (await stage.timersOf(run)).filter(({ summary }) => summary.startsWith('until '))
    expect(sleeps.map(({ summary }) => summary.split(',', 1)[0])).toEqual([
      'until poll 2',
      'until attempt 2',
      'until poll 3',
    ])
  })

  test('is cut by a wake', async () => {
    const run = failing([boom(1), ended('success')])
    const handle = await backingOff(run)
    await stage.runs.wake(run.ids)
    expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results' })
    expect((await pausesOf(run)).map(({ end }) => end)).toEqual(['cancelled'])
  })

  test('is not cut by a hint of a program, which every end of a run is news to', async () => {
    const run = failing([boom(1), ended('success')])
    const handle = await backingOff(run)
    await stage.handleOf(run).signal('wake', wakeHint)
    await handle.result()
    expect((await pausesOf(run)).map(({ end }) => end)).toEqual(['fired'])
  })

  test('is not cut by a wake from before the failure was seen', async () => {
    const gate = stage.gate()
    const failsThen = async () => {
      await gate.opened
      return boom(1)
    }
    const run = failing([failsThen, ended('success')])
    const handle = await stage.startWatch(run, { retry })
    await stage.until(run, { phase: 'polling' })
    await stage.runs.wake(run.ids)
    gate.open()
    await handle.result()
    expect((await pausesOf(run)).map(({ end }) => end)).toEqual(['fired'])
  })

  test('does not count as time of the run: each attempt has all of `maxPollTime`', async () => {
    const run = failing([boom(1), running])
    const outcome = await stage.watch(run, {
      retry: { ...retry, initialInterval: '1h', maximumInterval: '1h' },
      maxPollTime: '10m',
      pollInterval: '1m',
    })
    expect(outcome).toMatchObject({ status: 'polling_timeout', run_id: second, polling_metadata: { attempts: 2 } })
    expect(outcome).toHaveProperty('polling_metadata.elapsed_seconds', expect.closeTo(4200, -1))
  })

  test('ends with `cancelRun`: nothing is created', async () => {
    const run = failing([boom(1)])
    const handle = await backingOff(run)
    const receipt = await stage.runs.cancelRun(run.ids)
    expect(receipt).toEqual({
      result: 'cancelled',
      status: 'error',
      run_id: run.ids.runId,
      thread_id: run.ids.threadId,
    })
    expect(await handle.result()).toMatchObject({
      polling_result: 'error',
      cancelled: true,
      error: 'RateLimitError: try 1; it was not continued: it was cancelled',
      runs: [{ run_id: run.ids.runId, status: 'error', error: 'RateLimitError: try 1' }],
    })
    expect(run.calls.map(({ activity }) => activity)).toEqual(['getRunStatus'])
  })

  test.each(['return', 'wait'] as const)('ends with the workflow, if that is cancelled (%s)', async (onInterrupt) => {
    const run = failing([boom(1)])
    const handle = await backingOff(run, { onCancel: 'cancel_run', onInterrupt })
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect((await handle.describe()).memo).toMatchObject({ cancellation: { result: 'had_ended', status: 'error' } })
    expect(callsOf(run, 'createRun')).toEqual([])
  })

  test('continues where it was after continue-as-new', async () => {
    const run = failing([ended('success')])
    const { threadId, runId } = run.ids
    const startedAtMs = await stage.environment.currentTimeMs()
    const failed = {
      polling_result: 'error',
      status: 'error',
      run_id: second,
      thread_id: threadId,
      error: 'RateLimitError: try 2',
      polling_metadata: { poll_count: 2, completion_time_seconds: 1, timestamp: '2026-01-01T00:00:00.000Z' },
    } as const
    const carried: Memory = {
      startedAtMs,
      run: { threadId, runId: second, deployment: 'default' },
      chain: [{ run_id: runId, status: 'error', continued_by: 'retry', error: 'RateLimitError: try 1' }],
      retry: { attempt: 3, dueAtMs: startedAtMs + 1_800_000, failed },
      polls: { count: 2, sleeps: 0, failedInARow: 0, unreadableInARow: 0, wasHinted: false },
      creation: {},
      handledResumes: [],
      isWoken: false,
      hasBeenReached: true,
      isDeploymentKnown: true,
    }
    const outcome: unknown = await stage.environment.client.workflow.execute('watchRun', {
      taskQueue: stage.taskQueue,
      workflowId: stage.nameOf(run).workflowId,
      args: [{ ...run.ids, retry }, carried],
    })
    expect(outcome).toMatchObject({
      polling_metadata: { attempts: 3 },
      runs: [{ run_id: runId }, { run_id: second }, {}],
    })
    expect(callsOf(run, 'createRun')).toMatchObject([
      { argument: { run: { continues: second, failedAfter: [runId] } } },
    ])
    const [pause] = await pausesOf(run)
    expect((pause?.ms ?? 0) / 1000).toBeCloseTo(1800, -1)
  })

  test('continues as new when signals have made the history long, and keeps the attempts', async () => {
    const run = failing([boom(1), ended('success')])
    const handle = await backingOff(run)
    // About as many events as a history may have: a KB of a signal counts as one.
    const noise = Array.from({ length: 200 }, () => stage.handleOf(run).signal('noise', 'x'.repeat(17_000)))
    await Promise.all(noise)
    const outcome = await handle.result()
    expect(outcome.runs).toMatchObject([{ run_id: run.ids.runId, error: 'RateLimitError: try 1' }, { run_id: second }])
    expect(await stage.historiesOf(run)).toHaveLength(2)
    expect(callsOf(run, 'createRun')).toHaveLength(1)
    // What is left of the pause.
    expect((await pausesOf(run)).map(({ end }) => end)).toEqual(['cancelled', 'fired'])
  })
})

describe('the creation of the next attempt', () => {
  test('is tried again until LangGraph answers, as the one creation that it is', async () => {
    const run = failing([boom(1), ended('success')], [outage, new CreationUnanswered(outage, 0), outage])
    const outcome = await stage.watch(run, { retry })
    expect(outcome).toMatchObject({ run_id: second, polling_metadata: { attempts: 2 } })
    expect(new Set(callsOf(run, 'createRun').map(({ argument }) => argument.key)).size).toBe(1)
  })

  test.each<[string, Creation, string]>([
    [
      'the run left no checkpoint',
      { kind: 'refused', threadId: '', reason: 'it left no checkpoint' },
      'it left no checkpoint',
    ],
    [
      'another run came after it',
      { kind: 'overtaken', threadId: '', by: { runId: third, resumes: false } },
      `run ${third} came after it on its thread`,
    ],
    [
      'somebody else has continued it',
      { kind: 'overtaken', threadId: '', by: { runId: third, resumes: true } },
      `run ${third} has continued it`,
    ],
  ])('is not made if %s', async (_, creation, why) => {
    const outcome = await stage.watch(failing([boom(1)], [creation]), { retry })
    expect(outcome).toMatchObject({
      polling_result: 'error',
      status: 'error',
      error: `RateLimitError: try 1; it was not continued: ${why}`,
      failed_nodes: ['model'],
      runs: [{ status: 'error', error: 'RateLimitError: try 1' }],
    })
  })

  test('is given up after `maxPollTime`', async () => {
    const run = failing([boom(1)], [outage, outage, outage, outage, outage], { createRun: answers<Creation>(outage) })
    const outcome = await stage.watch(run, { retry, maxPollTime: '1m', pollInterval: '10s' })
    expect(outcome).toMatchObject({ polling_result: 'error', status: 'error' })
    expect(outcome).toHaveProperty('error', expect.stringMatching(/not continued: .*within `maxPollTime`: .*HTTP 503/))
  })

  test('without an answer until `maxPollTime` may have been made all the same, and the outcome says so', async () => {
    const outcome = await withoutAnswer('leave')
    expect(outcome).toHaveProperty('error', expect.stringContaining('(or it was, and the run that continues is not'))
  })

  test('without an answer until `maxPollTime` has its run found and cancelled with `onPollTimeout`', async () => {
    const outcome = await withoutAnswer('cancel_run')
    expect(outcome).toMatchObject({ status: 'polling_timeout', cancellation: { result: 'cancelled', run_id: second } })
  })

  test('on a busy thread is tried again soon, although a sweep has seen that the run failed', async () => {
    const busy: Creation = { kind: 'busy', threadId: '', reason: 'run 7 is active' }
    const seen: Polled = { ...boom(1), swept: true }
    const run = failing([seen, ended('success')], [busy, busy])
    await stage.watch(run, { retry, pollInterval: '2s' })
    const tries = (await stage.timersOf(run)).filter(({ summary }) => summary.includes('next try to create'))
    expect(tries.map(({ ms }) => ms)).toEqual([2000, 2000])
  })

  test('shows an outage, if it gets no answer', async () => {
    const run = failing([boom(1)], [], { createRun: answers<Creation>(outage) })
    await stage.startWatch(run, { retry: soon, ...hour })
    await stage.until(run, { state: 'outage' })
    expect(await stage.runs.progress(run.ids)).toMatchObject({ attempt: 2, last_error: outage.message })
  })

  test('under way when the run is cancelled has its run cancelled', async () => {
    const gate = stage.gate()
    let isCancelled = false
    const run = stage.run(({ threadId, runId }) => ({
      getRunStatus: async (of) => (of.runId === runId ? boom(1) : isCancelled ? ended('interrupted') : running),
      createRun: async () => {
        await gate.opened
        return createdOn(threadId, 2)
      },
      cancelRun: async () => {
        isCancelled = true
      },
    }))
    const handle = await stage.startWatch(run, { retry: soon, ...hour })
    await stage.until(run, { phase: 'creating' })
    const update = await cancelling(run)
    gate.open()
    expect(await update.result()).toMatchObject({ result: 'cancelled', run_id: second })
    expect(await handle.result()).toMatchObject({ run_id: second, cancelled: true, polling_metadata: { attempts: 2 } })
  })

  test('in an outage ends with `cancelRun`, as the failed run that was cancelled', async () => {
    const run = failing([boom(1)], [], {
      createRun: async ({ findOnly, threadId = '' }) => {
        if (!findOnly) throw outage
        return { kind: 'not_found', threadId }
      },
    })
    const handle = await stage.startWatch(run, { retry: soon, ...hour })
    await stage.until(run, { phase: 'waiting', attempt: 2 })
    expect(await stage.runs.cancelRun(run.ids)).toMatchObject({ result: 'cancelled', status: 'error' })
    expect(await handle.result()).toMatchObject({ cancelled: true, error: expect.stringContaining('it was cancelled') })
  })

  test('without an answer has its run cancelled with the workflow', async () => {
    const run = stage.run(({ threadId, runId }) => ({
      getRunStatus: async (of) => (of.runId === runId ? boom(1) : ended('interrupted')),
      createRun: async ({ findOnly }) => {
        if (!findOnly) throw new CreationUnanswered(outage, 0)
        return createdOn(threadId, 2)
      },
    }))
    const handle = await stage.startWatch(run, {
      retry: soon,
      ...hour,
      onCancel: 'cancel_run',
    })
    await stage.until(run, { phase: 'waiting', state: 'backing_off' })
    await handle.cancel()
    await handle.result().catch(() => {})
    expect((await handle.describe()).memo).toMatchObject({ cancellation: { run_id: second } })
  })
})

describe('an attempt', () => {
  test('that is cancelled while it is running is not continued', async () => {
    let isCancelled = false
    const run = stage.run(({ threadId, runId }) => ({
      getRunStatus: async (of) => {
        if (of.runId === runId) return boom(1)
        const shared = { error: 'RateLimitError: try 1' }
        return isCancelled
          ? { status: 'error', ending: { kind: 'unproven', reason: '', sharedError: shared } }
          : running
      },
      createRun: async () => createdOn(threadId, 2),
      cancelRun: async () => {
        isCancelled = true
      },
    }))
    const handle = await stage.startWatch(run, { retry: soon, ...hour })
    await stage.until(run, { phase: 'waiting', state: 'waiting', attempt: 2 })
    expect(await stage.runs.cancelRun(run.ids)).toMatchObject({ result: 'cancelled', run_id: second })
    expect(await handle.result()).toMatchObject({ run_id: second, cancelled: true, polling_metadata: { attempts: 2 } })
    expect(callsOf(run, 'createRun')).toHaveLength(1)
  })

  test('that fails just when it is to be cancelled is not continued', async () => {
    const gate = stage.gate()
    const run = failing([
      async () => {
        await gate.opened
        return boom(1)
      },
    ])
    const handle = await stage.startWatch(run, { retry })
    await stage.until(run, { phase: 'polling' })
    const update = await cancelling(run)
    gate.open()
    expect(await update.result()).toMatchObject({ result: 'had_ended', status: 'error' })
    expect(await handle.result()).toMatchObject({ cancelled: true, error: expect.stringContaining('it was cancelled') })
  })
})

testEveryHistory(() => stage)
