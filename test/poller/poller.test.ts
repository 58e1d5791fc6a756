import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Client, Connection, WorkflowFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import {
  BackgroundRunPoller,
  EnhancedBackgroundRunPoller,
  ResultRetrievalError,
  RunResultRetriever,
} from '../../src/poller.ts'
import type { PollerOptions } from '../../src/poller.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'
import { ScriptedLangGraph, events, hang, json } from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'
import { openStage } from './stage.ts'
import type { PollerStage } from './stage.ts'

let stage: PollerStage
let scripted: ScriptedLangGraph
let langGraph: LangGraphRuns
let runs: BackgroundRuns

beforeAll(async () => {
  scripted = await ScriptedLangGraph.start()
  script()
  langGraph = new LangGraphRuns(inject('langGraphUrl'))
  stage = await openStage(inject('temporalAddress'), [
    { name: 'default', url: inject('langGraphUrl') },
    { name: 'scripted', url: scripted.url },
  ])
  runs = new BackgroundRuns(stage.client, { taskQueue: stage.taskQueue })
})
afterAll(() => Promise.all([stage.close(), scripted.stop()]))

const aapl = { symbol: 'AAPL' }
const values = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
const retrievalMetadata = {
  strategy_used: 'thread_state',
  retrieval_duration_seconds: expect.any(Number),
  timestamp: time,
}
const completed = { poll_count: expect.any(Number), completion_time_seconds: expect.any(Number), timestamp: time }

type Options = Partial<PollerOptions>
const poller = (options: Options = {}) =>
  new EnhancedBackgroundRunPoller({ client: stage.client, taskQueue: stage.taskQueue, ...options })
const retriever = (options: Options = {}) =>
  new RunResultRetriever({ client: stage.client, taskQueue: stage.taskQueue, ...options })
const nobodyListens = '127.0.0.1:1'
const elsewhere = { deployment: 'scripted' }

function ids({ threadId, runId }: Ids) {
  return { thread_id: threadId, run_id: runId }
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => `no error but ${JSON.stringify(value)}`,
    (error: unknown) => error,
  )
}

/** Until the watch of a run has looked once, and sleeps. */
async function untilAsleep(run: Ids): Promise<WorkflowHandle> {
  const asleep = { phase: 'waiting', poll_count: 1 }
  await vi.waitFor(async () => expect(await runs.progress(run)).toMatchObject(asleep), { timeout: 30_000 })
  return stage.client.workflow.getHandle(watchWorkflowId(run))
}

async function inputOf(handle: WorkflowHandle): Promise<unknown> {
  const { events: history } = await handle.fetchHistory()
  const payload = history?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data
  return JSON.parse(Buffer.from(payload ?? []).toString('utf8'))
}

/** The newest retrieval of a run; the list of workflows lags a little behind. */
async function retrievalOf({ threadId, runId }: Ids): Promise<WorkflowHandle> {
  const query = `WorkflowId STARTS_WITH 'retrieve-run-result/default/${threadId}/${runId}/'`
  return vi.waitFor(
    async () => {
      for await (const { workflowId } of stage.client.workflow.list({ query })) {
        return stage.client.workflow.getHandle(workflowId)
      }
      throw new Error('not listed yet')
    },
    { timeout: 30_000, interval: 50 },
  )
}

/** Thread id → the checkpoint of a run that the scripted server says has succeeded. About other threads it is silent. */
const checkpoints = new Map<string, unknown>()

/** A run of the scripted server that has succeeded: with these values, or on a thread whose state is another run's. */
function succeededWith(own: { readonly values?: unknown }): Ids {
  const run = { threadId: randomUUID(), runId: randomUUID() }
  const isOwn = Object.hasOwn(own, 'values')
  const metadata = { run_id: isOwn ? run.runId : randomUUID(), source: 'loop' }
  const checkpoint = { checkpoint_id: 'c1' }
  checkpoints.set(run.threadId, { values: isOwn ? own.values : values, next: [], tasks: [], metadata, checkpoint })
  return run
}

function ofThread(answer: (checkpoint: unknown) => Answer): Answer {
  return (response) => {
    const [, , threadId = ''] = response.req.url?.split('/') ?? []
    return (checkpoints.has(threadId) ? answer(checkpoints.get(threadId)) : hang)(response)
  }
}

function script(): void {
  const succeeded = json({ status: 'success', kwargs: { resumable: false } })
  scripted
    .on(
      'run',
      ofThread(() => succeeded),
    )
    .on('state', ofThread(json))
  scripted.on(
    'history',
    ofThread((checkpoint) => json([checkpoint])),
  )
  scripted.on('stream', events([])).on('search', json([]))
}

