import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CreateRunRequest } from '../../src/domain/creation.ts'
import { json, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import { activitiesOn, failureOf, inActivity, newRun } from './in-activity.ts'

// A server whose records hold what a run was given, and how it ended, beside each other. Some drop what they do not know.

const run = newRun()
const { threadId, runId } = run
const key = 'default/order/4711'
const longTry = { startToCloseTimeoutMs: 20_000, workflowExecution: { workflowId: 'order/4711', runId: randomUUID() } }
let server: ScriptedLangGraph
beforeEach(async () => {
  server = await ScriptedLangGraph.start()
})
afterEach(() => server.stop())

const record = (more: object = {}) => ({
  run_id: randomUUID(),
  assistant_id: '7ff3bf35-0000-4000-8000-000000000000',
  status: 'success',
  input: { symbol: 'AAPL' },
  output: null,
  error_message: null,
  config: {},
  context: {},
  created_at: '2026-11-28T15:52:23.840733Z',
  ...more,
})
/** A thread with these runs, which are also asked for one by one, in this order. */
const runs = (...records: readonly object[]) =>
  server.on('runs', json(records), json([])).on('run', ...records.map((one) => json(one)))
const activities = () => activitiesOn(server.url)
const look = () => inActivity(activities().findLaterRun, { ...run, asked: { interrupts: [], next: ['ask'] } }, longTry)
const poll = () => inActivity(activities().getRunStatus, run, longTry)
const retrieve = () => inActivity(activities().retrieveThreadState, { ...run, origin: { holdsOutput: true } }, longTry)
/** The run's own checkpoint. */
const own = (more: object = {}) => ({ next: ['ask'], tasks: [], metadata: { run_id: runId }, ...more })
const ended = (more: object) => server.on('run', json(record({ run_id: runId, ...more })))
const withStrategy = (multitaskStrategy: 'enqueue' | 'interrupt' | 'rollback') => ({
  run: { assistantId: 'trading', multitaskStrategy },
})

describe('a creation', () => {
  const request: CreateRunRequest = {
    deployment: 'default',
    threadId,
    key,
    run: { assistantId: 'trading', input: { symbol: 'AAPL' }, multitaskStrategy: 'reject' },
  }
  const create = (more: Partial<CreateRunRequest> = {}) =>
    inActivity(activities().createRun, { ...request, ...more }, longTry)
  const onOwnThread = (more: Partial<CreateRunRequest>) => {
    const { threadId: _, ...withoutThread } = { ...request, ...more }
    return inActivity(activities().createRun, withoutThread, longTry)
  }
  const created = randomUUID()
  beforeEach(() => server.on('create', json(record({ run_id: created }))))

  test('finds its run by the mark in the configuration', async () => {
    runs(record(), record({ run_id: runId, config: { metadata: { temporal_workflow: key } } }))
    expect(await create()).toEqual({ kind: 'created', threadId, runId })
    expect(server.to('create')).toEqual([])
  })

  test("keeps the caller's own metadata in the configuration", async () => {
    runs()
    await create({
      run: { ...request.run, assistantId: 'trading', multitaskStrategy: 'reject', config: { metadata: { team: 'x' } } },
    })
    expect(server.to('create')[0]?.body).toMatchObject({ config: { metadata: { team: 'x', temporal_workflow: key } } })
  })

  test.each([undefined, withStrategy('enqueue')])(
    'waits for a run that is active: the server would not',
    async (more) => {
      runs(record({ run_id: runId, status: 'running' }))
      expect(await create(more)).toEqual({
        kind: 'busy',
        threadId,
        reason: `run ${runId} is still active on the thread`,
      })
      expect(server.to('create')).toEqual([])
    },
  )

  test.each(['interrupt', 'rollback'] as const)('to %s a run that is active is refused', async (strategy) => {
    runs(record({ run_id: runId, status: 'running' }))
    const reason = expect.stringContaining(`would leave run ${runId} active`)
    expect(await create(withStrategy(strategy))).toEqual({ kind: 'refused', threadId, reason })
    expect(server.to('create')).toEqual([])
  })

  describe('after one without an answer', () => {
    test('takes the only run of its own thread that looks like it', async () => {
      runs(record({ run_id: runId }))
      expect(await onOwnThread({ mayExist: true })).toMatchObject({ kind: 'created', runId })
      expect(server.to('create')).toEqual([])
    })

    test('says that a run may have been created if several look like it, or others use the thread', async () => {
      const [first = '', second = ''] = [randomUUID(), randomUUID()].toSorted()
      runs(record({ run_id: first }), record({ run_id: second }))
      const several = await onOwnThread({ mayExist: true })
      runs(record({ run_id: first }))
      const shared = await create({ mayExist: true })
      expect(several).toMatchObject({ kind: 'unproven', reason: expect.stringContaining(`${first} or ${second}`) })
      expect(shared).toMatchObject({ kind: 'unproven', threadId, reason: expect.stringContaining(first) })
      expect(server.to('create')).toEqual([])
    })

    test.each([
      { what: 'had another input', of: { input: { symbol: 'MSFT' } } },
      { what: 'shows the marks that it has', of: { metadata: {} } },
      { what: 'is of another workflow', of: { config: { metadata: { temporal_workflow: 'default/other' } } } },
    ])('creates one although there is a run that $what', async ({ of }) => {
      runs(record(of))
      expect(await create({ mayExist: true })).toEqual({ kind: 'created', threadId, runId: created })
    })
  })

  test('without an earlier one creates a run beside one that looks like it', async () => {
    runs(record())
    expect(await create()).toEqual({ kind: 'created', threadId, runId: created })
  })

  test('that continues a run waits until its thread has ended too: the server would refuse the answer', async () => {
    runs(record({ run_id: runId }))
    server.on('thread', json({ status: 'busy' }))
    const creation = await create({ run: { continues: runId, resume: { i1: 'yes' } } })
    expect(creation).toEqual({ kind: 'busy', threadId, reason: 'its last run is still ending' })
    expect(server.to('create')).toEqual([])
  })

  test('that continues a run has its options', async () => {
    const context = { model: 'big' }
    runs(record({ run_id: runId, context, config: { tags: ['x'], recursion_limit: 30, configurable: context } }))
    server.on('thread', json({ status: 'interrupted' })).on('state', json({}))
    await create({ run: { continues: runId, resume: { i1: 'yes' } } })
    expect(server.to('create')[0]?.body).toMatchObject({ context, config: { tags: ['x'], recursion_limit: 30 } })
    expect(server.to('create')[0]?.body).not.toHaveProperty('config.configurable')
  })
})

test('a list of runs that is too large is asked for in smaller pages', async () => {
  const large = json(Array.from({ length: 70 }, () => record({ output: { blob: 'x'.repeat(1_000_000) } })))
  server.on('runs', large, json([record({ run_id: runId })]), json([])).on('state', json({}))
  expect(await look()).toEqual({ kind: 'none' })
  expect(server.to('runs').map(({ query }) => query.get('limit'))).toEqual(['100', '10', '100'])
})

describe('a look for a later run', () => {
  const later = record({ run_id: randomUUID(), created_at: '2026-11-28T15:52:24Z' })
  const thread = (input: object) =>
    server.on('runs', json([record({ run_id: runId }), later]), json([])).on('run', json({ ...later, input }))

  test('knows one with an input as one that started over', async () => {
    thread({ symbol: 'MSFT' })
    expect(await look()).toEqual({ kind: 'later', by: { runId: later.run_id, resumes: false } })
  })

  test('knows its own creation, delivered twice, by key and input', async () => {
    const config = { metadata: { temporal_workflow: key } }
    const [first, second] = [record({ run_id: runId, config }), { ...later, config }]
    server.on('runs', json([first, second]), json([])).on('run', json(second), json(first), json(second))
    const own = await look()
    server
      .on('runs', json([first, second]), json([]))
      .on('run', json(second), json(first), json({ ...second, input: {} }))
    const foreign = await look()
    expect(own).toEqual({ kind: 'later', by: { runId: later.run_id, resumes: false, isOwn: true } })
    expect(foreign).toEqual({ kind: 'later', by: { runId: later.run_id, resumes: false } })
  })

  test.each([
    { source: 'input', resumes: false },
    { source: 'loop', resumes: true },
  ])('tells an empty input from none by its checkpoint: $source', async ({ source, resumes }) => {
    thread({})
    server.on('history', json([{ metadata: { run_id: later.run_id, source } }]))
    expect(await look()).toEqual({ kind: 'later', by: { runId: later.run_id, resumes } })
  })
})

describe('a poll', () => {
  test('has the error of a failed run although no checkpoint can be read', async () => {
    ended({ status: 'error', error_message: 'Recursion limit of 1 reached' })
    server.on('history', text('down', { status: 503 })).on('state', text('down', { status: 503 }))
    expect(await poll()).toMatchObject({ status: 'error', ending: { error: 'Recursion limit of 1 reached' } })
  })

  test("takes only its own error's name from the checkpoint", async () => {
    ended({ status: 'error', error_message: 'attempt 1 failed' })
    const errors = ['attempt 1', 'attempt 2'].map((attempt) => `ValueError('${attempt} failed')`)
    server.on('history', ...errors.map((error) => json([own({ tasks: [{ name: 'ask', error }] })])))
    const looks = [await poll(), await poll()]
    expect(looks.map(({ ending }) => Reflect.get(Object(ending), 'error'))).toEqual([
      'ValueError: attempt 1 failed',
      'attempt 1 failed',
    ])
  })

  test.each([
    { what: 'succeeded', of: { output: { final: 'done' } }, at: { next: [] }, status: 'success' },
    { what: 'failed', of: { error_message: 'boom', output: {} }, at: {}, status: 'error' },
  ])('of a run that had $what before it was cancelled shows so', async ({ of, at, status }) => {
    ended({ status: 'interrupted', ...of })
    server.on('history', json([own(at)]))
    expect(await poll()).toMatchObject({ status })
  })

  test('has all questions that were asked at once, also if the record holds one of them', async () => {
    const questions = [
      { id: 'i1', value: 'first?' },
      { id: 'i2', value: 'second?' },
    ]
    const tasks = questions.map((question, n) => ({ name: `ask${n}`, interrupts: [question] }))
    ended({ status: 'interrupted', output: { __interrupt__: questions.slice(1) } })
    server.on('history', json([own({ next: ['ask0', 'ask1'], tasks })])).on('runs', json([{ run_id: runId }]), json([]))
    expect(await poll()).toMatchObject({
      ending: { interrupts: [{ value: 'first?' }, { value: 'second?', node: 'ask1' }] },
    })
  })

  test('never takes the question of a later run for its own', async () => {
    ended({ status: 'interrupted', output: { __interrupt__: [{ id: 'i1', value: 'q0' }] } })
    server.on('history', json([own({ tasks: [{ name: 'ask', interrupts: [{ id: 'i1', value: 'q1' }] }] })]))
    expect(await poll()).toMatchObject({ ending: { next: [], interrupts: [{ id: 'i1', value: 'q0' }] } })
  })

  test.each([
    { what: 'waits', thread: 'interrupted', interrupts: [{ value: 'q0' }] },
    { what: 'was cancelled', thread: 'idle', interrupts: [] },
  ])('of a run without output, on a thread that is $thread: it $what', async ({ thread, interrupts }) => {
    ended({ status: 'interrupted', output: {} })
    const at = own({ tasks: [{ name: 'ask', interrupts: [{ id: 'i1', value: 'q0' }] }] })
    server
      .on('history', json([at]))
      .on('state', json(at))
      .on('thread', json({ status: thread }))
    server.on('runs', json([{ run_id: runId }]), json([]))
    const { ending } = await poll()
    expect(ending).toMatchObject({ kind: 'known', next: ['ask'] })
    expect(ending).toHaveProperty(
      'interrupts',
      interrupts.map((asked) => expect.objectContaining(asked)),
    )
  })

  test('of a run that may have asked, and was continued since, says that nobody can tell', async () => {
    ended({ status: 'interrupted', output: { symbol: 'AAPL' } })
    server.on('history', json([])).on('thread', json({ status: 'idle' }))
    server.on('runs', json([record({ run_id: runId }), record({ created_at: '2026-11-28T16:00:00Z' })]), json([]))
    expect(await poll()).toMatchObject({
      ending: { kind: 'hidden', reason: 'a later run may have answered its question' },
    })
  })
})

describe('a retrieval', () => {
  const assistant_id = 'a-1'
  const state = {
    values: { symbol: 'AAPL' },
    next: [],
    metadata: { run_id: runId },
    checkpoint: { checkpoint_id: 'c' },
  }
  const values = (output: object | null) =>
    server.on('run', json(record({ run_id: runId, assistant_id, output }))).on('state', json(state))

  test("has the record's values, of which the checkpoint may show a part", async () => {
    values({ symbol: 'AAPL', final: 'done' })
    expect(await retrieve()).toEqual({
      found: 'values',
      values: { symbol: 'AAPL', final: 'done' },
      checkpointId: 'c',
    })
  })

  test.each([
    { last: { assistant_id }, found: 'values' },
    { last: { assistant_id: 'a-2', graph_id: 'other' }, found: 'nothing' },
    { last: {}, found: 'nothing' },
  ])("has the checkpoint's only if the thread's last run was of the same graph: $found", async ({ last, found }) => {
    values({})
    server.on('thread', json({ metadata: last }))
    server.on('assistant', json({ graph_id: 'work' }))
    expect(await retrieve()).toMatchObject({ found })
  })
})

test('a rollback that the server does not have is refused, and not asked for again', async () => {
  server.on('cancel', json({ detail: "String should match pattern '^(cancel|interrupt)$'" }, { status: 422 }))
  const failure = await failureOf(inActivity(activities().cancelRun, { ...run, action: 'rollback' }, longTry))
  expect(failure).toMatchObject({
    type: 'LangGraphRefused',
    message: `the server refuses to roll back run ${runId}: cancel it with the action "interrupt"`,
    nonRetryable: true,
  })
})
