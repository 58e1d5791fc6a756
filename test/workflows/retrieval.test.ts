import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { WatchOutcome } from '../../src/client.ts'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { Retrieved } from '../../src/domain/retrieved.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { storeFailure } from '../../src/store/failures.ts'
import { Stage, answers, testEveryHistory } from '../support/time-skipping.ts'
import type { Answer, ScriptedRun } from '../support/time-skipping.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const found: Retrieved = { found: 'values', values: { trading_signal: 'BUY' } }
const missing = (reason: string): Retrieved => ({ found: 'nothing', reason })
const outage = new LangGraphError(types.unavailable, 'HTTP 503', { status: 503 })
const refused = new LangGraphError(types.refused, 'HTTP 422', { status: 422 })

interface Answers {
  readonly look?: Partial<RunLook>
  readonly stream?: Answer<Retrieved>[]
  readonly state?: Answer<Retrieved>[]
  readonly join?: Answer<Retrieved>[]
}

/** A run that has succeeded. */
function succeeded({ look, stream, state, join }: Answers): ScriptedRun {
  const ending = { kind: 'known' as const, next: [], interrupts: [], checkpointId: 'of the ending' }
  return stage.run({
    getRunStatus: answers<RunLook>({ status: 'success', ending, ...look }),
    ...(stream && { retrieveStreamValues: answers(...stream) }),
    ...(state && { retrieveThreadState: answers(...state) }),
    ...(join && { retrieveJoinStream: answers(...join) }),
  })
}

function askedOf(run: ScriptedRun) {
  return run.calls.filter(({ activity }) => activity !== 'getRunStatus')
}

function namesOf(run: ScriptedRun): string[] {
  return askedOf(run).map(({ activity }) => activity)
}

function metadataOf(outcome: WatchOutcome) {
  if ('retrieval_metadata' in outcome) return outcome.retrieval_metadata
  throw new Error(`nothing was retrieved: ${JSON.stringify(outcome)}`)
}

describe('the retrieval order', () => {
  test('is by default stream_values, thread_state, and join_stream only last', async () => {
    const run = succeeded({ stream: [missing('a')], state: [missing('b')], join: [found] })

    const outcome = await stage.watch(run)

    expect(metadataOf(outcome)).toMatchObject({
      strategy_used: 'join_stream',
      attempts: [
        { strategy: 'stream_values', outcome: 'missing', reason: 'a' },
        { strategy: 'thread_state', outcome: 'missing', reason: 'b' },
        { strategy: 'join_stream', outcome: 'used' },
      ],
    })
    expect(namesOf(run)).toEqual(['retrieveStreamValues', 'retrieveThreadState', 'retrieveJoinStream'])
  })

  test('ends with the first that has values', async () => {
    const run = succeeded({ stream: [found] })
    const outcome = await stage.watch(run)
    expect(metadataOf(outcome).attempts).toEqual([{ strategy: 'stream_values', outcome: 'used' }])
    expect(namesOf(run)).toEqual(['retrieveStreamValues'])
  })

  test('is the one given, and only that', async () => {
    const run = succeeded({ state: [found], join: [missing('a')] })
    const outcome = await stage.watch(run, { retrievalOrder: ['join_stream', 'thread_state'] })
    expect(metadataOf(outcome).strategy_used).toBe('thread_state')
    expect(namesOf(run)).toEqual(['retrieveJoinStream', 'retrieveThreadState'])
  })

  test('continues after a strategy that could not be asked', async () => {
    const run = succeeded({ stream: [refused], state: [found] })
    const outcome = await stage.watch(run)
    expect(metadataOf(outcome)).toMatchObject({
      strategy_used: 'thread_state',
      attempts: [
        { strategy: 'stream_values', outcome: 'failed', reason: 'HTTP 422' },
        { strategy: 'thread_state', outcome: 'used' },
      ],
    })
  })

  test('records a stream that was not kept as missing, without asking for it', async () => {
    const run = succeeded({ look: { resumable: false }, state: [found] })
    const outcome = await stage.watch(run)
    expect(metadataOf(outcome).attempts).toEqual([
      {
        strategy: 'stream_values',
        outcome: 'missing',
        reason: 'the run was not created as resumable: LangGraph kept no stream',
      },
      { strategy: 'thread_state', outcome: 'used' },
    ])
    expect(namesOf(run)).toEqual(['retrieveThreadState'])
  })
})

