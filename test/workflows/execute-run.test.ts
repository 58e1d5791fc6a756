import { ApplicationFailure } from '@temporalio/common'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CreationUnanswered } from '../../src/langgraph/creation.ts'
import type { Cancellation, ExecuteRunInput, WatchProgress } from '../../src/client.ts'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { Creation } from '../../src/domain/creation.ts'
import type { RunLook, RunRef } from '../../src/domain/run.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { ended, running, values } from '../support/looks.ts'
import { Stage, answers, failureOf, testEveryHistory } from '../support/time-skipping.ts'
import type { Answer, Script, ScriptedRun } from '../support/time-skipping.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const outage = new LangGraphError(types.unavailable, 'runs from deployment "default": HTTP 503', { status: 503 })
const wrongKey = new LangGraphError(types.unauthorized, 'runs from deployment "default": HTTP 401', { status: 401 })
/** Nobody knows whether the run was created; the request may still arrive so long. */
const unanswered = (mayArriveForMs: number, http: { retryAfterMs?: number } = {}) => {
  const cause = new LangGraphError(types.timeout, 'create run on deployment "default": no answer', http)
  return new CreationUnanswered(cause, mayArriveForMs)
}

/** What a try to create the run comes to. */
type Try = 'created' | 'busy' | 'not_found' | 'unproven' | 'refused' | Error | (() => Promise<void>)

/** A run that is created by the last of the tries and then succeeds, unless the script says otherwise. */
function created(tries: readonly Try[], script: Script = {}): ScriptedRun {
  return stage.run((ids) => ({
    createRun: answers<Creation>(...tries.map((tried) => creationOf(tried, ids))),
    getRunStatus: answers(ended('success')),
    retrieveStreamValues: answers(values),
    ...script,
  }))
}

function creationOf(tried: Try, ids: ScriptedRun['ids']): Answer<Creation> {
  const { threadId } = ids
  if (tried instanceof Error) return tried
  if (typeof tried === 'function') return async () => tried().then(() => ({ kind: 'created', ...ids }))
  switch (tried) {
    case 'created':
      return { kind: 'created', ...ids }
    case 'busy':
      return { kind: 'busy', threadId, reason: 'run r1 is at work on the thread: HTTP 409' }
    case 'not_found':
      return { kind: 'not_found', threadId }
    case 'unproven':
      return { kind: 'unproven', threadId, reason: 'the server may have created run r1 for this one' }
    case 'refused':
      return { kind: 'refused', threadId, reason: 'HTTP 422: assistant "agent" not found' }
  }
}

function triesOf(run: ScriptedRun) {
  return run.calls.filter(({ activity }) => activity === 'createRun')
}

function activitiesOf(run: ScriptedRun): string[] {
  return run.calls.map(({ activity }) => activity)
}

/** Between the first try and the second. */
function pauseMs(run: ScriptedRun): number {
  const [first, second] = triesOf(run)
  return (second?.atMs ?? 0) - (first?.atMs ?? 0)
}

const seconds = expect.any(Number)
const time = expect.any(String)

