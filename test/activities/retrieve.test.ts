import { gzipSync } from 'node:zlib'
import { CancelledFailure } from '@temporalio/common'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RetrievalRequest } from '../../src/domain/retrieved.ts'
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
import type { Answer, ScriptedEvent } from '../support/scripted-langgraph.ts'
import { activitiesOn, failureOf, inActivity, newRun, ratherShortTry, shortTry, tryOf, written } from './in-activity.ts'

const MB = 1024 * 1024
/** 1 MB on the other side. */
const pieceOf = { identity: Buffer.alloc(MB, ' '), gzip: gzipSync(Buffer.alloc(MB, ' ')) }
const run = newRun()
const laterRun = newRun()
let server: ScriptedLangGraph
beforeEach(async () => {
  server = await ScriptedLangGraph.start()
  server.on('schemas', text('no such endpoint', { status: 404 })).on('runs', json([]))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server.stop()
})

const request = (resultKeys?: readonly string[]): RetrievalRequest => ({ ...run, ...(resultKeys && { resultKeys }) })
const fromState = (resultKeys?: readonly string[], info = {}) =>
  inActivity(activitiesOn(server.url).retrieveThreadState, request(resultKeys), info)
const fromStream = (resultKeys?: readonly string[], info = {}) =>
  inActivity(activitiesOn(server.url).retrieveStreamValues, request(resultKeys), info)
const fromJoin = (info = {}) => inActivity(activitiesOn(server.url).retrieveJoinStream, request(), info)

const state = (values: unknown, more = {}) => ({
  values,
  next: [],
  tasks: [],
  metadata: { run_id: run.runId, source: 'loop' },
  checkpoint: { checkpoint_id: 'own' },
  ...more,
})
const ofRun = (runId: string, more = {}) => ({ metadata: { run_id: runId, source: 'loop', ...more } })
const threadOf = (graph_id: string, thread_id = run.threadId) => ({ thread_id, metadata: { graph_id } })
const origin = { assistantId: 'a-1', graphId: 'trading', continues: false }
const fromStateOf = (more: RetrievalRequest['origin'], resultKeys?: readonly string[]) =>
  inActivity(activitiesOn(server.url).retrieveThreadState, { ...request(resultKeys), origin: { ...origin, ...more } })
const fromStreamOf = (more: RetrievalRequest['origin'], resultKeys?: readonly string[]) =>
  inActivity(activitiesOn(server.url).retrieveStreamValues, { ...request(resultKeys), origin: { ...origin, ...more } })
const metadata: ScriptedEvent = ['metadata', { run_id: run.runId }]
const valuesEvent = (values: unknown): ScriptedEvent => ['values', values]