describe('each strategy', () => {
  test('is asked for the run on its deployment, and for the fields that are wanted', async () => {
    const run = succeeded({ stream: [found] })
    await stage.watch(run, { deployment: 'eu', resultKeys: ['trading_signal', 'analysis_summary'] })
    const { threadId, runId } = run.ids
    expect(askedOf(run)[0]?.argument).toEqual({
      threadId,
      runId,
      deployment: 'eu',
      resultKeys: ['trading_signal', 'analysis_summary'],
    })
  })

  test('is asked for all fields by default', async () => {
    const run = succeeded({ stream: [found] })
    await stage.watch(run)
    expect(askedOf(run)[0]?.argument).toEqual({ ...run.ids, deployment: 'default' })
  })

  test('has 8 s a try and 10 s in all, join_stream all of it in one', async () => {
    const run = succeeded({ stream: [missing('a')], state: [missing('b')], join: [missing('c')] })
    await stage.watch(run)
    expect(askedOf(run)).toMatchObject([
      { startToCloseMs: 8000, scheduleToCloseMs: 10_000 },
      { startToCloseMs: 8000, scheduleToCloseMs: 10_000 },
      { startToCloseMs: 10_000, scheduleToCloseMs: 10_000 },
    ])
  })

  test('is tried up to three times, join_stream once', async () => {
    const run = succeeded({ stream: [outage, outage, missing('a')], state: [outage], join: [outage, found] })

    const outcome = await stage.watch(run, { retrievalTimeout: '1h' })

    expect(askedOf(run).map(({ activity, attempt }) => `${activity} ${attempt}`)).toEqual([
      'retrieveStreamValues 1',
      'retrieveStreamValues 2',
      'retrieveStreamValues 3',
      'retrieveThreadState 1',
      'retrieveThreadState 2',
      'retrieveThreadState 3',
      'retrieveJoinStream 1',
      'retrieveStreamValues 1',
      'retrieveThreadState 1',
      'retrieveThreadState 2',
      'retrieveThreadState 3',
      'retrieveJoinStream 1',
    ])
    expect(metadataOf(outcome).strategy_used).toBe('join_stream')
  })

  test.each([
    { by: 'its own', state: { ...found, checkpointId: 'its own' } },
    { by: 'of the ending', state: found },
  ])('names the checkpoint of its values: $by', async ({ by, state }) => {
    const run = succeeded({ stream: [missing('a')], state: [state] })
    expect(metadataOf(await stage.watch(run)).checkpoint_id).toBe(by)
  })

  test('that hangs is given up in its time', async () => {
    const gate = stage.gate()
    const hang = async () => {
      await gate.opened
      return found
    }
    const run = succeeded({ state: [hang] })

    const outcome = await stage.watch(run, { retrievalOrder: ['thread_state'], retrievalTimeout: '1s' })

    const reason = 'retrieveThreadState gave no answer in its time: LangGraph hangs, or the worker died'
    const error = `Result retrieval timed out after 1.0s: Strategy thread_state failed: ${reason}`
    expect(outcome).toMatchObject({ polling_result: 'success_no_results', error: `Result retrieval failed: ${error}` })
    expect(metadataOf(outcome).attempts).toEqual([{ strategy: 'thread_state', outcome: 'timed_out', reason }])
    expect(askedOf(run)[0]?.scheduleToCloseMs).toBeLessThanOrEqual(1000)
  })

  test('that says itself that it had no answer in time counts as timed out', async () => {
    const slow = new LangGraphError(types.timeout, 'state: no answer in time')
    const run = succeeded({ stream: [slow], state: [found] })
    expect(metadataOf(await stage.watch(run)).attempts[0]).toEqual({
      strategy: 'stream_values',
      outcome: 'timed_out',
      reason: 'state: no answer in time',
    })
  })

  test('is recorded with at most 1 KB of its reason', async () => {
    const run = succeeded({ stream: [missing('ü'.repeat(5000))], state: [found] })
    const { reason = '' } = metadataOf(await stage.watch(run)).attempts[0] ?? {}
    expect(reason).toMatch(/^ü{400,}…$/)
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(1024)
  })
})

