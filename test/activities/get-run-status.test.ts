import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CancelledFailure } from '@temporalio/common'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createActivities } from '../../src/activities/index.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import {
  after,
  events,
  flood,
  hang,
  json,
  pieces,
  reset,
  ScriptedLangGraph,
  text,
} from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'
import { activitiesOn, failureOf, inActivity, newRun, ratherShortTry, shortTry, tryOf, written } from './in-activity.ts'

const MB = 1024 * 1024
const run = newRun()
let server: ScriptedLangGraph
beforeEach(async () => {
  server = await ScriptedLangGraph.start()
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server.stop()
})

const pollOf = ({ url }: ScriptedLangGraph, info = {}) => inActivity(activitiesOn(url).getRunStatus, run, info)
const poll = (info = {}) => pollOf(server, info)
const status = (word: string, more = {}) => json({ run_id: run.runId, status: word, ...more })
const checkpoint = (more = {}) => ({
  values: { blob: 'the values' },
  next: [],
  tasks: [],
  metadata: { run_id: run.runId, source: 'loop' },
  checkpoint: { checkpoint_id: 'own' },
  ...more,
})

const listed = (runId: string, n: number) => ({
  run_id: runId,
  status: 'success',
  created_at: `2026-01-01T00:00:0${n}Z`,
})

interface Fault {
  readonly fault: string
  readonly answer: () => Answer
  readonly type: string
  readonly details?: object
  readonly isFinal?: boolean
}

const faults: Fault[] = [
  { fault: 'a reset connection', answer: () => reset, type: 'LangGraphUnavailable' },
  { fault: 'a body cut short of its length', answer: () => cutShort, type: 'LangGraphUnavailable' },
  {
    fault: 'a cut body without a length',
    answer: () => pieces(['{"sta'], { end: 'cut' }),
    type: 'LangGraphUnavailable',
  },
  { fault: 'a hang without headers', answer: () => hang, type: 'LangGraphTimeout' },
  { fault: 'headers that come too late', answer: () => after(2000, status('running')), type: 'LangGraphTimeout' },
  { fault: 'a body that hangs', answer: () => pieces(['{"status":'], { end: 'hang' }), type: 'LangGraphTimeout' },
  { fault: 'a body that drips for too long', answer: () => pieces(drops, { everyMs: 50 }), type: 'LangGraphTimeout' },
  { fault: 'an error whose body hangs', answer: () => hangingError, type: 'LangGraphTimeout' },
  ...[500, 502, 503, 504, 409, 418].map((code) => refusal(code, 'LangGraphUnavailable', false)),
  ...[400, 422].map((code) => refusal(code, 'LangGraphRefused', true)),
  ...[401, 403].map((code) => refusal(code, 'LangGraphUnauthorized', true)),
  { fault: 'HTML instead of JSON', answer: () => text('<html>login</html>'), type: 'LangGraphBadAnswer' },
  { fault: 'truncated JSON', answer: () => text('{"status":"succ'), type: 'LangGraphBadAnswer' },
  { fault: 'an empty body', answer: () => text(''), type: 'LangGraphBadAnswer' },
  { fault: 'no content', answer: () => text('', { status: 204 }), type: 'LangGraphBadAnswer' },
  ...[null, [], 'success', 0, {}, { status: null }, { status: 7 }, { status: { status: 'success' } }].map((answer) => ({
    fault: `${JSON.stringify(answer)}, which holds no status,`,
    answer: () => json(answer),
    type: 'LangGraphBadAnswer',
  })),
]

function refusal(code: number, type: string, isFinal: boolean): Fault {
  const answer = () => json({ detail: 'as scripted' }, { status: code })
  return { fault: `HTTP ${code}`, answer, type, details: { http_status: code }, isFinal }
}

const wrongUrl = "is the deployment's URL, in the worker's configuration, that of a LangGraph server?"
const drops = Array.from({ length: 100 }, () => ' ')
const cutShort = pieces(['{"status":"success"'], { headers: { 'content-length': 1000 }, end: 'cut' })
const hangingError: Answer = (response) => {
  response.writeHead(500).write('oh')
}