describe.each(['retrieveStreamValues', 'retrieveThreadState', 'retrieveJoinStream'] as const)('%s', (strategy) => {
  const route = strategy === 'retrieveThreadState' ? 'state' : 'stream'
  const retrieve = (info = {}) => inActivity(activitiesOn(server.url)[strategy], request(), info)

  test.each([
    { fault: 'a reset', answer: reset, type: 'LangGraphUnavailable' },
    { fault: 'a hang', answer: hang, type: 'LangGraphTimeout' },
    { fault: 'headers that come too late', answer: after(2000, json({})), type: 'LangGraphTimeout' },
    { fault: 'an error whose body hangs', answer: pieces(['{'], { end: 'hang' }), type: 'LangGraphTimeout' },
    { fault: 'HTTP 502', answer: text('oops', { status: 502 }), type: 'LangGraphUnavailable', code: 502 },
    { fault: 'HTTP 401', answer: text('no', { status: 401 }), type: 'LangGraphUnauthorized', code: 401 },
    { fault: 'HTTP 422', answer: text('no', { status: 422 }), type: 'LangGraphRefused', code: 422 },
    { fault: 'HTML', answer: text('<html>', { headers: { 'content-type': 'text/html' } }), type: 'LangGraphBadAnswer' },
  ])('fails as $type on $fault', async ({ fault, answer, type, code }) => {
    // To a stream a body of JSON is no stream at all.
    server.on(route, route === 'stream' && fault.includes('body hangs') ? events([metadata], { end: 'hang' }) : answer)
    expect(await failureOf(retrieve(type === 'LangGraphTimeout' ? shortTry : {}))).toMatchObject({
      type,
      nonRetryable: type === 'LangGraphUnauthorized' || type === 'LangGraphRefused',
      details: [code === undefined ? {} : { http_status: code }],
    })
    expect(server.requests.length).toBeLessThan(2)
  })

  test('hands on Retry-After, and is over after one request', async () => {
    server.on(route, text('later', { status: 429, headers: { 'retry-after': '2' } }))
    expect(await failureOf(retrieve())).toMatchObject({
      type: 'LangGraphUnavailable',
      details: [{ http_status: 429, retry_after_ms: 2000 }],
      nextRetryDelay: 2000,
    })
    expect(server.requests).toHaveLength(1)
  })

  test.each([
    { what: 'run', history: json([]), missing: {} },
    { what: 'thread', history: json({ detail: 'gone' }, { status: 404 }), missing: { threadMissing: true } },
  ])('finds nothing if the $what is not there, and says which', async ({ history, missing }) => {
    server.on(route, json({ detail: 'gone' }, { status: 404 })).on('history', history)
    expect(await retrieve()).toEqual({
      found: 'nothing',
      reason: expect.stringContaining('HTTP 404 "gone"'),
      ...missing,
    })
  })

  // A poll has 4 s for each request, too short for 64 MB on a busy machine; so here.
  test.each(['identity', 'gzip'] as const)('refuses more than 64 MB (%s)', async (encoding) => {
    const piece = pieceOf[encoding]
    const { counted, answer } = flood(piece, piece.length * 100_000, {
      'content-type': route === 'stream' ? 'text/event-stream' : 'application/json',
      'content-encoding': encoding,
    })
    server.on(route, answer)
    const failure = await failureOf(retrieve({ startToCloseTimeoutMs: 60_000 }))
    expect(failure).toMatchObject({ type: 'LangGraphAnswerTooLarge', nonRetryable: true })
    expect(failure.message).toContain('larger than 64 MB')
    expect(await server.to(route)[0]?.closed).toBe('aborted')
    // What is under way in sockets and buffers comes on top.
    expect(counted.sent).toBeLessThan(80 * MB)
  })

  test('stops asking at once when it is cancelled', async () => {
    server.on(route, route === 'stream' ? events([metadata, valuesEvent({ a: 1 })], { end: 'hang' }) : hang)
    const { environment } = tryOf({ startToCloseTimeoutMs: 60_000 })
    const ended = environment.run(activitiesOn(server.url)[strategy], request()).catch((error: unknown) => error)
    await vi.waitFor(() => expect(server.to(route)).toHaveLength(1), { timeout: 20_000 })
    environment.cancel()
    expect(await ended).toBeInstanceOf(CancelledFailure)
    expect(await server.to(route)[0]?.closed).toBe('aborted')
  })

  test('does not begin when it is cancelled already', async () => {
    const { environment } = tryOf()
    environment.cancel()
    const ended = environment.run(activitiesOn(server.url)[strategy], request()).catch((error: unknown) => error)
    expect(await ended).toBeInstanceOf(CancelledFailure)
    expect(server.requests).toEqual([])
  })

  test('has what earlier tries left over', { timeout: 20_000 }, async () => {
    server.on(route, hang)
    const now = Date.now()
    const secondTry = {
      startToCloseTimeoutMs: 60_000,
      scheduleToCloseTimeoutMs: 60_000,
      scheduledTimestampMs: now - 59_500,
      currentAttemptScheduledTimestampMs: now,
    }
    expect(await failureOf(retrieve(secondTry))).toMatchObject({ type: 'LangGraphTimeout' })
  })

  test('keeps secrets to itself and to its host', async () => {
    vi.stubEnv('LANGSMITH_API_KEY', 'planted-key')
    const elsewhere = await ScriptedLangGraph.start()
    const echo: Answer = (response) => {
      const echoed = [response.req.headers['x-api-key'], response.req.headers['x-tenant']].join(' ')
      return text(`${echoed} moved`, { status: 307, headers: { location: elsewhere.url } })(response)
    }
    server.on(route, echo, text('planted-key', { status: 404 }))
    const retrieveWithKey = activitiesOn(server.url, { apiKey: 'planted-key', headers: { 'x-tenant': 'planted' } })
    const { environment, logged } = tryOf()
    const failure = await failureOf(environment.run(retrieveWithKey[strategy], request()))
    const nothing = await inActivity(retrieveWithKey[strategy], request())
    await retrieve()
    const [withKey, , withoutKey] = server.to(route)
    expect(failure).toMatchObject({ type: 'LangGraphUnavailable', details: [{ http_status: 307 }] })
    expect(failure.message).toContain('HTTP 307 "[secret] [secret] moved"')
    expect(written([failure, logged, nothing])).not.toContain('planted')
    expect(elsewhere.requests).toEqual([])
    expect(withKey?.headers).toMatchObject({ 'x-api-key': 'planted-key', 'x-tenant': 'planted' })
    expect(withoutKey?.headers).not.toHaveProperty('x-api-key')
    await elsewhere.stop()
  })
})

