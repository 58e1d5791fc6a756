import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ResultRetrievalError } from '../../src/poller.ts'
import { Pollers, aapl, elsewhere, errorOf, inputOf, nobodyListens, retrievalMetadata, values } from './pollers.ts'

let pollers: Pollers
beforeAll(async () => {
  pollers = await Pollers.open()
})
afterAll(() => pollers.close())

describe.concurrent('getResult', () => {
  test('resolves to the values of a run that has ended', async () => {
    const run = await pollers.langGraph.ended('work', aapl)
    const expected = { ...values, _retrieval_metadata: retrievalMetadata }
    expect(await pollers.retriever().getResult(run.threadId, run.runId)).toEqual(expected)
  })

  test.each([
    {
      what: 'is running',
      create: () => pollers.langGraph.create('work', { ...aapl, seconds: 5 }),
      type: 'RunNotComplete',
      message:
        /^The run is not complete: its status is (pending|running)\. Wait for it with `pollUntilCompleteWithResults` of /,
    },
    {
      what: 'failed',
      create: () => pollers.langGraph.ended('fail', aapl),
      type: 'RunNotSuccessful',
      message: /^The run ended as error: ValueError: boom for AAPL$/,
    },
    {
      what: 'waits for a human',
      create: () => pollers.langGraph.ended('human', aapl),
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
      create: () => pollers.succeededWith({}),
      options: elsewhere,
      type: 'ResultRetrievalError',
      message:
        /^All result retrieval strategies failed: Strategy stream_values failed: .*; Strategy thread_state failed: /,
    },
  ])("rejects, in the workflow's words, for a run that $what", async ({ create, options, type, message }) => {
    const run = await create()
    const calls = [
      pollers.retriever(options).getResult(run.threadId, run.runId),
      pollers.retriever(options).getResultWithTimeout(run.threadId, run.runId),
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
    const nobodys = pollers.retriever({ taskQueue: randomUUID() })
    const error = errorOf(nobodys.getResult(run.threadId, run.runId))
    const handle = await pollers.retrievalOf(run)
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
    const [run, other] = await Promise.all([
      pollers.langGraph.ended('work', aapl),
      pollers.langGraph.ended('work', aapl),
    ])
    const results = [
      pollers.retriever().getResultWithTimeout(run.threadId, run.runId),
      pollers.retriever().getResultWithTimeout(other.threadId, other.runId, 12.5),
    ]
    expect(await Promise.all(results)).toMatchObject([values, values])
    expect(await inputOf(await pollers.retrievalOf(run))).toMatchObject({ retrievalTimeout: 30_000 })
    expect(await inputOf(await pollers.retrievalOf(other))).toMatchObject({ retrievalTimeout: 12_500 })
  })

  test.each([
    { seconds: 1, text: '1.0s' },
    { seconds: 0.25, text: '0.25s' },
  ])('gives up after $text if no worker is running', async ({ seconds, text }) => {
    const taskQueue = randomUUID()
    const error = await errorOf(pollers.retriever({ taskQueue }).getResultWithTimeout(thread, randomUUID(), seconds))
    expect(error).toBeInstanceOf(ResultRetrievalError)
    expect(error).toHaveProperty(
      'message',
      `Result retrieval timed out after ${text}: does Temporal answer, does a worker poll the task queue "${taskQueue}", and does LangGraph answer it?`,
    )
  })

  test('gives up if Temporal is down', async () => {
    // Never connected: there is nothing to close.
    const client = new Client({ connection: Connection.lazy({ address: nobodyListens }) })
    const error = await errorOf(pollers.retriever({ client }).getResultWithTimeout(thread, randomUUID(), 0.5))
    expect(error).toBeInstanceOf(ResultRetrievalError)
    expect(error).toHaveProperty('message', expect.stringMatching(/^Result retrieval timed out after 0\.5s: /))
  })

  test('gives up if LangGraph hangs', async () => {
    const error = await errorOf(pollers.retriever(elsewhere).getResultWithTimeout(thread, randomUUID(), 0.5))
    expect(error).toBeInstanceOf(ResultRetrievalError)
    expect(error).toHaveProperty('message', expect.stringMatching(/^Result retrieval timed out after 0\.5s: /))
  })

  test.each([0, -1, Number.NaN, Infinity, 3601, '30s', null])('refuses %s as a time', async (timeout) => {
    const call = Reflect.apply(pollers.retriever().getResultWithTimeout, pollers.retriever(), [
      thread,
      randomUUID(),
      timeout,
    ])
    const error = await errorOf(Promise.resolve(call))
    expect(error).toMatchObject({
      type: 'InvalidInput',
      message: expect.stringMatching(/`timeoutSeconds` is .*: must be a number of seconds above 0 and at most 3600/),
    })
  })
})