describe('a poll that gets no answer', () => {
  test.each(faults)('fails as $type on $fault', async ({ answer, type, details = {}, isFinal = false }) => {
    server.on('run', answer())
    const failure = await failureOf(poll(type === 'LangGraphTimeout' ? shortTry : {}))
    expect(failure).toMatchObject({ type, nonRetryable: isFinal, details: [details], nextRetryDelay: undefined })
    expect(failure.message).toContain(`status of run ${run.runId} from deployment "default": `)
    // Retries live in Temporal only. (On a busy machine a short try may end before its request arrives.)
    expect(server.requests.length).toBeLessThan(2)
  })

  test('says what to look at when the connection is refused', async () => {
    const stopped = await ScriptedLangGraph.start()
    await stopped.stop()
    const failure = await failureOf(inActivity(activitiesOn(stopped.url).getRunStatus, run))
    expect(failure).toMatchObject({ type: 'LangGraphUnavailable', nonRetryable: false, details: [{}] })
    expect(failure.message).toContain('no connection: is the server running')
  })

  test.each([
    { code: 404, answer: text('404 Not Found', { status: 404 }) },
    { code: 404, answer: text('404 page not found\n', { status: 404 }) },
    { code: 404, answer: text('default backend - 404', { status: 404 }) },
    { code: 404, answer: text('<!doctype html><h1>Cannot GET /threads</h1>', { status: 404 }) },
    { code: 405, answer: json({ detail: 'Not Found' }, { status: 405 }) },
    { code: 501, answer: text('<html>Unsupported method', { status: 501 }) },
  ])('asks for the URL if another server says $code', async ({ code, answer }) => {
    server.on('run', answer).on('history', answer)
    const failure = await failureOf(poll())
    expect(failure).toMatchObject({
      details: [{ http_status: code }],
      type: 'LangGraphUnavailable',
      nonRetryable: false,
    })
    expect(failure.message).toContain(wrongUrl)
  })

  test.each([
    { words: '{"detail":"Not Found"}', answer: json({ detail: 'Not Found' }, { status: 404 }) },
    { words: 'nothing', answer: text('', { status: 404 }) },
  ])('asks for the ids and for the URL if any server may have said 404 with $words', async ({ answer }) => {
    server.on('run', answer).on('history', answer)
    const { message } = await failureOf(poll())
    expect(message).toContain('no such run: check the ids and the deployment; or')
    expect(message).toContain('is not that of a LangGraph server')
  })

  test.each([
    { answer: text(`Thread with ID ${run.threadId} not found`, { status: 404 }) },
    { answer: json({ detail: 'Run not found' }, { status: 404 }) },
  ])('asks for the ids if LangGraph has no such run', async ({ answer }) => {
    server.on('run', answer).on('history', answer)
    expect((await failureOf(poll())).message).toContain('no such run: check the ids and the deployment')
  })

  test('is over after that one request: the next poll is answered', async () => {
    server.on('run', text('oops', { status: 500 }), status('running'))
    await failureOf(poll())
    expect(await poll()).toEqual({ status: 'running' })
    expect(server.requests).toHaveLength(2)
  })

  test.each([
    { value: '7', ms: 7000 },
    { value: '0', ms: 0 },
    { value: '86400', ms: 3_600_000 },
    // An infinite delay in a failure would end the whole worker.
    { value: '9'.repeat(400), ms: 3_600_000 },
    { value: 'Fri, 31 Dec 9999 23:59:59 GMT', ms: 3_600_000 },
    { value: 'Wed, 21 Oct 2015 07:28:00 GMT', ms: 0 },
  ])('hands on Retry-After $value', async ({ value, ms }) => {
    server.on('run', text('slow down', { status: 429, headers: { 'retry-after': value } }))
    expect(await failureOf(poll())).toMatchObject({
      type: 'LangGraphUnavailable',
      details: [{ http_status: 429, retry_after_ms: ms }],
      nextRetryDelay: ms,
    })
  })

  test('makes no further request while the pause lasts, and says so without a warning', async () => {
    server.on('run', text('slow down', { status: 429, headers: { 'retry-after': '30' } }))
    const { getRunStatus } = activitiesOn(server.url)
    await failureOf(inActivity(getRunStatus, run))
    const failure = await failureOf(inActivity(getRunStatus, run))
    expect(failure).toMatchObject({ type: 'LangGraphUnavailable', nonRetryable: false, category: 'BENIGN' })
    expect(failure.details).toEqual([{ not_asked: true, retry_after_ms: failure.nextRetryDelay }])
    expect(server.requests).toHaveLength(1)
  })

  test('hands on a Retry-After that is a date to come', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString()
    server.on('run', text('slow down', { status: 503, headers: { 'retry-after': date } }))
    const { nextRetryDelay } = await failureOf(poll())
    expect(nextRetryDelay).toSatisfy((ms: number) => ms > 0 && ms <= 60_000)
  })

  test.each(['soon', '', '1e3'])('ignores the Retry-After "%s"', async (value) => {
    server.on('run', text('slow down', { status: 429, headers: { 'retry-after': value } }))
    expect(await failureOf(poll())).toMatchObject({ details: [{ http_status: 429 }], nextRetryDelay: undefined })
  })

  test.each([
    { code: 500, body: '{"detail":"the pool is\\n empty"}', said: 'HTTP 500 "the pool is empty"' },
    { code: 500, body: '{"message":"no pool"}', said: 'HTTP 500 "no pool"' },
    { code: 500, body: '{"error":{"code":1}}', said: 'HTTP 500 "{"error":{"code":1}}"' },
    { code: 502, body: '', said: 'HTTP 502' },
  ])('quotes the server in one line: $said', async ({ code, body, said }) => {
    server.on('run', text(body, { status: code }))
    const { message } = await failureOf(poll())
    expect(message).toBe(`status of run ${run.runId} from deployment "default": ${said}`)
  })

  test('quotes an excerpt of a long error only', async () => {
    server.on('run', text('ü€😀'.repeat(100_000), { status: 500 }))
    const { message } = await failureOf(poll())
    expect(Buffer.byteLength(message)).toBeLessThan(400)
    expect(message).not.toContain('\uFFFD')
  })

  test.each([
    { hasThread: json([checkpoint()]), says: 'Its thread is there: the run was deleted or rolled back', isThere: true },
    { hasThread: json([]), says: 'Its thread is there: the run was deleted or rolled back', isThere: true },
    { hasThread: text('no thread', { status: 404 }), says: 'Its thread is not there either' },
    { hasThread: text('oops', { status: 500 }), says: 'Whether its thread is there could not be found out' },
    { hasThread: hang, says: 'Whether its thread is there could not be found out' },
  ])('says of an unknown run: $says', async ({ hasThread, says, isThere }) => {
    server.on('run', json({ detail: 'Run not found' }, { status: 404 })).on('history', hasThread)
    const failure = await failureOf(poll(hasThread === hang ? ratherShortTry : {}))
    expect(failure).toMatchObject({ type: 'RunNotFound', nonRetryable: true })
    expect(failure.details).toEqual([{ http_status: 404, ...(!isThere && { thread_missing: true }) }])
    expect(failure.message).toContain('HTTP 404 "Run not found": no such run: check the ids')
    expect(failure.message).toContain(says)
  })

  test('names the configured deployments for one that is not', async () => {
    const { getRunStatus } = createActivities(
      createDeployments([
        { name: 'default', url: server.url },
        { name: 'eu', url: server.url },
      ]),
    )
    const failure = await failureOf(inActivity(getRunStatus, { ...run, deployment: 'us' }))
    expect(failure).toMatchObject({ type: 'UnknownDeployment', nonRetryable: false })
    expect(failure.message).toContain('Deployment "us" is not configured on this worker; configured: "default", "eu"')
    expect(server.requests).toEqual([])
  })

  test('hides what an unforeseen error says, and logs where it came from', async () => {
    const { getRunStatus } = createActivities(() => {
      throw new RangeError('http://user:planted-secret@host')
    })
    const { environment, logged } = tryOf()
    const failure = await failureOf(environment.run(getRunStatus, run))
    expect(failure).toMatchObject({ type: 'Unforeseen', nonRetryable: false })
    expect(failure.message).toBe("unforeseen RangeError: see the worker's log")
    expect(logged.join('\n')).toContain('get-run-status.test.ts')
    expect(logged.join('\n')).not.toContain('planted-secret')
  })
})