describe('values', () => {
  const odd = {
    astral: '😀𝒳',
    lone: 'a\uD800b\uDFFF',
    nul: '\u0000\u2028',
    '': 'no name',
    deep: [[[{ a: [null, false] }]]],
    small: 5e-324,
    ['__proto__']: { polluted: true },
  }

  test.each([0, false, 'text', [1, 'two'], { final: null }, odd])('are any JSON: %j', async (values) => {
    server.on('state', json(state(values))).on('stream', events([metadata, valuesEvent(JSON.stringify(values))]))
    expect(await fromState()).toEqual({ found: 'values', values, checkpointId: 'own' })
    expect(await fromStream()).toEqual({ found: 'values', values })
    expect(await fromJoin()).toEqual({ found: 'values', values })
  })

  test.each([null, '', [], {}])('that are empty are nothing: %j', async (values) => {
    server.on('state', json(state(values))).on('stream', events([metadata, valuesEvent(JSON.stringify(values))]))
    const nothing = { found: 'nothing', reason: 'the values are empty' }
    expect([await fromState(), await fromStream(), await fromJoin()]).toEqual([nothing, nothing, nothing])
  })

  test('of 5 MB are measured and stay in LangGraph', async () => {
    const values = { final: 'done', blob: 'ü'.repeat(2.5 * MB) }
    server.on('state', json(state(values))).on('stream', events([metadata, valuesEvent(values)]))
    const bytes = Buffer.byteLength(JSON.stringify(values))
    expect(bytes).toBeGreaterThan(5 * MB)
    expect(await fromState()).toEqual({ found: 'too_large', bytes, checkpointId: 'own' })
    expect(await fromStream()).toEqual({ found: 'too_large', bytes })
    expect(await fromState(['final'])).toEqual({
      found: 'values',
      values: { final: 'done' },
      checkpointId: 'own',
    })
  })

  test.each([
    { over: 0, found: 'values' },
    { over: 1, found: 'too_large' },
  ])('$over bytes over 1.5 MB of JSON are $found', async ({ over, found }) => {
    // The two quotes count.
    server.on('state', json(state('x'.repeat(1.5 * MB - 2 + over))))
    expect(await fromState()).toMatchObject({ found })
  })

  test.each([
    { keys: ['a', 'b', 'absent'], kept: { a: 1, b: null } },
    { keys: ['__proto__'], kept: JSON.parse('{"__proto__":{"polluted":true}}') },
    { keys: [''], kept: { '': 'no name' } },
    { keys: ['toString', 'constructor'], kept: undefined },
    { keys: ['absent'], kept: undefined },
  ])('keep only the fields $keys', async ({ keys, kept }) => {
    const values = JSON.parse('{"a":1,"b":null,"c":3,"":"no name","__proto__":{"polluted":true}}')
    server.on('state', json(state(values))).on('stream', events([metadata, valuesEvent(JSON.stringify(values))]))
    const nothing = { found: 'nothing', reason: `the values have none of the fields ${keys.join(', ')}` }
    expect(await fromStream(keys)).toEqual(kept ? { found: 'values', values: kept } : nothing)
    // `toEqual` sees no field named __proto__.
    expect(JSON.stringify(await fromState(keys))).toContain(JSON.stringify(kept ?? nothing.reason))
  })

  test.each([0, 'text', [1], null])('that are no object have none of the fields: %j', async (values) => {
    server.on('state', json(state(values)))
    expect(await fromState(['a'])).toEqual({ found: 'nothing', reason: 'the values have none of the fields a' })
  })
})