describe('the options', () => {
  const classes = { RunResultRetriever, EnhancedBackgroundRunPoller, BackgroundRunPoller }

  /** As from JavaScript, which no compiler checks. */
  function refusalOf(options: unknown, name: keyof typeof classes = 'EnhancedBackgroundRunPoller'): ApplicationFailure {
    try {
      Reflect.construct(classes[name], [options])
    } catch (error) {
      if (error instanceof ApplicationFailure) return error
      throw error
    }
    throw new Error('nothing was refused')
  }

  test.each([5, '5', ' 10000 ', 0.5])('are refused if a duration is the number %j: it has no unit', (number) => {
    const { message, type } = refusalOf({ client: stage.client, pollInterval: number, maxPollTime: number })
    expect(type).toBe('InvalidInput')
    for (const name of ['pollInterval', 'maxPollTime']) {
      expect(message).toMatch(
        new RegExp(`\`${name}\` is .*: seconds or milliseconds\\? write "${Number(number)}s" or `),
      )
    }
  })

  test.each(['RunResultRetriever', 'EnhancedBackgroundRunPoller', 'BackgroundRunPoller'] as const)(
    'of %s are refused with every mistake named at once, and no key repeated',
    (name) => {
      const { message, details, nonRetryable } = refusalOf(
        {
          client: { apiKey: 'planted' },
          deployment: 'http://127.0.0.1:2024',
          pollInterval: { initialInterval: '1s' },
          maxPollTime: 'soon',
          taskQueue: '',
          base_url: 'http://planted:2024',
          apiKey: 'planted',
          poll_interval: 5,
          max_poll_time: 300,
          retries: 3,
        },
        name,
      )
      expect(message).toMatch(new RegExp(`^Invalid input for ${name}: `))
      expect(details?.[0]).toEqual([
        '`client` must be a Temporal client: `new Client({ connection })` of @temporalio/client',
        expect.stringMatching(/^`deployment` is "http:.*: must be a deployment's name/),
        expect.stringMatching(/^`pollInterval` is \{"initialInterval":"1s"\}: must be a duration .* such as '10s'$/),
        expect.stringMatching(/^`maxPollTime` is "soon": must be a duration .* or 'none'$/),
        '`taskQueue` is "": must be the name of the worker\'s task queue',
        expect.stringMatching(/^`base_url` is unknown: .*`deployment` names it$/),
        expect.stringMatching(/^`apiKey` is unknown: .*`deployment` names it$/),
        expect.stringMatching(/^`poll_interval` is unknown: write `pollInterval`; allowed are client, deployment, /),
        expect.stringMatching(/^`max_poll_time` is unknown: write `maxPollTime`; allowed are /),
        expect.stringMatching(/^`retries` is unknown: allowed are client, deployment, /),
      ])
      expect(nonRetryable).toBe(true)
      expect(message).not.toContain('planted')
    },
  )

  test.each([undefined, null, 'http://127.0.0.1:2024'])('are refused if they are %j', (options) => {
    expect(refusalOf(options).details).toEqual([[expect.stringContaining('`client` must be a Temporal client')]])
  })

  test('may be null for "not given", and hold durations for the retriever too', () => {
    const options = { client: stage.client, deployment: null, pollInterval: null, maxPollTime: 'none', taskQueue: null }
    expect(Reflect.construct(RunResultRetriever, [options])).toBeInstanceOf(RunResultRetriever)
  })
})

describe.concurrent('pollUntilCompleteWithResults', () => {
  test('polls every 10 s for 600 s by default, else as the options name', async () => {
    const [run, other] = await Promise.all([
      langGraph.create('work', { ...aapl, seconds: 5 }),
      langGraph.create('work', { ...aapl, seconds: 5 }),
    ])
    const outcomes = [
      poller().pollUntilCompleteWithResults(run.threadId, run.runId),
      poller({ pollInterval: '1h', maxPollTime: 'none' }).pollUntilCompleteWithResults(other.threadId, other.runId),
    ]
    const [handle, otherHandle] = await Promise.all([untilAsleep(run), untilAsleep(other)])
    const defaults = { ...run, deployment: 'default', pollInterval: '10s', maxPollTime: '600s' }
    expect(await inputOf(handle)).toEqual(defaults)
    expect(await inputOf(otherHandle)).toEqual({ ...defaults, ...other, pollInterval: '1h', maxPollTime: 'none' })
    await Promise.all([langGraph.untilEnded(run), langGraph.untilEnded(other)])
    await Promise.all([runs.wake(run), runs.wake(other)])
    expect(await Promise.all(outcomes)).toMatchObject([{ status: 'success' }, { status: 'success' }])
  })

  test('waits for a run, and resolves to the keys of the Python dict', async () => {
    const { threadId, runId } = await langGraph.create('work', { ...aapl, seconds: 1 })
    expect(await poller({ pollInterval: '1s' }).pollUntilCompleteWithResults(threadId, runId)).toEqual({
      polling_result: 'success_with_results',
      status: 'success',
      run_id: runId,
      thread_id: threadId,
      result: { ...values, seconds: 1, _retrieval_metadata: retrievalMetadata },
      polling_metadata: completed,
    })
  })

  test('is what pollUntilComplete of BackgroundRunPoller does', async () => {
    const run = await langGraph.ended('work', aapl)
    const older = new BackgroundRunPoller({ client: stage.client, taskQueue: stage.taskQueue })
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
    const { threadId, runId } = succeededWith({ values: held })
    const expected = { value: held, _retrieval_metadata: retrievalMetadata }
    expect(await poller(elsewhere).pollUntilCompleteWithResults(threadId, runId)).toHaveProperty('result', expected)
    expect(await retriever(elsewhere).getResult(threadId, runId)).toEqual(expected)
  })

  test('names for each strategy why nothing was found', async () => {
    const run = succeededWith({})
    const error = expect.stringMatching(
      /^All result retrieval strategies failed: Strategy stream_values failed: .*; Strategy thread_state failed: .*; Strategy join_stream failed: /,
    )
    const outcome = await poller(elsewhere).pollUntilCompleteWithResults(run.threadId, run.runId)
    expect(outcome).toEqual({
      polling_result: 'success_no_results',
      status: 'success',
      ...ids(run),
      error: expect.stringMatching(/^Result retrieval failed: All result retrieval strategies failed: /),
      polling_metadata: { ...completed, result_retrieval_error: error },
    })
  })

  test("returns the graph's own error", async () => {
    const run = await langGraph.ended('fail', aapl)
    expect(await poller().pollUntilCompleteWithResults(run.threadId, run.runId)).toEqual({
      polling_result: 'error',
      status: 'error',
      ...ids(run),
      error: 'ValueError: boom for AAPL',
      polling_metadata: completed,
    })
  })

  test('returns the question that a run waits on, although its status is success', async () => {
    const run = await langGraph.ended('human', aapl)
    expect(await langGraph.status(run)).toBe('success')
    expect(await poller().pollUntilCompleteWithResults(run.threadId, run.runId)).toEqual({
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
    expect(await poller().pollUntilCompleteWithResults(run.threadId, run.runId)).toEqual({
      polling_result: 'error',
      status: 'polling_error',
      ...ids(run),
      error: expect.stringMatching(/^status of run .*: HTTP 404/),
      polling_metadata: completed,
    })
  })

  test('stops waiting at maxPollTime; the same call later returns the result', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 5 })
    const call = () =>
      poller({ pollInterval: '1s', maxPollTime: '1s' }).pollUntilCompleteWithResults(run.threadId, run.runId)
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
    await langGraph.untilEnded(run)
    expect(await call()).toMatchObject({ polling_result: 'success_with_results', result: values })
  })

  test('attaches to the watch of a process that was killed', async () => {
    const program = fileURLToPath(new URL('caller.ts', import.meta.url))
    const dying = fork(program, [inject('temporalAddress'), stage.taskQueue], { execArgv: ['--import', 'tsx'] })
    const exit = once(dying, 'exit')
    await once(dying, 'message')
    const run = await langGraph.create('work', { ...aapl, seconds: 5 })
    dying.send([run.threadId, run.runId])
    const handle = await untilAsleep(run)
    const { runId: begun } = await handle.describe()
    dying.kill('SIGKILL')
    expect(await exit).toEqual([null, 'SIGKILL'])

    const outcome = poller().pollUntilCompleteWithResults(run.threadId, run.runId)
    await langGraph.untilEnded(run)
    await runs.wake(run)
    expect(await outcome).toMatchObject({
      polling_result: 'success_with_results',
      result: values,
      polling_metadata: { poll_count: 2 },
    })
    expect((await handle.describe()).runId).toBe(begun)
  })

  test("gives the outcome of a watch that fails with it, as a parent workflow's may", async () => {
    const run = await langGraph.create('fail', { ...aapl, seconds: 5 })
    await runs.startWatch({ ...run, pollInterval: '1h', onUnsuccessful: 'fail' })
    const handle = await untilAsleep(run)
    const { runId: begun } = await handle.describe()
    const outcome = poller().pollUntilCompleteWithResults(run.threadId, run.runId)
    await langGraph.untilEnded(run)
    await runs.wake(run)
    expect(await outcome).toMatchObject({
      polling_result: 'error',
      status: 'error',
      error: 'ValueError: boom for AAPL',
    })
    expect(await handle.describe()).toMatchObject({ runId: begun, status: { name: 'FAILED' } })
  })

  test('fails when somebody cancels the watch, with what to do', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 5 })
    const error = errorOf(poller({ pollInterval: '1h' }).pollUntilCompleteWithResults(run.threadId, run.runId))
    const handle = await untilAsleep(run)
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
    const run = await langGraph.create('work', { ...aapl, seconds: 5 })
    await langGraph.untilRunning(run)
    const look = await poller().pollStatusOnly(run.threadId.toUpperCase(), run.runId.toUpperCase())
    expect(look).toEqual({ status: 'running', ...ids(run) })
  })

  test('calls a run that waits for a human interrupted', async () => {
    const run = await langGraph.ended('human', aapl)
    expect(await poller().pollStatusOnly(run.threadId, run.runId)).toEqual({ status: 'interrupted', ...ids(run) })
  })

  test('fails with the reason why there is no status', async () => {
    const error = await errorOf(poller().pollStatusOnly(randomUUID(), randomUUID()))
    expect(error).toMatchObject({ type: 'RunNotFound', message: expect.stringContaining('HTTP 404') })
  })
})