describe('a run that is created', () => {
  test('is polled, and its result returned', async () => {
    const run = created(['created'], { getRunStatus: answers(running, ended('success')) })

    const outcome = await stage.execute(run, { pollInterval: '10s' })

    expect(outcome).toEqual({
      polling_result: 'success_with_results',
      status: 'success',
      run_id: run.ids.runId,
      thread_id: run.ids.threadId,
      result: values.values,
      retrieval_metadata: expect.objectContaining({ strategy_used: 'stream_values' }),
      polling_metadata: { poll_count: 2, completion_time_seconds: seconds, timestamp: time },
    })
    expect(activitiesOf(run)).toEqual(['createRun', 'getRunStatus', 'getRunStatus', 'retrieveStreamValues'])
    expect(run.calls[1]?.argument).toEqual({ ...run.ids, deployment: 'default' })
    expect(await stage.activitySummariesOf(run)).toEqual([
      'create the run',
      'poll 1: is the run done?',
      'poll 2: is the run done?',
      'the result, by stream_values',
    ])
  })

  test('is asked for with all that the server is to know, and a key made of namespace and workflow id', async () => {
    const run = created(['created'])
    const request = {
      assistantId: 'trader',
      input: { ticker: 'AAPL' },
      config: { configurable: { model: 'm' } },
      context: ['any', 1],
      metadata: { order: 4711 },
      interruptBefore: ['trade'],
      interruptAfter: '*',
      durability: 'sync',
      streamResumable: true,
      multitaskStrategy: 'enqueue',
      afterSeconds: 5,
      webhook: 'https://hooks.test/done',
    } satisfies ExecuteRunInput

    await stage.execute(run, { ...request, maxPollTime: '1h', resultKeys: ['trading_signal'] })

    expect(run.calls[0]?.argument).toEqual({
      deployment: 'default',
      threadId: run.ids.threadId,
      key: `default/execution/${run.ids.threadId}`,
      run: request,
    })
  })

  test('is asked for with nothing but its assistant and `reject` if nothing more is given', async () => {
    const run = created(['created'])
    await stage.execute(run, { threadId: null, input: null, command: null, metadata: null })
    const key = `default/execution/${run.ids.threadId}`
    const least = { assistantId: 'agent', multitaskStrategy: 'reject' }
    expect(run.calls[0]?.argument).toEqual({ deployment: 'default', key, run: least })
    expect(run.calls[1]?.argument).toEqual({ ...run.ids, deployment: 'default' })
  })

  test('can be given a command instead of an input', async () => {
    const run = created(['created'])
    await stage.execute(run, { command: { resume: 'yes' } })
    expect(run.calls[0]?.argument.run).toMatchObject({ command: { resume: 'yes' } })
  })

  test('is shown while the workflow waits for it, with its ids', async () => {
    const run = created(['created'], { getRunStatus: answers(running) })
    await stage.startExecution(run, { pollInterval: '1h', maxPollTime: '1d' })

    await stage.until(run, { phase: 'waiting', poll_count: 0 })

    const ids = { run_id: run.ids.runId, thread_id: run.ids.threadId }
    expect(await stage.runs.progress(stage.nameOf(run))).toMatchObject(ids)
    expect(await stage.detailsOf(run)).toContain(`run \`${run.ids.runId}\` of thread \`${run.ids.threadId}\``)
  })

  test('is shown as `creating` before it exists', async () => {
    const gate = stage.gate()
    const run = created([async () => void (await gate.opened)])
    const handle = await stage.startExecution(run)

    await stage.until(run, { phase: 'creating' })
    const shown = await stage.runs.progress(stage.nameOf(run))
    gate.open()

    expect(shown).toEqual({
      phase: 'creating',
      state: 'creating',
      poll_count: 0,
      started_at: expect.any(String),
      elapsed_seconds: seconds,
    })
    expect(await handle.result()).toHaveProperty('result', values.values)
  })

  test.each([
    { type: 'RunFailed', look: ended('error', { error: 'ValueError: boom' }) },
    { type: 'RunTimedOut', look: ended('timeout') },
    { type: 'RunInterrupted', look: ended('success', { next: ['ask'] }) },
    { type: 'RunPollingTimedOut', look: running },
    { type: 'RunPollingFailed', look: new LangGraphError(types.notFound, 'HTTP 404', { status: 404 }) },
  ])("fails the workflow with $type under `onUnsuccessful: 'fail'`", async ({ type, look }) => {
    const run = created(['created'], { getRunStatus: answers<RunLook>(look) })
    const failure = await failureOf(stage.execute(run, { onUnsuccessful: 'fail', maxPollTime: '5s' }))
    expect(failure).toMatchObject({ type, nonRetryable: true, details: [{ run_id: run.ids.runId }] })
  })
})