describe('the order starts again', () => {
  test('1, 2, 4 … s apart while something could not be asked, and all of it is recorded', async () => {
    const stream = [missing('a')]
    const state = [refused, refused, refused, found]
    const run = succeeded({ stream, state })

    const outcome = await stage.watch(run, { retrievalOrder: ['stream_values', 'thread_state'] })

    expect(await stage.timersOf(run)).toEqual([
      { ms: 1000, summary: 'until retrieval round 2', end: 'fired' },
      { ms: 2000, summary: 'until retrieval round 3', end: 'fired' },
      { ms: 4000, summary: 'until retrieval round 4', end: 'fired' },
    ])
    const { attempts, strategy_used, retrieval_duration_seconds } = metadataOf(outcome)
    expect(strategy_used).toBe('thread_state')
    expect(retrieval_duration_seconds).toBeGreaterThanOrEqual(7)
    const round = ['stream_values missing', 'thread_state failed']
    expect(attempts.map(({ strategy, outcome }) => `${strategy} ${outcome}`)).toEqual([
      ...round,
      ...round,
      ...round,
      'stream_values missing',
      'thread_state used',
    ])
  })

  test('after what a server asked for in Retry-After', async () => {
    const busy = new LangGraphError(types.tooLarge, 'HTTP 429', { status: 429, retryAfterMs: 5000 })
    const run = succeeded({ state: [busy, found] })
    await stage.watch(run, { retrievalOrder: ['thread_state'] })
    expect(await stage.timersOf(run)).toMatchObject([{ ms: 5000 }])
  })

  test('until `retrievalTimeout`, with one more round at its end', async () => {
    const run = succeeded({ stream: [missing('a'), missing('b')], state: [refused] })

    const outcome = await stage.watch(run, { retrievalOrder: ['stream_values', 'thread_state'] })

    const error =
      'Result retrieval timed out after 30.0s: Strategy stream_values failed: b; Strategy thread_state failed: HTTP 422'
    expect(outcome).toMatchObject({
      polling_result: 'success_no_results',
      status: 'success',
      error: `Result retrieval failed: ${error}`,
      polling_metadata: { result_retrieval_error: error },
    })
    const pauses = (await stage.timersOf(run)).map(({ ms }) => ms)
    const [last = 0] = pauses.slice(-1)
    expect(pauses.slice(0, -1)).toEqual([1000, 2000, 4000, 8000])
    expect(last).toBeGreaterThan(10_000)
    expect(last).toBeLessThanOrEqual(14_000)
    const { attempts, retrieval_duration_seconds } = metadataOf(outcome)
    expect(attempts).toHaveLength(12)
    expect(retrieval_duration_seconds).toBeGreaterThanOrEqual(29)
    expect(retrieval_duration_seconds).toBeLessThan(40)
  })

  test('not if everything is missing', async () => {
    const run = succeeded({ stream: [missing('a')], state: [missing('b')], join: [missing('c')] })
    const outcome = await stage.watch(run)
    const error =
      'All result retrieval strategies failed: Strategy stream_values failed: a; Strategy thread_state failed: b; Strategy join_stream failed: c'
    expect(outcome).toMatchObject({ polling_metadata: { result_retrieval_error: error } })
    expect(namesOf(run)).toHaveLength(3)
    expect(await stage.timersOf(run)).toEqual([])
  })

  test('not if a retrieval of 1 s has failed', async () => {
    const run = succeeded({ state: [refused] })
    const outcome = await stage.watch(run, { retrievalOrder: ['thread_state'], retrievalTimeout: '1s' })
    expect(outcome).toHaveProperty(
      'error',
      'Result retrieval failed: Result retrieval timed out after 1.0s: Strategy thread_state failed: HTTP 422',
    )
    expect(namesOf(run)).toHaveLength(1)
  })
})