describe.concurrent('getResult', () => {
  test('resolves to the values of a run that has ended', async () => {
    const run = await langGraph.ended('work', aapl)
    const expected = { ...values, _retrieval_metadata: retrievalMetadata }
    expect(await retriever().getResult(run.threadId, run.runId)).toEqual(expected)
  })

  test.each([
    {
      what: 'is running',
      create: () => langGraph.create('work', { ...aapl, seconds: 5 }),
      type: 'RunNotComplete',
      message:
        /^The run is not complete: its status is (pending|running)\. Wait for it with `pollUntilCompleteWithResults` of /,
    },
    {
      what: 'failed',
      create: () => langGraph.ended('fail', aapl),
      type: 'RunNotSuccessful',
      message: /^The run ended as error: ValueError: boom for AAPL$/,
    },
    {
      what: 'waits for a human',
      create: () => langGraph.ended('human', aapl),
      type: 'RunNotSuccessful',
      message: /^The run ended as interrupted: it waits to be continued/,
    },
    {
      what: 'does not exist',
      create: () => ({ threadId: randomUUID(), runId: randomUUID() }),
      type: 'RunNotFound',
      message: /HTTP 404/,
    },
    {
      what: 'left nothing',
      create: () => succeededWith({}),
      options: elsewhere,
      type: 'ResultRetrievalError',
      message:
        /^All result retrieval strategies failed: Strategy stream_values failed: .*; Strategy thread_state failed: /,
    },
  ])("rejects, in the workflow's words, for a run that $what", async ({ create, options, type, message }) => {
    const run = await create()
    const calls = [
      retriever(options).getResult(run.threadId, run.runId),
      retriever(options).getResultWithTimeout(run.threadId, run.runId),
    ]
    for (const error of await Promise.all(calls.map(errorOf))) {
      expect(error).toBeInstanceOf(ResultRetrievalError)
      expect(error).toMatchObject({
        name: 'ResultRetrievalError',
        message: expect.stringMatching(message),
        cause: { type },
      })
    }
  })

  test('rejects when somebody ends the retrieval, with what to do', async () => {
    const run = { threadId: randomUUID(), runId: randomUUID() }
    const nobodys = retriever({ taskQueue: randomUUID() })
    const error = errorOf(nobodys.getResult(run.threadId, run.runId))
    const handle = await retrievalOf(run)
    await handle.terminate('no longer wanted')
    expect(await error).toBeInstanceOf(ResultRetrievalError)
    expect(await error).toHaveProperty(
      'message',
      'The workflow was ended in Temporal before it had an answer (no longer wanted). The same call starts it again',
    )
  })
})