describe('a try that got no answer', () => {
  test('is followed by another, which finds the run', async () => {
    const run = created([unanswered(30_000), 'created'])

    const outcome = await stage.execute(run, { pollInterval: '1s' })

    expect(outcome).toMatchObject({ run_id: run.ids.runId, result: values.values })
    expect(triesOf(run).map(({ argument }) => argument)).toEqual([
      expect.objectContaining({ key: `default/execution/${run.ids.threadId}` }),
      { ...Object(run.calls[0]?.argument), mayExist: true },
    ])
    expect(pauseMs(run)).toBeGreaterThan(29_900)
    expect(pauseMs(run)).toBeLessThan(40_000)
  })

  test('ends the workflow if the run cannot be told from others, and says that one may exist', async () => {
    const run = created([unanswered(1000), 'unproven'])
    expect(await stage.execute(run, { pollInterval: '1s' })).toMatchObject({
      polling_result: 'error',
      status: 'polling_error',
      thread_id: run.ids.threadId,
      error: `A run may have been created on thread ${run.ids.threadId}: the server may have created run r1 for this one`,
      cancellation: { result: 'cancel_unconfirmed', error: expect.stringMatching(/^A run may have been created/) },
    })
    expect(triesOf(run)).toHaveLength(2)
  })

  test('is not followed by another while its request may arrive, even if woken', async () => {
    const run = created([unanswered(30_000), 'created'])
    const handle = await stage.startExecution(run, { pollInterval: '1s' })
    await stage.until(run, { phase: 'waiting' })

    await stage.runs.wake(stage.nameOf(run))

    expect(await handle.result()).toHaveProperty('result', values.values)
    expect(pauseMs(run)).toBeGreaterThan(29_900)
    const limits = await stage.limitsOf(run)
    expect(limits).toContainEqual(expect.objectContaining({ summary: 'limit: an earlier request may arrive' }))
  })

  test('fails a parent in words that do not say that no run exists', async () => {
    const run = created([unanswered(0)])
    const failure = await failureOf(stage.execute(run, { maxPollTime: '20s', onUnsuccessful: 'fail' }))
    expect(failure.message).toMatch(
      /^No run is known \(polling_timeout\): .*; a run may have been created all the same$/,
    )
  })

  test('and was to be repeated in an hour only does not hold up the deadline', async () => {
    const run = created([unanswered(6000, { retryAfterMs: 3_600_000 })])
    const outcome = await stage.execute(run, { maxPollTime: '3m' })
    expect(outcome).toMatchObject({ status: 'polling_timeout' })
    expect(outcome.polling_metadata).toHaveProperty('elapsed_seconds', expect.closeTo(180, -2))
    expect(triesOf(run).length).toBeGreaterThan(2)
  })

  test('because its worker was shut down is one too, and what it sent has 6 s to arrive', async () => {
    const shutDown = ApplicationFailure.create({ type: 'WorkerShutdown', message: 'the worker was shut down' })
    shutDown.stack = shutDown.message
    const run = created([shutDown, 'created'])
    expect(await stage.execute(run, { pollInterval: '1s' })).toHaveProperty('result', values.values)
    expect(pauseMs(run)).toBeGreaterThan(5900)
    expect(pauseMs(run)).toBeLessThan(15_000)
  })

  test('makes a wrong key an outage that is waited out', async () => {
    const run = created([unanswered(1000), wrongKey, wrongKey, 'created'])
    expect(await stage.execute(run, { pollInterval: '10s' })).toHaveProperty('result', values.values)
    expect(triesOf(run)).toHaveLength(4)
  })
})

describe('before the request is sent', () => {
  test('an outage is waited out, with 1, 2, 4 … s between the tries', async () => {
    const run = created([outage, outage, outage, 'created'])

    const outcome = await stage.execute(run, { pollInterval: '1h', maxPollTime: '1d' })

    expect(outcome).toHaveProperty('result', values.values)
    const timers = await stage.timersOf(run)
    expect(timers.slice(0, 3).map(({ ms }) => ms)).toEqual([1000, 2000, 4000])
  })

  test('an outage can be shown and woken', async () => {
    const patient = new LangGraphError(types.unavailable, 'HTTP 429', { status: 429, retryAfterMs: 50_000 })
    const run = created([patient, 'created'])
    const handle = await stage.startExecution(run)
    await stage.until(run, { phase: 'waiting', last_error: 'HTTP 429' })

    await stage.runs.wake(stage.nameOf(run))

    expect(await handle.result()).toHaveProperty('result', values.values)
    expect((await stage.timersOf(run))[0]).toMatchObject({ ms: 50_000, end: 'cancelled' })
  })

  test('a wrong key is final', async () => {
    const run = created([wrongKey, 'created'])
    expect(await stage.execute(run)).toEqual({
      polling_result: 'error',
      status: 'polling_error',
      error: 'The run could not be created: runs from deployment "default": HTTP 401',
      polling_metadata: { poll_count: 0, completion_time_seconds: seconds, timestamp: time },
    })
  })

  test('a wrong key after an outage is final too', async () => {
    const run = created([outage, wrongKey, 'created'])
    expect(await stage.execute(run)).toMatchObject({ status: 'polling_error' })
  })

  test('a wrong key after an answer is waited out', async () => {
    const run = created(['busy', wrongKey, 'created'])
    expect(await stage.execute(run)).toHaveProperty('result', values.values)
  })
})