const fromAll = async (keys?: readonly string[]) => [await fromStateOf({}, keys), await fromStreamOf({}, keys)]
const foundValues = (result: unknown) => expect.objectContaining({ found: 'values', values: result })
const streams = (shown: unknown) => server.on('stream', events([metadata, valuesEvent(shown)]))

describe('the output that the graph declares', () => {
  const schema = { output_schema: { type: 'object', properties: { out: {}, never: {} } } }
  const whole = { out: 1, secret_notes: 'x' }
  beforeEach(() => {
    server.on('search', json([])).on('state', json(state(whole)))
  })

  test.each([
    { where: 'as an object', answer: schema },
    {
      where: 'by a reference',
      answer: { output_schema: { $ref: '#/$defs/Out', $defs: { Out: schema.output_schema } } },
    },
  ])('is the result, whatever finds it ($where)', async ({ answer }) => {
    server.on('schemas', json(answer))
    // Some servers stream the output, some the whole state.
    for (const shown of [{ out: 1 }, whole]) {
      streams(shown)
      expect(await fromAll()).toEqual([foundValues({ out: 1 }), foundValues({ out: 1 })])
    }
    expect(server.to('schemas')[0]?.path).toBe('/assistants/a-1/schemas')
  })

  test('is read once for an assistant, also if several wait for it', async () => {
    server.on('schemas', json(schema))
    const { retrieveThreadState } = activitiesOn(server.url)
    const retrieve = (assistantId: string) => inActivity(retrieveThreadState, { ...request(), origin: { assistantId } })
    await Promise.all([retrieve('a-1'), retrieve('a-1')])
    await retrieve('a-1')
    await retrieve('a-2')
    expect(server.to('schemas').map(({ path }) => path)).toEqual(['/assistants/a-1/schemas', '/assistants/a-2/schemas'])
  })

  test.each([
    { what: 'has no schemas', answer: text('', { status: 404 }) },
    { what: 'cannot read them', answer: text('', { status: 500 }) },
    { what: 'takes too long', answer: hang },
    { what: 'declares none', answer: json({ output_schema: null }) },
    { what: 'declares no object', answer: json({ output_schema: { type: 'string' } }) },
  ])('is the whole state if the server $what', async ({ answer }) => {
    server.on('schemas', answer)
    streams(whole)
    expect(await fromAll()).toEqual([foundValues(whole), foundValues(whole)])
  })

  test('is not guessed, so that nothing private is given away, if the server is overloaded', async () => {
    server.on('schemas', text('', { status: 503 }))
    expect(await failureOf(fromStateOf({}))).toMatchObject({ type: 'LangGraphUnavailable' })
  })

  test('does not hide the fields that are asked for, but a stream may', async () => {
    server.on('schemas', json(schema))
    const secret = foundValues({ secret_notes: 'x' })
    const unseen = 'the stream shows the declared output alone, without secret_notes'
    streams({ out: 1 })
    expect(await fromAll(['secret_notes'])).toEqual([secret, { found: 'nothing', reason: unseen }])
    streams(whole)
    expect(await fromAll(['secret_notes'])).toEqual([secret, secret])
    expect(await fromAll(['out', 'never'])).toEqual([foundValues({ out: 1 }), foundValues({ out: 1 })])
  })

  test('may be nothing', async () => {
    server.on('schemas', json({ output_schema: { properties: { never: {} } } }))
    expect(await fromStateOf({})).toEqual({ found: 'nothing', reason: 'the values are empty' })
  })
})