describe('a result that does not fit through Temporal', () => {
  test.each([
    { by: 'its own', more: { checkpointId: 'its own' } },
    { by: 'of the ending', more: {} },
  ])('stays in LangGraph, and the outcome names the checkpoint: $by', async ({ by, more }) => {
    const run = succeeded({ stream: [missing('a')], state: [{ found: 'too_large', bytes: 4_000_087, ...more }] })

    const outcome = await stage.watch(run)

    const reason =
      'the result is 4000087 bytes of JSON, more than fits through Temporal: read it from LangGraph, or name the fields you need in `resultKeys`'
    const error = `All result retrieval strategies failed: Strategy stream_values failed: a; Strategy thread_state failed: ${reason}`
    expect(outcome).toEqual({
      polling_result: 'success_no_results',
      status: 'success',
      run_id: run.ids.runId,
      thread_id: run.ids.threadId,
      error: `Result retrieval failed: ${error}`,
      result_reference: { thread_id: run.ids.threadId, checkpoint_id: by, bytes: 4_000_087 },
      retrieval_metadata: {
        retrieval_duration_seconds: expect.any(Number),
        timestamp: expect.any(String),
        attempts: [
          { strategy: 'stream_values', outcome: 'missing', reason: 'a' },
          { strategy: 'thread_state', outcome: 'too_large', reason },
        ],
      },
      polling_metadata: expect.objectContaining({ poll_count: 1, result_retrieval_error: error }),
    })
    expect(namesOf(run)).toEqual(['retrieveStreamValues', 'retrieveThreadState'])
  })
})

describe('a result that is in the result store', () => {
  const kept = { url: 's3://b/k', sha256: 'abc', bytes: 20_000_000, content_type: 'application/json' as const }

  test.each([
    { by: 'its own', more: { checkpointId: 'its own' } },
    { by: 'of the ending', more: {} },
  ])('is referred to, with its checkpoint: $by', async ({ by, more }) => {
    const run = succeeded({ stream: [missing('a')], state: [{ found: 'stored', reference: kept, ...more }] })

    const outcome = await stage.watch(run)

    expect(outcome).toEqual({
      polling_result: 'success_with_results',
      status: 'success',
      run_id: run.ids.runId,
      thread_id: run.ids.threadId,
      result_reference: { ...kept, checkpoint_id: by },
      retrieval_metadata: {
        strategy_used: 'thread_state',
        checkpoint_id: by,
        retrieval_duration_seconds: expect.any(Number),
        timestamp: expect.any(String),
        attempts: [
          { strategy: 'stream_values', outcome: 'missing', reason: 'a' },
          { strategy: 'thread_state', outcome: 'used' },
        ],
      },
      polling_metadata: expect.objectContaining({ poll_count: 1 }),
    })
  })

  test('is asked for again if the store was not there', async () => {
    const away = storeFailure('ResultStoreUnavailable', 'away')
    const state = [away, away, away, { found: 'stored' as const, reference: kept }]
    const run = succeeded({ stream: [missing('a')], state, join: [missing('b')] })

    expect(await stage.watch(run)).toMatchObject({
      polling_result: 'success_with_results',
      retrieval_metadata: {
        attempts: expect.arrayContaining([{ strategy: 'thread_state', outcome: 'failed', reason: 'away' }]),
      },
    })
  })
})

describe('interrupts that a strategy comes upon', () => {
  const interrupts = [{ id: 'i1', value: 'buy AAPL?', node: 'ask' }]

  test('end the retrieval: the run waits for a human', async () => {
    const look = { status: 'success', ending: { kind: 'unproven' as const, reason: 'no checkpoint of its own' } }
    const run = succeeded({ look, stream: [{ found: 'interrupts', interrupts, truncated: true, next: ['ask'] }] })

    const outcome = await stage.watch(run)

    expect(outcome).toEqual({
      polling_result: 'interrupted',
      status: 'interrupted',
      run_id: run.ids.runId,
      thread_id: run.ids.threadId,
      interrupts,
      truncated: true,
      next: ['ask'],
      polling_metadata: expect.objectContaining({ poll_count: 1 }),
    })
    expect(namesOf(run)).toEqual(['retrieveStreamValues'])
  })
})

testEveryHistory(() => stage)