describe.concurrent('getResultWithTimeout', () => {
  const thread = randomUUID()

  test('resolves within the time, which is 30 s by default, for the workflow too', async () => {
    const [run, other] = await Promise.all([langGraph.ended('work', aapl), langGraph.ended('work', aapl)])
    const results = [
      retriever().getResultWithTimeout(run.threadId, run.runId),
      retriever().getResultWithTimeout(other.threadId, other.runId, 12.5),
    ]
    expect(await Promise.all(results)).toMatchObject([values, values])
    expect(await inputOf(await retrievalOf(run))).toMatchObject({ retrievalTimeout: 30_000 })
    expect(await inputOf(await retrievalOf(other))).toMatchObject({ retrievalTimeout: 12_500 })
  })

  test.each([
    { seconds: 1, text: '1.0s' },
    { seconds: 0.25, text: '0.25s' },
  ])('gives up after $text if no worker is running', async ({ seconds, text }) => {
    const taskQueue = randomUUID()
    const error = await errorOf(retriever({ taskQueue }).getResultWithTimeout(thread, randomUUID(), seconds))
    expect(error).toBeInstanceOf(ResultRetrievalError)
    expect(error).toHaveProperty(
      'message',
      `Result retrieval timed out after ${text}: does Temporal answer, does a worker poll the task queue "${taskQueue}", and does LangGraph answer it?`,
    )
  })

  test('gives up if Temporal is down', async () => {
    // Never connected: there is nothing to close.
    const client = new Client({ connection: Connection.lazy({ address: nobodyListens }) })
    const error = await errorOf(retriever({ client }).getResultWithTimeout(thread, randomUUID(), 0.5))
    expect(error).toBeInstanceOf(ResultRetrievalError)
    expect(error).toHaveProperty('message', expect.stringMatching(/^Result retrieval timed out after 0\.5s: /))
  })

  test('gives up if LangGraph hangs', async () => {
    const error = await errorOf(retriever(elsewhere).getResultWithTimeout(thread, randomUUID(), 0.5))
    expect(error).toBeInstanceOf(ResultRetrievalError)
    expect(error).toHaveProperty('message', expect.stringMatching(/^Result retrieval timed out after 0\.5s: /))
  })

  test.each([0, -1, Number.NaN, Infinity, 3601, '30s', null])('refuses %s as a time', async (timeout) => {
    const call = Reflect.apply(retriever().getResultWithTimeout, retriever(), [thread, randomUUID(), timeout])
    const error = await errorOf(Promise.resolve(call))
    expect(error).toMatchObject({
      type: 'InvalidInput',
      message: expect.stringMatching(/`timeoutSeconds` is .*: must be a number of seconds above 0 and at most 3600/),
    })
  })
})