describe('a poll of a run that continues', () => {
  test('is one request and carries the status, not what the run was started with', async () => {
    const kwargs = { input: { blob: 'x'.repeat(MB) }, resumable: false, temporary: true }
    server.on('run', status('running', { kwargs, updated_at: '2026-11-24T10:00:00.5+00:00' }))
    expect(await poll()).toEqual({
      status: 'running',
      updatedAt: '2026-11-24T10:00:00.500Z',
      resumable: false,
      isStateless: true,
    })
    expect(server.requests.map(({ path }) => path)).toEqual([`/threads/${run.threadId}/runs/${run.runId}`])
  })

  test.each(['pending', 'dreaming', '', 'SUCCESS', '__proto__'])('hands on the status "%s" as it is', async (word) => {
    server.on('run', status(word))
    expect(await poll()).toEqual({ status: word })
  })

  test('bounds a status that is a book', async () => {
    server.on('run', status('😀'.repeat(MB)))
    const look = await poll()
    expect(look.status).toMatch(/^(😀)+…$/u)
    expect(Buffer.byteLength(look.status)).toBeLessThanOrEqual(100)
  })

  test('waits for headers and a body that are slow', async () => {
    server.on('run', after(100, pieces('{"status":"running"}'.split(''), { everyMs: 5 })))
    expect(await poll()).toEqual({ status: 'running' })
  })
})

