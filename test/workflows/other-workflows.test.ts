import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { Retrieved } from '../../src/domain/retrieved.ts'
import type { RunLook, RunRef } from '../../src/domain/run.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { ended } from '../support/looks.ts'
import { Stage, answers, failureOf, testEveryHistory } from '../support/time-skipping.ts'
import type { Answer, ScriptedRun } from '../support/time-skipping.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const question = { id: 'i1', value: 'buy AAPL?', node: 'ask' }
const found: Retrieved = { found: 'values', values: { trading_signal: 'BUY' }, checkpointId: 'c1' }
const missing = (reason: string): Retrieved => ({ found: 'nothing', reason })
const outage = new LangGraphError(types.unavailable, 'HTTP 503', { status: 503 })
const finalAnswers = [
  new LangGraphError(types.notFound, 'HTTP 404', { status: 404 }),
  new LangGraphError(types.refused, 'HTTP 422', { status: 422 }),
  new LangGraphError(types.unauthorized, 'HTTP 401', { status: 401 }),
  new LangGraphError(types.tooLarge, 'more than 64 MB'),
]

function looked(...looks: readonly Answer<RunLook>[]): ScriptedRun {
  return stage.run({ getRunStatus: answers(...looks) })
}

/** As on a worker that has the deployments `eu` and `us`. */
async function elsewhere({ deployment }: RunRef): Promise<RunLook> {
  createDeployments([
    { name: 'eu', url: 'http://127.0.0.1:1' },
    { name: 'us', url: 'http://127.0.0.1:1' },
  ])(deployment)
  return { status: 'running' }
}