describe('integers beyond 2^53', () => {
  const order = '{"order":{"id":9007199254740993,"count":7},"total":1152921504606846976}'
  const rounded = { order: { id: 9007199254740992, count: 7 }, total: 1152921504606847000 }

  test('are named in values, from wherever they come', async () => {
    const own = JSON.stringify(state(0)).replace('"values":0', `"values":${order}`)
    server.on('state', pieces(own.split(''))).on('stream', events([metadata, valuesEvent(order)]))
    const inexactNumbers = ['order.id', 'total']
    expect(await fromState()).toEqual({ found: 'values', values: rounded, checkpointId: 'own', inexactNumbers })
    expect(await fromStream()).toEqual({ found: 'values', values: rounded, inexactNumbers })
    expect(await fromState(['total'])).toMatchObject({ values: { total: rounded.total }, inexactNumbers: ['total'] })
  })

  test('are named in questions', async () => {
    const asked = `{"__interrupt__":[{"id":"i","value":${order}}]}`
    server.on('stream', events([metadata, valuesEvent(asked)]))
    expect(await fromStream()).toEqual({
      found: 'interrupts',
      interrupts: [{ id: 'i', value: rounded }],
      inexactNumbers: ['interrupts[0].value.order.id', 'interrupts[0].value.total'],
    })
  })

  test('stand in errors as they came', async () => {
    server.on('stream', events([metadata, ['error', '{"code":9007199254740993}']]))
    expect(await fromStream()).toEqual({
      found: 'nothing',
      reason: 'the stream holds an error: {"code":9007199254740993}',
    })
  })
})