describe('a poll of a run that has ended', () => {
  test('asks once more, for its newest own checkpoint without the values', async () => {
    const interrupts = [{ id: 'a1', value: { question: 'buy?' } }]
    const tasks = [{ name: 'ask', interrupts, error: null }]
    server.on('run', status('success')).on('history', json([checkpoint({ next: ['ask'], tasks })]))
    server.on('runs', json([listed(run.runId, 1)]), json([]))
    expect(await poll()).toEqual({
      status: 'success',
      ending: {
        kind: 'known',
        next: ['ask'],
        interrupts: [{ id: 'a1', value: { question: 'buy?' }, node: 'ask' }],
        checkpointId: 'own',
      },
    })
    // A later run may have written over its question.
    expect(server.requests.map(({ route }) => route)).toEqual(['run', 'history', 'runs', 'runs'])
    const [request] = server.to('history')
    expect(request?.body).toMatchObject({ limit: 1, metadata: { run_id: run.runId } })
    expect(Reflect.get(Object(request?.body), 'select')).not.toContain('values')
  })

  test.each([
    { what: 'a hang', answer: hang, reason: 'no answer in time' },
    { what: 'a body that hangs', answer: pieces(['[{'], { end: 'hang' }), reason: 'no answer in time' },
    { what: 'a reset', answer: reset, reason: 'no connection' },
    { what: 'a cut', answer: pieces(['[{'], { end: 'cut' }), reason: 'the connection broke' },
    { what: 'HTML', answer: text('<html>'), reason: `the answer is not valid JSON: ${wrongUrl}` },
    { what: 'JSON that is not a list', answer: json({ detail: 'x' }), reason: `the answer is not a list: ${wrongUrl}` },
    { what: 'HTTP 500, always,', answer: text('oops', { status: 500 }), reason: 'HTTP 500 "oops"' },
    { what: 'HTTP 403', answer: text('no', { status: 403 }), reason: 'check the API key' },
  ])('keeps the status if $what hides the ending', async ({ answer, reason }) => {
    server.on('run', status('success')).on('history', answer)
    const look = await poll(reason === 'no answer in time' ? ratherShortTry : {})
    expect(look).toEqual({ status: 'success', ending: { kind: 'unreadable', reason: expect.stringContaining(reason) } })
  })

  test('hands on the Retry-After of an ending', async () => {
    server.on('run', status('error')).on('history', text('', { status: 429, headers: { 'retry-after': '9' } }))
    expect(await poll()).toMatchObject({ status: 'error', ending: { kind: 'unreadable', retryAfterMs: 9000 } })
  })

  test.each([400, 422, 500, 501])('reads the history unfiltered if the filter is answered with %i', async (code) => {
    const history = [
      checkpoint({ metadata: { run_id: newRun().runId, source: 'loop' }, checkpoint: { checkpoint_id: 'later' } }),
      checkpoint({ metadata: { run_id: run.runId, source: 'update' }, checkpoint: { checkpoint_id: 'by hand' } }),
      checkpoint({ metadata: { run_id: run.runId.toUpperCase(), source: 'loop' } }),
      checkpoint({ checkpoint: { checkpoint_id: 'older' } }),
    ]
    const refusal = text('no filter', { status: code })
    server.on('run', status('success')).on('history', refusal, refusal, json(history))
    expect(await poll()).toMatchObject({ ending: { kind: 'known', checkpointId: 'own' } })
    expect(
      server
        .to('history')
        .map(({ body }) => body)
        .slice(2),
    ).toEqual([{ limit: 1 }, { limit: 10 }])
  })

  test('asks for all fields if the server knows the filter, but no choice of fields', async () => {
    const refusal = text('unknown field: select', { status: 422 })
    server.on('run', status('success')).on('history', refusal, json([checkpoint()]))
    expect(await poll()).toMatchObject({ ending: { kind: 'known', checkpointId: 'own' } })
    expect(server.to('history')[1]?.body).toEqual({ limit: 1, metadata: { run_id: run.runId } })
  })

  test('does not trust a server that ignores the filter', async () => {
    const later = checkpoint({ metadata: { run_id: newRun().runId }, checkpoint: { checkpoint_id: 'later' } })
    server.on('run', status('success')).on('history', json([later]), json([later, checkpoint()]))
    expect(await poll()).toMatchObject({ ending: { kind: 'known', checkpointId: 'own' } })
  })

  test.each([
    { what: 'none', history: [] },
    { what: 'one written by hand', history: [checkpoint({ metadata: { run_id: run.runId, source: 'update' } })] },
    { what: "another run's", history: [checkpoint({ metadata: { run_id: newRun().runId } })] },
    { what: 'one without metadata', history: [checkpoint({ metadata: null })] },
  ])('says that nothing proves the ending if the history is $what', async ({ history }) => {
    server.on('run', status('success', { kwargs: { input: {} } })).on('history', json(history))
    expect(await poll()).toMatchObject({ status: 'success', ending: { kind: 'unproven' } })
  })

  describe('and has written no checkpoint', () => {
    const earlier = newRun().runId
    const asking = checkpoint({
      metadata: { run_id: earlier, source: 'loop' },
      next: ['ask', 'ask_too'],
      tasks: [
        { name: 'ask', interrupts: [{ id: 'i1', value: 'first?' }], result: { answer: 'yes' } },
        { name: 'ask_too', interrupts: [{ id: 'i2', value: 'second?' }], result: null },
      ],
    })
    const pollOfThread = (input: unknown, ...runs: object[]) => {
      server
        .on('run', status('success', { kwargs: { input } }))
        .on('history', json([]))
        .on('state', json(asking))
      server.on('runs', json(runs), json([]))
      return poll()
    }

    test('waits with the questions that are left, if it continued the thread and was the last to do so', async () => {
      expect(await pollOfThread(null, listed(run.runId, 2), listed(earlier, 1))).toMatchObject({
        ending: {
          kind: 'known',
          next: ['ask_too'],
          interrupts: [{ id: 'i2', value: 'second?', node: 'ask_too' }],
        },
      })
    })

    test.each([
      { what: 'a later run came', input: null, runs: [listed(run.runId, 2), listed(newRun().runId, 3)] },
      { what: 'it started over', input: { symbol: 'A' }, runs: [listed(earlier, 1), listed(run.runId, 2)] },
    ])('proves nothing if $what', async ({ input, runs }) => {
      expect(await pollOfThread(input, ...runs)).toMatchObject({ ending: { kind: 'unproven' } })
    })

    describe('but failed,', () => {
      const failed = json({ next: [], tasks: [{ name: 'ask', error: 'boom' }], metadata: { run_id: earlier } })
      const itsOwn = events([['error', { error: 'Error', message: 'its own' }]])
      const pollOfFailed = (state: Answer, statusOfEarlier: string, stream = itsOwn) => {
        server
          .on('run', status('error', { kwargs: { input: null } }))
          .on('history', json([]))
          .on('state', state)
          .on('thread', json({}))
          .on('stream', stream)
        server.on('runs', json([{ ...listed(earlier, 1), status: statusOfEarlier }, listed(run.runId, 2)]), json([]))
        return poll()
      }

      test('failed at the question that it was to answer', async () => {
        expect(await pollOfFailed(failed, 'success')).toMatchObject({ ending: { kind: 'known', error: 'boom' } })
      })

      test('has not the error of the run before it', async () => {
        expect(await pollOfFailed(failed, 'error')).toMatchObject({
          ending: { kind: 'unproven', error: 'Error: its own' },
        })
      })

      test('is asked again if the state cannot be read, which may hold its error, and there is none elsewhere', async () => {
        expect(await pollOfFailed(text('', { status: 502 }), 'success', events([]))).toMatchObject({
          ending: { kind: 'unreadable', reason: expect.stringContaining('HTTP 502') },
        })
      })

      test('is asked again if its own word could not be read, which shows whether the error is its own', async () => {
        expect(await pollOfFailed(failed, 'error', text('', { status: 503 }))).toMatchObject({
          ending: { kind: 'unreadable', reason: expect.stringContaining('HTTP 503') },
        })
      })

      test('has its own error if the state of the thread cannot be read', async () => {
        expect(await pollOfFailed(text('', { status: 500 }), 'success')).toMatchObject({
          ending: { kind: 'unproven', error: 'Error: its own' },
        })
      })
    })
  })

  test('takes the error of a run that failed between nodes from its own stream', async () => {
    server
      .on('run', status('error'))
      .on('history', json([checkpoint()]))
      .on('thread', json({}))
      .on('stream', events([['error', { error: 'GraphRecursionError', message: 'limit of 25' }]]))
    expect(await poll()).toMatchObject({ ending: { kind: 'known', error: 'GraphRecursionError: limit of 25' } })
  })

  const other = newRun().runId
  test.each([
    { what: 'the last', runs: [listed(other, 1), listed(run.runId, 2)], error: 'ValueError: boom' },
    { what: 'the last, listed first,', runs: [listed(run.runId, 2), listed(other, 1)], error: 'ValueError: boom' },
    { what: 'an earlier', runs: [listed(other, 2), listed(run.runId, 1)], error: undefined },
    { what: 'an earlier, listed first,', runs: [listed(run.runId, 1), listed(other, 2)], error: undefined },
  ])("takes the thread's error for $what run as $error", async ({ runs, error }) => {
    server
      .on('run', status('error'))
      .on('history', json([checkpoint()]))
      .on('thread', json({ error: { error: 'ValueError', message: 'boom' } }))
      .on('stream', events([]))
      .on('runs', json(runs), json([]))
    const { ending } = await poll()
    expect(ending).toMatchObject({ kind: 'known', checkpointId: 'own' })
    expect(Reflect.get(Object(ending), 'error')).toBe(error)
  })

  test('needs no error text to say that the run failed', async () => {
    server
      .on('run', status('error'))
      .on('history', json([checkpoint()]))
      .on('thread', text('', { status: 404 }))
    expect(await poll()).toMatchObject({ status: 'error', ending: { kind: 'known', checkpointId: 'own' } })
  })

  // What it failed with is not known to be missing: the run may have been cancelled if it is.
  test.each([
    { what: 'the thread', failing: 'thread', status: 500 },
    { what: 'the stream', failing: 'stream', status: 503 },
    { what: 'the stream, for too many requests', failing: 'stream', status: 429 },
  ] as const)('is asked again if no error was found, and $what could not be read', async ({ failing, ...http }) => {
    server
      .on('run', status('error'))
      .on('history', json([checkpoint()]))
      .on('thread', json({}))
      .on('stream', events([]))
    server.on(failing, text('', http))
    expect(await poll()).toMatchObject({
      status: 'error',
      ending: { kind: 'unreadable', reason: expect.stringContaining(`HTTP ${http.status}`) },
    })
  })
})