describe('readRunStatus', () => {
  test.each([
    { look: { status: 'pending' }, status: 'pending' },
    { look: { status: 'running', updatedAt: '2026-11-24T10:00:00.000Z' }, status: 'running' },
    { look: { status: 'hibernating' }, status: 'hibernating' },
    { look: ended('success'), status: 'success' },
    { look: ended('error', { next: ['work'], error: 'boom' }), status: 'error' },
    { look: ended('success', { next: ['ask'], interrupts: [question] }), status: 'interrupted' },
    { look: ended('success', { next: ['trade'] }), status: 'interrupted' },
  ])('gives the status $status', async ({ look, status }) => {
    const run = looked(look)
    expect(await stage.runs.readStatus(run.ids)).toEqual({ status })
    expect(run.calls).toMatchObject([{ startToCloseMs: 10_000, argument: { ...run.ids, deployment: 'default' } }])
  })

  test('asks up to three times', async () => {
    const run = looked(outage, outage, { status: 'running' })
    expect(await stage.runs.readStatus(run.ids)).toEqual({ status: 'running' })
    expect(run.calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  })

  test('fails with the reason when three tries had no answer', async () => {
    const run = looked(outage)
    const failure = await failureOf(stage.runs.readStatus(run.ids))
    expect(failure).toMatchObject({ type: 'LangGraphUnavailable', message: 'HTTP 503', nonRetryable: true })
    expect(run.calls).toHaveLength(3)
  })

  test.each(finalAnswers)('fails at once with $type', async (error) => {
    const run = looked(error)
    const failure = await failureOf(stage.runs.readStatus(run.ids))
    expect(failure).toMatchObject({ type: error.type, message: error.message, nonRetryable: true })
    expect(run.calls).toHaveLength(1)
  })

  test('fails on a deployment that the worker does not have', async () => {
    const run = stage.run({ getRunStatus: elsewhere })
    const failure = await failureOf(stage.runs.readStatus({ ...run.ids, deployment: 'asia' }))
    expect(failure).toMatchObject({ type: 'UnknownDeployment', nonRetryable: true })
    expect(failure.message).toContain('"eu", "us"')
  })
})

describe('retrieveRunResult', () => {
  test('returns the result of a run that succeeded', async () => {
    const run = stage.run({
      getRunStatus: answers(ended('success')),
      retrieveStreamValues: answers(missing('a')),
      retrieveThreadState: answers(found),
    })

    const retrieved = await stage.runs.retrieve({ ...run.ids, resultKeys: ['trading_signal'] })

    expect(retrieved).toEqual({
      result: { trading_signal: 'BUY' },
      retrieval_metadata: {
        strategy_used: 'thread_state',
        retrieval_duration_seconds: expect.any(Number),
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
        checkpoint_id: 'c1',
        attempts: [
          { strategy: 'stream_values', outcome: 'missing', reason: 'a' },
          { strategy: 'thread_state', outcome: 'used' },
        ],
      },
    })
    expect(run.calls[1]?.argument).toEqual({ ...run.ids, deployment: 'default', resultKeys: ['trading_signal'] })
  })

  test('takes the order and the time that it is given', async () => {
    const run = stage.run({ getRunStatus: answers(ended('success')), retrieveJoinStream: answers(found) })
    const { retrieval_metadata } = await stage.runs.retrieve({
      ...run.ids,
      retrievalOrder: ['join_stream'],
      retrievalTimeout: '2s',
    })
    expect(retrieval_metadata.strategy_used).toBe('join_stream')
    expect(run.calls[1]?.scheduleToCloseMs).toBeLessThanOrEqual(2000)
  })

  test.each(['pending', 'running', 'hibernating'])('fails on a run that is %s', async (status) => {
    const run = looked({ status })
    const failure = await failureOf(stage.runs.retrieve(run.ids))
    expect(failure).toMatchObject({
      type: 'RunNotComplete',
      message: `The run is not complete: its status is ${status}. Watch it (\`watchRun\`), or retrieve when it has ended`,
      nonRetryable: true,
      details: [{ status }],
    })
    expect(run.calls).toHaveLength(1)
  })

  const waits =
    'The run ended as interrupted: it waits to be continued, by the answer to its question or past a breakpoint'
  const notSuccessful = [
    {
      title: 'failed',
      look: ended('error', { error: 'ValueError: boom' }),
      message: 'The run ended as error: ValueError: boom',
      details: { status: 'error' },
    },
    {
      title: 'ran into a time limit',
      look: ended('timeout'),
      message: 'The run ended as timeout: LangGraph ended the run at its own time limit for background runs',
      details: { status: 'timeout' },
    },
    {
      title: 'was cancelled',
      look: ended('interrupted', { next: ['work'] }),
      message: 'The run ended as interrupted: The run was cancelled before node "work" was done',
      details: { status: 'interrupted' },
    },
    {
      title: 'asks a human',
      look: ended('success', { next: ['ask'], interrupts: [question] }),
      message: waits,
      details: { status: 'interrupted', interrupts: [question], next: ['ask'] },
    },
  ]
  test.each(notSuccessful)('fails on a run that $title', async ({ look, message, details }) => {
    const run = looked(look)
    const failure = await failureOf(stage.runs.retrieve(run.ids))
    expect(failure).toMatchObject({ type: 'RunNotSuccessful', message, nonRetryable: true, details: [details] })
    expect(run.calls).toHaveLength(1)
  })

  test('fails on a run whose stream says that it asks a human', async () => {
    const run = stage.run({
      getRunStatus: answers<RunLook>({ status: 'success', ending: { kind: 'unreadable', reason: 'HTTP 500' } }),
      retrieveStreamValues: answers<Retrieved>({ found: 'interrupts', interrupts: [question] }),
    })
    const failure = await failureOf(stage.runs.retrieve(run.ids))
    const details = [{ status: 'interrupted', interrupts: [question], next: [] }]
    expect(failure).toMatchObject({ type: 'RunNotSuccessful', message: waits, details })
  })

  test('fails if nothing is found, with the reason of each strategy', async () => {
    const run = stage.run({
      getRunStatus: answers(ended('success')),
      retrieveStreamValues: answers(missing('a')),
      retrieveThreadState: answers(missing('b')),
      retrieveJoinStream: answers(missing('c')),
    })

    const failure = await failureOf(stage.runs.retrieve(run.ids))

    expect(failure).toMatchObject({
      type: 'ResultRetrievalError',
      message:
        'All result retrieval strategies failed: Strategy stream_values failed: a; Strategy thread_state failed: b; Strategy join_stream failed: c',
      nonRetryable: true,
      details: [{ retrieval_metadata: { attempts: [{ reason: 'a' }, { reason: 'b' }, { reason: 'c' }] } }],
    })
  })

  test('fails when its time is over', async () => {
    const run = stage.run({ getRunStatus: answers(ended('success')), retrieveThreadState: answers<Retrieved>(outage) })
    const input = { ...run.ids, retrievalOrder: ['thread_state'], retrievalTimeout: '12s' } as const
    const failure = await failureOf(stage.runs.retrieve(input))
    expect(failure).toMatchObject({
      type: 'ResultRetrievalError',
      message: 'Result retrieval timed out after 12.0s: Strategy thread_state failed: HTTP 503',
    })
  })

  test.each(finalAnswers)('fails with $type if the status cannot be read', async (error) => {
    const run = looked(error)
    const failure = await failureOf(stage.runs.retrieve(run.ids))
    expect(failure).toMatchObject({ type: error.type, message: error.message, nonRetryable: true })
  })

  test('fails on a deployment that the worker does not have', async () => {
    const run = stage.run({ getRunStatus: elsewhere })
    const failure = await failureOf(stage.runs.retrieve({ ...run.ids, deployment: 'asia' }))
    expect(failure).toMatchObject({ type: 'UnknownDeployment', nonRetryable: true })
  })
})

describe.each(['watchRun', 'readRunStatus', 'retrieveRunResult'])('the argument of %s', (workflow) => {
  const failureWith = async (...args: unknown[]) => failureOf((await stage.startUnchecked(workflow, args)).result())

  test.each([
    { title: 'missing', args: [], shown: 'undefined' },
    { title: 'null', args: [null], shown: 'null' },
    { title: 'a string', args: ['run'], shown: '"run"' },
    { title: 'a number', args: [7], shown: '7' },
    { title: 'a list', args: [[]], shown: '[]' },
  ])('that is $title ends the workflow as InvalidInput', async ({ args, shown }) => {
    const problem = `the argument is ${shown}: must be an object with \`threadId\` and \`runId\``
    expect(await failureWith(...args)).toMatchObject({
      type: 'InvalidInput',
      message: `Invalid input for ${workflow}: ${problem}`,
      nonRetryable: true,
      details: [[problem]],
    })
  })

  test('that has unknown fields ends it too, and names them', async () => {
    const { ids } = looked({ status: 'running' })
    const failure = await failureWith({ ...ids, interval: '5s', apiKey: null })
    expect(failure).toMatchObject({
      type: 'InvalidInput',
      details: [
        [
          expect.stringMatching(/^`interval` is unknown \(value "5s"\): allowed are threadId, runId, deployment/),
          expect.stringMatching(/^`apiKey` is unknown \(value null\)/),
        ],
      ],
    })
  })

  test('may have its ids in upper case', async () => {
    const run = stage.run({ getRunStatus: answers(ended('success')), retrieveStreamValues: answers(found) })
    const input = { threadId: run.ids.threadId.toUpperCase(), runId: run.ids.runId.toUpperCase() }
    await (await stage.startUnchecked(workflow, [input])).result()
    expect(run.calls[0]?.argument).toEqual({ ...run.ids, deployment: 'default' })
  })
})

describe('the argument of watchRun', () => {
  test('ends it once with a word on every field that is wrong', async () => {
    const wrong = {
      threadId: '../x',
      runId: 7,
      deployment: 'http://host',
      pollInterval: { initialInterval: '10s', maximumInterval: '5s', backoffCoefficient: 11, jitter: 1 },
      maxPollTime: '0s',
      stuckAfter: -1,
      retrievalOrder: ['thread_state', 'thread_state'],
      retrievalTimeout: '2h',
      resultKeys: [],
      onUnsuccessful: 'raise',
    }
    const handle = await stage.startUnchecked('watchRun', [wrong])

    const failure = await failureOf(handle.result())

    const named = failure.message.match(/`[\w.]+`(?= is )/g)
    expect(new Set(named)).toEqual(
      new Set([
        '`threadId`',
        '`runId`',
        '`deployment`',
        '`pollInterval.maximumInterval`',
        '`pollInterval.backoffCoefficient`',
        '`pollInterval.jitter`',
        '`maxPollTime`',
        '`stuckAfter`',
        '`retrievalOrder`',
        '`retrievalTimeout`',
        '`resultKeys`',
        '`onUnsuccessful`',
      ]),
    )
    expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true })
  })

  test('may have null in every field that can be left out', async () => {
    const run = stage.run({
      getRunStatus: answers<RunLook>({ status: 'running' }, ended('success')),
      retrieveStreamValues: answers(found),
    })
    const nulls = {
      deployment: null,
      pollInterval: null,
      maxPollTime: null,
      stuckAfter: null,
      retrievalOrder: null,
      retrievalTimeout: null,
      resultKeys: null,
      onUnsuccessful: null,
    }

    const outcome = await (await stage.startUnchecked('watchRun', [{ ...run.ids, ...nulls }])).result()

    expect(outcome).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 2 } })
    expect(run.calls.at(-1)?.argument).toEqual({ ...run.ids, deployment: 'default' })
  })

  test('gives the outcome its ids in lower case', async () => {
    const { ids } = looked(ended('error'))
    const outcome = await stage.runs.watch({ threadId: ids.threadId.toUpperCase(), runId: ids.runId.toUpperCase() })
    expect(outcome).toMatchObject({ thread_id: ids.threadId, run_id: ids.runId })
  })
})

testEveryHistory(() => stage)