const calls: Record<string, (options: Options, ...run: [string, string]) => Promise<unknown>> = {
  pollUntilCompleteWithResults: (options, ...run) => poller(options).pollUntilCompleteWithResults(...run),
  pollStatusOnly: (options, ...run) => poller(options).pollStatusOnly(...run),
  getResult: (options, ...run) => retriever(options).getResult(...run),
  getResultWithTimeout: (options, ...run) => retriever(options).getResultWithTimeout(...run),
}

describe.concurrent.each(Object.entries(calls))('%s', (_, call) => {
  test('names a wrong id, and a deployment that is not configured', async () => {
    const [wrongIds, wrongDeployment] = await Promise.all([
      errorOf(call({}, '../x', 'run-1')),
      errorOf(call({ deployment: 'third' }, randomUUID(), randomUUID())),
    ])
    expect(wrongIds).toBeInstanceOf(ApplicationFailure)
    expect(wrongIds).toMatchObject({
      type: 'InvalidInput',
      message: expect.stringMatching(/`threadId` is "..\/x": must be a UUID.*`runId` is "run-1": must be a UUID/),
    })
    expect(wrongDeployment).toBeInstanceOf(ApplicationFailure)
    expect(wrongDeployment).toMatchObject({
      type: 'UnknownDeployment',
      message: expect.stringContaining('"third" is not configured on this worker; configured: "default", "scripted"'),
    })
  })

  test('reports that Temporal does not answer', async () => {
    const client = new Client({ connection: Connection.lazy({ address: nobodyListens, interceptors: [] }) })
    expect(await errorOf(call({ client }, randomUUID(), randomUUID()))).toMatchObject({
      name: expect.stringMatching(/^(ServiceError|ResultRetrievalError)$/),
      message: expect.stringMatching(
        /^Temporal did not answer \(14 UNAVAILABLE: .*\)\. Nothing that was started is lost: repeat the same call/,
      ),
    })
  })
})