const threadOf = (graph_id: string, interrupts = {}) =>
  json([{ thread_id: run.threadId, metadata: { graph_id }, interrupts }])
const runs = (...list: object[]) => server.on('runs', json(list), json([]))
const ownHistory = (own: object, ...others: Answer[]) => server.on('history', json([own]), ...others)
const stateOf = (runId: string, created_at: string) =>
  json(checkpoint({ metadata: { run_id: runId, source: 'loop' }, created_at }))

describe('a poll of a run that has ended on a thread with others', () => {
  const other = newRun().runId
  const question = { id: 'i1', value: 'buy?' }
  const asking = { next: ['ask'], tasks: [{ name: 'ask', interrupts: [question] }] }
  const ofGraph = { kwargs: { input: {}, config: { configurable: { graph_id: 'human' } } } }

  describe('of another graph', () => {
    const asked = { 't-1': [question], 't-2': [] }

    test('does not take what the other graph makes of its checkpoint', async () => {
      ownHistory(checkpoint(asking))
      server.on('run', status('success', ofGraph)).on('search', threadOf('work'))
      const reason =
        'LangGraph reads the thread through another graph ("work"), which hides how this run of "human" ended'
      expect(await poll()).toMatchObject({ status: 'success', ending: { kind: 'hidden', reason } })
    })

    test.each([
      {
        what: 'a later run only waits for its time',
        later: 'pending',
        ending: { kind: 'known', interrupts: [question] },
      },
      { what: 'a later run has begun', later: 'running', ending: { kind: 'hidden' } },
    ])('asks what the thread asks, unless it is not the last: $what', async ({ later, ending }) => {
      ownHistory(checkpoint())
      server.on('run', status('success', ofGraph)).on('search', threadOf('work', asked))
      runs(listed(run.runId, 1), { ...listed(other, 2), status: later })
      expect(await poll()).toMatchObject({ ending })
    })

    test('takes its own graph from the run, not from its checkpoint', async () => {
      ownHistory(checkpoint({ metadata: { run_id: run.runId, graph_id: 'mine' } }))
      server.on('run', status('success', ofGraph)).on('search', threadOf('human'))
      expect(await poll()).toMatchObject({ ending: { kind: 'known', next: [] } })
    })

    test.each([
      { search: 'fails', answer: text('', { status: 503 }) },
      { search: 'is cut', answer: reset },
      { search: 'is answered by a proxy', answer: text('default backend - 404', { status: 404 }) },
      { search: 'is answered with a page', answer: text('<html>') },
    ])('is asked again if the search that would show it $search', async ({ answer }) => {
      ownHistory(checkpoint())
      server.on('run', status('success', ofGraph)).on('search', answer)
      expect(await poll()).toMatchObject({ status: 'success', ending: { kind: 'unreadable' } })
    })

    test('is taken as it is if the server does not know that search', async () => {
      ownHistory(checkpoint(asking))
      server.on('run', status('success', ofGraph)).on('search', text('no such endpoint', { status: 404 }))
      runs(listed(run.runId, 1))
      expect(await poll()).toMatchObject({ ending: { kind: 'known', interrupts: [question] } })
    })

    test('has its error from the thread all the same', async () => {
      ownHistory(checkpoint())
      server.on('run', status('error', ofGraph)).on('search', threadOf('work'))
      server.on('thread', json({ error: { error: 'ValueError', message: 'boom' } }))
      runs(listed(run.runId, 1))
      expect(await poll()).toMatchObject({ ending: { kind: 'hidden', error: 'ValueError: boom' } })
    })
  })

  describe('of which one continued at its checkpoint', () => {
    const continuing = (resume?: unknown) =>
      json({ run_id: other, kwargs: { input: null, ...(resume !== undefined && { command: { resume } }) } })
    const noneOfItsOwn = json([])
    const noEdit = json([])
    const later = (itsStatus: string) => runs(listed(run.runId, 1), { ...listed(other, 2), status: itsStatus })
    const failed = { next: ['work'], tasks: [{ name: 'work', error: 'attempt 2' }] }

    test.each([
      { stream: json({}), error: undefined },
      { stream: events([['error', { error: 'E', message: 'attempt 1' }]]), error: 'E: attempt 1' },
    ])('has not its error, but the one of its own stream: $error', async ({ stream, error }) => {
      ownHistory(checkpoint(failed), noneOfItsOwn, noEdit)
      server.on('run', status('error'), continuing()).on('stream', stream).on('thread', json({}))
      later('error')
      const { ending } = await poll()
      expect(ending).toMatchObject({ kind: 'known', next: ['work'], overwritten: true })
      expect(Reflect.get(Object(ending), 'error')).toBe(error)
    })

    test.each([
      {
        what: 'named by the answer',
        resume: { i1: 'yes' },
        kept: [{ ...question, node: 'ask' }],
        overwritten: undefined,
      },
      { what: 'under another id', resume: { i0: 'yes' }, kept: [], overwritten: true },
      { what: 'and no id was named', resume: 'yes', kept: [], overwritten: true },
    ])('has only asked what can be told apart: a question $what', async ({ resume, kept, overwritten }) => {
      ownHistory(checkpoint(asking), noneOfItsOwn, noEdit)
      server.on('run', status('success'), continuing(resume))
      later('success')
      const { ending } = await poll()
      expect(ending).toMatchObject({ kind: 'known', next: ['ask'], interrupts: kept })
      expect(Reflect.get(Object(ending), 'overwritten')).toBe(overwritten)
    })

    test('has asked what it asked, and has not failed, if the answer failed in its only node', async () => {
      const tasks = [{ name: 'ask', interrupts: [question], error: 'boom' }]
      ownHistory(checkpoint({ tasks }), noneOfItsOwn, noEdit)
      server.on('run', status('success'), continuing('yes'))
      later('error')
      const { ending } = await poll()
      expect(ending).toEqual({
        kind: 'known',
        next: ['ask'],
        interrupts: [{ ...question, node: 'ask' }],
        checkpointId: 'own',
      })
    })

    test.each([
      {
        what: 'the later run has a checkpoint of its own',
        answers: [json([checkpoint({ metadata: { run_id: other } })])],
      },
      {
        what: 'the state was edited by hand in between',
        answers: [
          noneOfItsOwn,
          json([checkpoint({ metadata: { source: 'update' }, created_at: '2026-01-01T00:00:01.5Z' })]),
        ],
      },
    ])('has its own words if $what', async ({ answers }) => {
      ownHistory(checkpoint({ ...failed, created_at: '2026-01-01T00:00:01Z' }), ...answers)
      server.on('run', status('error'), continuing())
      later('error')
      expect(await poll()).toMatchObject({ ending: { kind: 'known', error: 'attempt 2' } })
    })
  })

  describe('and had nothing left to do', () => {
    const idle = { kwargs: { input: null } }

    test.each([
      { what: 'was there before', at: '2026-01-01T00:00:01.5Z', ending: { kind: 'known', next: [] } },
      { what: 'came after', at: '2026-01-01T00:00:02.5Z', ending: { kind: 'unproven' } },
    ])("has ended with the thread's state, if that $what", async ({ at, ending }) => {
      server.on('run', status('success', idle)).on('history', json([])).on('state', stateOf(other, at))
      runs(listed(other, 1), listed(run.runId, 2))
      expect(await poll()).toMatchObject({ ending })
    })
  })

  describe('if its checkpoints cannot be read', () => {
    const broken = text('Internal Server Error', { status: 500 })

    test('has its error from the thread', async () => {
      server.on('run', status('error')).on('history', broken)
      server.on('thread', json({ error: { error: 'TypeError', message: 'Integer exceeds 64-bit range' } }))
      runs(listed(run.runId, 1))
      expect(await poll()).toMatchObject({
        ending: { kind: 'unproven', error: 'TypeError: Integer exceeds 64-bit range' },
      })
    })

    test('has its error from its stream if the thread cannot be read either', async () => {
      server.on('run', status('error')).on('history', broken).on('thread', broken)
      server.on('stream', events([['error', { error: 'E', message: 'boom' }]]))
      expect(await poll()).toMatchObject({ ending: { kind: 'unproven', error: 'E: boom' } })
    })

    test('asks what its thread asks', async () => {
      server
        .on('run', status('success'))
        .on('history', broken)
        .on('search', threadOf('human', { t: [question] }))
      runs(listed(run.runId, 1))
      expect(await poll()).toMatchObject({ ending: { kind: 'known', interrupts: [question] } })
    })
  })
})