describe('a run that begins later', () => {
  test('has all of `maxPollTime` from then on, although its creation was late', async () => {
    const tries = Array.from({ length: 20 }, () => outage)
    const run = created([...tries, 'created'], { getRunStatus: answers(running, ended('success')) })
    await stage.execute(run, { afterSeconds: 100, maxPollTime: '10m', pollInterval: '10s' })
    const [limit] = (await stage.limitsOf(run)).slice(-1)
    expect(limit?.ms).toBeGreaterThan(690_000)
    expect(limit?.ms).toBeLessThanOrEqual(700_000)
  })
})

describe('a thread that is busy', () => {
  test('is waited for at the poll interval, and shown', async () => {
    const shown: WatchProgress[] = []
    const look = async () => void shown.push(await stage.runs.progress(stage.nameOf(run)))
    const run = created(['busy', 'busy', look])

    const outcome = await stage.execute(run, { pollInterval: '20s' })

    expect(outcome).toMatchObject({ run_id: run.ids.runId, polling_metadata: { poll_count: 1 } })
    expect(shown).toMatchObject([
      { phase: 'creating', last_error: 'the thread is busy: run r1 is at work on the thread: HTTP 409' },
    ])
    const timers = await stage.timersOf(run)
    // After the creation the sleeps start over.
    expect(timers.map(({ ms }) => ms)).toEqual([20_000, 20_000, expect.closeTo(20_000, -1)])
  })

  test('until `maxPollTime` ends as a polling timeout without a run', async () => {
    const run = created(['busy'])

    const outcome = await stage.execute(run, { pollInterval: '20s', maxPollTime: '1m' })

    expect(outcome).toEqual({
      polling_result: 'timeout',
      status: 'polling_timeout',
      thread_id: run.ids.threadId,
      error:
        'Polling timed out after 60.0s (0 polls); last error: the thread is busy: run r1 is at work on the thread: HTTP 409',
      polling_metadata: { poll_count: 0, elapsed_seconds: seconds, max_poll_time: 60, timestamp: time },
    })
    expect(outcome.polling_metadata).toHaveProperty('elapsed_seconds', expect.closeTo(60, -1))
    expect(triesOf(run)).toHaveLength(4)
    expect(activitiesOf(run)).not.toContain('getRunStatus')
  })
})

function refused({ ids }: ScriptedRun) {
  return {
    polling_result: 'error',
    status: 'polling_error',
    thread_id: ids.threadId,
    error: 'The run could not be created: HTTP 422: assistant "agent" not found',
    polling_metadata: { poll_count: 0, completion_time_seconds: seconds, timestamp: time },
  }
}