describe('thread_state', () => {
  test('asks for the state, and once whether another graph hides the ending', async () => {
    server.on('state', json(state({ final: 1 }))).on('search', json([threadOf('trading')]))
    expect(await fromStateOf({})).toMatchObject({ found: 'values', values: { final: 1 } })
    expect(server.requests.map(({ route }) => route)).toEqual(['schemas', 'state', 'search'])
    expect(server.to('search')[0]?.body).toMatchObject({ ids: [run.threadId], limit: 1 })
    expect(Reflect.get(Object(server.to('search')[0]?.body), 'select')).not.toContain('values')
  })

  test('finds nothing if the thread is read through another graph', async () => {
    // The graph in the checkpoint's own metadata is inherited, or the user's.
    const own = state({ final: 1 }, ofRun(run.runId, { graph_id: 'research' }))
    server.on('state', json(own)).on('search', json([threadOf('research')]))
    const reason =
      'LangGraph reads the thread through another graph ("research"), which hides how this run of "trading" ended'
    expect(await fromStateOf({})).toEqual({ found: 'nothing', reason })
  })

  test.each([
    { search: 'fails', answer: text('no such endpoint', { status: 404 }) },
    { search: 'answers HTML', answer: text('<html>') },
    { search: 'is cut', answer: reset },
    { search: 'finds no thread', answer: json([]) },
    { search: 'answers null', answer: json(null) },
    { search: 'answers no list', answer: json({ threads: [] }) },
    { search: 'names no graph', answer: json([{ thread_id: run.threadId, metadata: {} }]) },
    { search: 'finds another thread', answer: json([threadOf('research', laterRun.threadId)]) },
    { search: 'hangs', answer: hang },
  ])('has the values all the same if that search $search', async ({ answer }) => {
    server.on('state', json(state({ final: 1 }))).on('search', answer)
    expect(await fromStateOf({})).toMatchObject({ found: 'values', values: { final: 1 } })
  })

  test.each([
    { what: 'a later run', more: ofRun(laterRun.runId) },
    { what: 'a hand', more: ofRun(run.runId, { source: 'update' }) },
    { what: 'nobody', more: { metadata: {}, checkpoint: null } },
  ])("looks into the history for the run's own if the state was written by $what", async ({ more }) => {
    server.on('state', json(state({ final: 'not mine' }, more))).on('history', json([state({ final: 'mine' })]))
    expect(await fromState()).toEqual({ found: 'values', values: { final: 'mine' }, checkpointId: 'own' })
    expect(server.to('history')[0]?.body).toMatchObject({ limit: 1, metadata: { run_id: run.runId } })
    expect(server.to('history')[0]?.body).not.toHaveProperty('select')
  })

  test('finds its own also if the server cannot filter', async () => {
    const history = [
      state({ final: 'later' }, ofRun(laterRun.runId)),
      state({ final: 'by hand' }, ofRun(run.runId, { source: 'update' })),
      state({ final: 'mine' }),
      state({ final: 'older' }),
    ]
    server.on('state', json(history[0])).on('history', text('', { status: 500 }), json(history))
    expect(await fromState()).toMatchObject({ found: 'values', values: { final: 'mine' } })
  })

  test('finds its own in the history if the state cannot be read', async () => {
    server.on('state', text('', { status: 500 })).on('history', json([state({ final: 'mine' })]))
    expect(await fromState()).toMatchObject({ found: 'values', values: { final: 'mine' } })
  })

  test('finds the state of the thread if the run had nothing left to do', async () => {
    const earlier = state({ final: 'before' }, ofRun(laterRun.runId))
    const itself = { run_id: run.runId, status: 'success', created_at: '2026-01-01T00:00:00Z' }
    server.on('search', json([])).on('state', json(earlier)).on('history', json([]))
    server.on('runs', json([itself]), json([]), json([itself]), json([]))
    const found = { found: 'values', values: { final: 'before' } }
    expect(await fromStateOf({ continues: true })).toMatchObject(found)
    expect(await fromStateOf({ continues: false })).toMatchObject({ found: 'nothing' })
  })

  test('finds nothing if nothing is its own', async () => {
    const foreign = state({ final: 'later' }, ofRun(laterRun.runId))
    server.on('state', json(foreign)).on('history', json([foreign, state({}, ofRun(run.runId, { source: 'update' }))]))
    expect(await fromState()).toEqual({ found: 'nothing', reason: expect.stringContaining('no checkpoint') })
  })

  test('never takes the values of a run that waits for a human, whatever a later run left in its node', async () => {
    const tasks = [{ name: 'ask', interrupts: [{ id: 'i', value: 'buy?' }] }]
    const waiting = state({ partial: 1 }, { next: ['ask'], tasks })
    const failed = state({ partial: 1 }, { tasks: [{ name: 'ask', error: "ValueError('boom')" }] })
    server.on('state', json(waiting), json(failed))
    expect(await fromState()).toEqual({
      found: 'interrupts',
      interrupts: [{ id: 'i', value: 'buy?', node: 'ask' }],
      next: ['ask'],
    })
    expect(await fromState()).toEqual({ found: 'interrupts', interrupts: [], next: ['ask'] })
  })

  test.each([
    { fault: 'a cut body', answer: pieces(['{"values":'], { end: 'cut' }), type: 'LangGraphUnavailable' },
    { fault: 'truncated JSON', answer: text('{"values":{"final"'), type: 'LangGraphBadAnswer' },
  ])('fails on $fault', async ({ answer, type }) => {
    server.on('state', answer)
    expect(await failureOf(fromState())).toMatchObject({ type, nonRetryable: false })
  })
})