describe('the time limit of a poll', () => {
  test('gives each request 4 s of its own', async () => {
    const both = await Promise.all([ScriptedLangGraph.start(), ScriptedLangGraph.start()])
    const [silent, withoutEnding] = both
    silent.on('run', hang).on('stream', hang)
    withoutEnding.on('run', status('success')).on('history', hang)
    const order: string[] = []
    const noted = async <T>(what: string, answer: Promise<T>): Promise<T> => answer.finally(() => order.push(what))
    // No clock is read: what ends before what.
    const triesOf = (startToCloseTimeoutMs: number) =>
      failureOf(inActivity(activitiesOn(silent.url).retrieveJoinStream, run, { startToCloseTimeoutMs }))
    const [failure, ordinary, lastLook] = await Promise.all([
      noted('poll', failureOf(pollOf(silent, { startToCloseTimeoutMs: 10_000 }))),
      noted('poll', pollOf(withoutEnding, { startToCloseTimeoutMs: 10_000 })),
      pollOf(withoutEnding, { startToCloseTimeoutMs: 5000 }),
      noted('3 s', triesOf(3300)),
      noted('5 s', triesOf(5300)),
    ])
    expect(failure.type).toBe('LangGraphTimeout')
    expect(ordinary).toMatchObject({ status: 'success', ending: { kind: 'unreadable' } })
    expect(lastLook).toMatchObject({ status: 'success', ending: { kind: 'unreadable' } })
    expect(order).toEqual(['3 s', 'poll', 'poll', '5 s'])
    await Promise.all(both.map((started) => started.stop()))
  })

  test.each([
    { clock: 'an hour fast', aheadMs: 3_600_000 },
    { clock: 'an hour slow', aheadMs: -3_600_000 },
  ])("is right on a worker whose clock is $clock against Temporal's", { timeout: 20_000 }, async ({ aheadMs }) => {
    const scheduledMs = Date.now() - aheadMs
    const times = { scheduledTimestampMs: scheduledMs, currentAttemptScheduledTimestampMs: scheduledMs }
    server.on('run', after(300, status('running'))).on('stream', hang)
    expect(await poll(times)).toEqual({ status: 'running' })
    const joining = inActivity(activitiesOn(server.url).retrieveJoinStream, run, { ...times, ...shortTry })
    expect(await failureOf(joining)).toMatchObject({ type: 'LangGraphTimeout' })
  })

  test('acts although garbage is collected meanwhile', { timeout: 20_000 }, async () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    const collecting = setInterval(() => Reflect.apply(Object(collect), undefined, []), 50)
    server.on('run', hang).on('stream', hang)
    try {
      expect(await failureOf(poll(shortTry))).toMatchObject({ type: 'LangGraphTimeout' })
      const joining = inActivity(activitiesOn(server.url).retrieveJoinStream, run, shortTry)
      expect(await failureOf(joining)).toMatchObject({ type: 'LangGraphTimeout' })
    } finally {
      clearInterval(collecting)
    }
  })
})