describe('a server that refuses the run', () => {
  test('ends the workflow with its words, without a run', async () => {
    const run = created(['refused'])
    expect(await stage.execute(run)).toEqual(refused(run))
    expect(activitiesOf(run)).toEqual(['createRun'])
  })

  test("fails the workflow under `onUnsuccessful: 'fail'`", async () => {
    const run = created(['refused'])
    const failure = await failureOf(stage.execute(run, { onUnsuccessful: 'fail' }))
    expect(failure).toMatchObject({
      type: 'RunNotCreated',
      message: `No run is known (polling_error): ${refused(run).error}`,
      nonRetryable: true,
      details: [refused(run), { run_created: false }],
    })
  })

  test('under a deployment that this worker does not have fails the workflow with those it has', async () => {
    const inDeployment = createDeployments([])
    const run = stage.run({
      createRun: async ({ deployment }) => {
        inDeployment(deployment)
        throw new Error('there is none')
      },
    })
    const failure = await failureOf(stage.execute(run, { deployment: 'us' }))
    expect(failure).toMatchObject({ type: 'UnknownDeployment', nonRetryable: true })
  })
})

function cancellation({ ids }: ScriptedRun, more: Partial<Cancellation>) {
  return { run_id: ids.runId, thread_id: ids.threadId, ...more }
}

/** What the look number `n` and those after it see. */
function from(n: number, look: Answer<RunLook>) {
  return answers(...Array.from({ length: n - 1 }, () => running), look)
}

describe('at `maxPollTime`, with `onPollTimeout`', () => {
  const cutOff = { pollInterval: '10s', maxPollTime: '30s', onPollTimeout: 'cancel_run' } as const
  test('left out the run continues', async () => {
    const run = created(['created'], { getRunStatus: answers(running) })
    const outcome = await stage.execute(run, { ...cutOff, onPollTimeout: null })
    expect(outcome).not.toHaveProperty('cancellation')
    expect(activitiesOf(run)).not.toContain('cancelRun')
  })

  test.each([
    // After the creation it sleeps first.
    { workflowType: 'executeRun', polls: 3 },
    { workflowType: 'watchRun', polls: 4 },
  ])('`cancel_run` the run is cancelled: $workflowType', async ({ workflowType, polls }) => {
    const afterCancelled = from(polls + 2, ended('interrupted'))
    const run = created(['created'], { getRunStatus: afterCancelled })

    const outcome = await (workflowType === 'executeRun' ? stage.execute(run, cutOff) : stage.watch(run, cutOff))

    expect(outcome).toMatchObject({
      polling_result: 'timeout',
      status: 'polling_timeout',
      run_id: run.ids.runId,
      cancellation: cancellation(run, { result: 'cancelled', status: 'interrupted' }),
      polling_metadata: { poll_count: polls },
    })
    const [cancel] = run.calls.filter(({ activity }) => activity === 'cancelRun')
    expect(cancel?.argument).toEqual({ ...run.ids, deployment: 'default', action: 'interrupt' })
  })

  test.each([
    { when: 'before it was cancelled', look: 4, cancels: 0 },
    { when: 'faster than it was cancelled', look: 5, cancels: 1 },
  ])('`cancel_run` the result of a run that ended $when is delivered', async ({ look, cancels }) => {
    const run = created(['created'], { getRunStatus: from(look, ended('success')) })

    const outcome = await stage.execute(run, cutOff)

    expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: values.values })
    expect(outcome).not.toHaveProperty('cancellation')
    expect(activitiesOf(run).filter((activity) => activity === 'cancelRun')).toHaveLength(cancels)
  })

  test('`cancel_run` a run that does not stop is said to be unconfirmed, within a minute', async () => {
    const run = created(['created'], { getRunStatus: answers(running) })

    const outcome = await stage.execute(run, cutOff)

    expect(outcome).toMatchObject({
      status: 'polling_timeout',
      cancellation: cancellation(run, {
        result: 'cancel_unconfirmed',
        status: 'running',
        error: 'LangGraph accepted it, and the run continues',
      }),
    })
    expect(outcome.polling_metadata).toHaveProperty('elapsed_seconds', expect.closeTo(61, -1))
  })

  test('`cancel_run` a run that a try created without an answer is found and cancelled', async () => {
    const run = created([unanswered(20_000), unanswered(20_000), unanswered(20_000), 'created'], {
      getRunStatus: answers(running, ended('interrupted')),
    })

    const outcome = await stage.execute(run, cutOff)

    expect(outcome).toMatchObject({
      status: 'polling_timeout',
      run_id: run.ids.runId,
      cancellation: cancellation(run, { result: 'cancelled', status: 'interrupted' }),
    })
    expect(triesOf(run).map(({ argument }) => argument.findOnly)).toEqual([undefined, undefined, undefined, true])
  })

  test('`cancel_run` a run that nobody knows of is said to be unconfirmed', async () => {
    const run = created([unanswered(20_000), outage])
    expect(await stage.execute(run, cutOff)).toMatchObject({
      status: 'polling_timeout',
      cancellation: { result: 'cancel_unconfirmed', error: expect.stringContaining('A run may have been created') },
    })
  })

  test('`cancel_run` nothing is cancelled if nothing can have been created', async () => {
    const run = created(['busy'])
    const outcome = await stage.execute(run, cutOff)
    expect(outcome).toMatchObject({ status: 'polling_timeout' })
    expect(outcome).not.toHaveProperty('cancellation')
    expect(new Set(activitiesOf(run))).toEqual(new Set(['createRun']))
  })
})