describe('streams', () => {
  test('are replayed from their begin by stream_values, and joined where they are by join_stream', async () => {
    server.on('stream', events([metadata, valuesEvent({ final: 1 })]))
    await fromStream()
    await fromJoin()
    const [replayed, joined] = server.requests
    expect(replayed?.headers).toHaveProperty('last-event-id', '-1')
    expect(joined?.headers).not.toHaveProperty('last-event-id')
    expect(server.requests).toHaveLength(2)
  })

  test('give the last values, never merged', async () => {
    const list = [metadata, valuesEvent({ a: 1, b: { c: 1 } }), valuesEvent({ b: { d: 2 } })]
    server.on('stream', events(list))
    expect(await fromStream()).toEqual({ found: 'values', values: { b: { d: 2 } } })
  })

  test('count events named exactly `values` only', async () => {
    const others: ScriptedEvent[] = ['values|child:1', 'Values', 'updates', 'messages/partial', 'end'].map((event) => [
      event,
      { final: event },
    ])
    server.on('stream', events([metadata, valuesEvent({ final: 'own' }), ...others]), events([metadata, ...others]))
    expect(await fromStream()).toEqual({ found: 'values', values: { final: 'own' } })
    expect(await fromStream()).toEqual({ found: 'nothing', reason: 'the stream held no values' })
  })

  test.each(['\n', '\r\n', '\r'] as const)(
    'may end their lines with %j and spread JSON over several',
    async (newline) => {
      const values = { final: 'done', list: [1, { two: 2 }] }
      server.on('stream', events([metadata, valuesEvent(JSON.stringify(values, null, 2))], { newline }))
      expect(await fromStream()).toEqual({ found: 'values', values })
    },
  )

  test('may come in single bytes, with heartbeats between', async () => {
    const body = `: heartbeat\n\nevent: metadata\ndata: {"run_id":"${run.runId.toUpperCase()}"}\n\n:\n\nevent: values\ndata: {"final":1}\n\n: heartbeat\n\n`
    server.on('stream', pieces(body.split(''), { headers: { 'content-type': 'text/event-stream; charset=utf-8' } }))
    expect(await fromStream()).toEqual({ found: 'values', values: { final: 1 } })
  })

  test('need no metadata: their address is the run', async () => {
    server.on('stream', events([valuesEvent({ final: 1 })]))
    expect(await fromJoin()).toEqual({ found: 'values', values: { final: 1 } })
  })

  test.each([
    { what: 'another run', data: { run_id: laterRun.runId } },
    { what: 'no run', data: {} },
    { what: 'nothing', data: null },
  ])("whose metadata names $what are not the run's, and are left at once", { timeout: 20_000 }, async ({ data }) => {
    server.on('stream', events([['metadata', data], valuesEvent({ final: 1 })], { end: 'hang' }))
    expect(await fromStream(undefined, { startToCloseTimeoutMs: 60_000 })).toEqual({
      found: 'nothing',
      reason: 'the stream belongs to another run',
    })
    expect(await server.to('stream')[0]?.closed).toBe('aborted')
  })

  test.each([
    { data: { error: 'ValueError', message: 'boom' }, says: 'ValueError: boom' },
    { data: 'interrupt', says: 'interrupt' },
    { data: {}, says: '{}' },
  ])('with an error after the values hold no result: $says', async ({ data, says }) => {
    server.on('stream', events([metadata, valuesEvent({ partial: 1 }), ['error', JSON.stringify(data)]]))
    expect(await fromStream()).toEqual({ found: 'nothing', reason: expect.stringContaining(says) })
  })

  test.each([
    { list: [{ id: 'i', value: 'buy?' }], interrupts: [{ id: 'i', value: 'buy?' }] },
    // What a JS server sends at a breakpoint.
    { list: [], interrupts: [] },
  ])('whose last values hold __interrupt__ tell of a run that waits: $list', async ({ list, interrupts }) => {
    server.on('stream', events([metadata, valuesEvent({ partial: 1 }), valuesEvent({ __interrupt__: list })]))
    expect(await fromStream()).toEqual({ found: 'interrupts', interrupts })
  })

  test('with a question hold no result, unless the server began the run again', async () => {
    const asked = [metadata, valuesEvent({ __interrupt__: [{ id: 'i', value: 1 }] }), valuesEvent({ other: 'branch' })]
    server.on('stream', events(asked), events([...asked, metadata, valuesEvent({ final: 1 })]))
    expect(await fromStream()).toEqual({ found: 'interrupts', interrupts: [{ id: 'i', value: 1 }] })
    expect(await fromStream()).toEqual({ found: 'values', values: { final: 1 } })
  })

  test.each([
    { what: 'none at all', list: [] },
    { what: 'metadata only', list: [metadata] },
  ])('without values are nothing: $what', async ({ list }) => {
    server.on('stream', events(list))
    expect(await fromJoin()).toEqual({ found: 'nothing', reason: 'the stream held no values' })
  })

  const whole = [metadata, valuesEvent({ partial: 1 })]
  test.each([
    { fault: 'cut between events', answer: events(whole, { end: 'cut' }), type: 'LangGraphUnavailable' },
    {
      fault: 'cut within an event',
      answer: events(whole, { rest: 'event: val', end: 'cut' }),
      type: 'LangGraphUnavailable',
    },
    {
      fault: 'ended within an event',
      answer: events(whole, { rest: 'event: values\ndata: {"a":1}' }),
      type: 'LangGraphUnavailable',
    },
    {
      fault: 'ended before the empty line',
      answer: events(whole, { rest: 'event: values\ndata: {}\n' }),
      type: 'LangGraphUnavailable',
    },
    { fault: 'hanging after the values', answer: events(whole, { end: 'hang' }), type: 'LangGraphTimeout' },
    { fault: 'of broken JSON', answer: events([metadata, ['values', '{"final":']]), type: 'LangGraphBadAnswer' },
    { fault: 'of JSON, not of events', answer: json({ final: 1 }), type: 'LangGraphBadAnswer' },
    { fault: 'without content', answer: text('', { status: 204 }), type: 'LangGraphBadAnswer' },
  ])('$fault are no answer, whatever they held', async ({ answer, type }) => {
    server.on('stream', answer)
    const info = type === 'LangGraphTimeout' ? ratherShortTry : {}
    expect(await failureOf(fromStream(undefined, info))).toMatchObject({ type, nonRetryable: false })
    expect(server.requests.length).toBeLessThan(2)
  })

  test.each([
    { end: 'cut', path: '/elsewhere' },
    { end: 'whole', path: `/threads/${run.threadId}/runs/${run.runId}/stream` },
  ] as const)('are not followed to a Location when they are $end', async ({ end, path }) => {
    const elsewhere = await ScriptedLangGraph.start()
    const host = end === 'cut' ? elsewhere.url : ''
    server
      .on('stream', events(whole, { end, headers: { location: `${host}${path}` } }))
      .on('run', json({ status: 'running' }))
    const answer = await fromStream().catch((error: unknown) => error)
    expect(answer).toMatchObject(end === 'cut' ? { type: 'LangGraphUnavailable' } : { found: 'values' })
    expect(server.requests).toHaveLength(1)
    expect(elsewhere.requests).toEqual([])
    await elsewhere.stop()
  })

  test('that are open by the fifty keep no other call waiting', async () => {
    server.on('stream', hang).on('run', json({ status: 'running' }))
    const activities = activitiesOn(server.url)
    const tries = Array.from({ length: 50 }, () => tryOf({ startToCloseTimeoutMs: 60_000 }))
    const joins = tries.map(({ environment }) =>
      environment.run(activities.retrieveJoinStream, request()).catch((error: unknown) => error),
    )
    await vi.waitFor(() => expect(server.to('stream')).toHaveLength(50), { timeout: 20_000 })
    expect(await inActivity(activities.getRunStatus, run)).toEqual({ status: 'running' })
    for (const { environment } of tries) environment.cancel()
    expect(await Promise.all(joins)).toEqual(tries.map(() => expect.any(CancelledFailure)))
  })
})