test.each(['run', 'history'] as const)('a cancelled poll drops its request at once (%s)', async (route) => {
  server.on('run', status('success')).on(route, hang)
  const { environment } = tryOf({ startToCloseTimeoutMs: 60_000 })
  const ended = environment.run(activitiesOn(server.url).getRunStatus, run).catch((error: unknown) => error)
  await vi.waitFor(() => expect(server.to(route)).toHaveLength(1), { timeout: 20_000 })
  environment.cancel()
  expect(await ended).toBeInstanceOf(CancelledFailure)
  expect(await server.to(route)[0]?.closed).toBe('aborted')
})

test('reads of an endless error 1 MB only', async () => {
  const { counted, answer } = flood(Buffer.alloc(MB, ' '), 1000 * MB, { 'content-type': 'application/json' }, 500)
  server.on('run', answer)
  expect(await failureOf(poll())).toMatchObject({ type: 'LangGraphUnavailable', details: [{ http_status: 500 }] })
  expect(await server.to('run')[0]?.closed).toBe('aborted')
  // What is under way in sockets and buffers comes on top.
  expect(counted.sent).toBeLessThan(20 * MB)
})

describe('secrets', () => {
  const token = 'planted-token'
  const secrets = { apiKey: 'planted-key', headers: { authorization: `Bearer ${token}`, 'x-tenant': 'planted tenant' } }
  const withSecrets = () => activitiesOn(server.url, secrets).getRunStatus

  test('go along with every request', async () => {
    server.on('run', status('success')).on('history', json([checkpoint()]))
    await inActivity(withSecrets(), run)
    for (const { headers } of server.requests) {
      expect(headers).toMatchObject({ 'x-api-key': 'planted-key', ...secrets.headers })
    }
    expect(server.requests).toHaveLength(2)
  })

  test.each([401, 404, 422, 500])('echoed with HTTP %i are in no failure and no log', async (code) => {
    const echo: Answer = (response) => {
      const { 'x-api-key': key, authorization, 'x-tenant': tenant } = response.req.headers
      const detail = ['key', key, 'auth', authorization, 'token', token, 'of', tenant].join(' ')
      return json({ detail }, { status: code })(response)
    }
    server.on('run', echo).on('history', echo)
    const { environment, logged } = tryOf()
    const failure = await failureOf(environment.run(withSecrets(), run))
    expect(failure.message).toContain('key [secret] auth [secret] token [secret] of [secret]')
    expect(written([failure, logged])).not.toContain('planted')
  })

  test('echoed by the ending are not in its reason', async () => {
    server.on('run', status('error')).on('history', text(`planted-key ${token}`, { status: 503 }))
    const look = await inActivity(withSecrets(), run)
    expect(look.ending).toMatchObject({ reason: expect.stringContaining('HTTP 503 "[secret] [secret]"') })
  })

  test('of the environment go nowhere', async () => {
    for (const name of ['LANGGRAPH_API_KEY', 'LANGSMITH_API_KEY', 'LANGCHAIN_API_KEY']) vi.stubEnv(name, 'planted-key')
    server.on('run', status('running'))
    await poll()
    expect(written(server.requests[0]?.headers)).not.toContain('planted')
    expect(server.requests[0]?.headers).not.toHaveProperty('x-api-key')
  })

  test.each([301, 302, 303, 307, 308])('do not follow a redirect (%i)', async (code) => {
    const elsewhere = await ScriptedLangGraph.start()
    elsewhere.on('run', status('success'))
    server.on('run', text('moved', { status: code, headers: { location: `${elsewhere.url}/planted-place` } }))
    const failure = await failureOf(inActivity(withSecrets(), run))
    expect(failure).toMatchObject({ type: 'LangGraphUnavailable', details: [{ http_status: code }] })
    expect(failure.message).toContain('configure the final URL')
    expect(elsewhere.requests).toEqual([])
    await elsewhere.stop()
  })
})