describe('an execution of thousands of events', () => {
  const often = { pollInterval: '1s', maxPollTime: 'none' } as const

  test('continues as new while it creates, with what it knows of its tries', async () => {
    const tries = Array.from({ length: 420 }, () => unanswered(1000))
    const run = created([...tries, wrongKey, 'created'])

    const outcome = await stage.execute(run, often)

    expect(outcome).toMatchObject({ run_id: run.ids.runId, result: values.values })
    expect(await stage.historiesOf(run)).toHaveLength(2)
    expect(new Set(triesOf(run).map(({ argument }) => argument.key))).toEqual(
      new Set([`default/execution/${run.ids.threadId}`]),
    )
    expect(triesOf(run)).toHaveLength(422)
  })

  test('continues as new while it polls, with its run, and creates none again', async () => {
    const looks = Array.from({ length: 380 }, () => running)
    const run = created(['created'], { getRunStatus: answers<RunLook>(...looks, ended('success')) })

    const outcome = await stage.execute(run, often)

    expect(outcome).toMatchObject({ run_id: run.ids.runId, polling_metadata: { poll_count: 381 } })
    expect(await stage.historiesOf(run)).toHaveLength(2)
    expect(triesOf(run)).toHaveLength(1)
    const polled = run.calls.filter(({ activity }) => activity === 'getRunStatus')
    const asked: RunRef = { ...run.ids, deployment: 'default' }
    for (const { argument } of polled) expect(argument).toEqual(asked)
  })
})

describe('a request that is not valid', () => {
  test.each([
    { what: 'no object', input: 'agent', problem: 'must be an object with `assistantId`' },
    { what: 'no assistant', input: {}, problem: '`assistantId` is missing' },
    { what: 'an unknown field', input: { assistantId: 'a', runId: 'r' }, problem: '`runId`' },
    {
      what: 'the metadata of this application',
      input: { assistantId: 'a', metadata: { temporal_workflow: 'mine' } },
      problem: 'temporal_workflow',
    },
  ])('with $what fails the workflow as InvalidInput', async ({ input, problem }) => {
    const handle = await stage.startUnchecked('executeRun', [input])
    const failure = await failureOf(handle.result())
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true })
    expect(failure.message).toContain(problem)
  })

  test('is refused by the client before anything is started', async () => {
    const run = created(['created'])
    await expect(stage.startExecution(run, { metadata: { temporal_workflow: 'mine' } })).rejects.toMatchObject({
      type: 'InvalidInput',
    })
    await expect(stage.handleOf(run).describe()).rejects.toThrow('not found')
  })
})

describe('a second start under the same id', () => {
  test('attaches, and has the same outcome, open or closed', async () => {
    const run = created(['created'])
    const first = await stage.execute(run)
    expect(await stage.execute(run, { pollInterval: '5s' })).toEqual(first)
    expect(triesOf(run)).toHaveLength(1)
  })

  test('for another run is refused', async () => {
    const run = created(['created'])
    await stage.execute(run, { input: { ticker: 'AAPL' } })
    await expect(stage.execute(run, { input: { ticker: 'MSFT' } })).rejects.toMatchObject({ type: 'DifferentRequest' })
  })
})

testEveryHistory(() => stage)
