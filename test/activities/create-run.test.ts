import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CreateRunRequest } from '../../src/domain/creation.ts'
import { after, events, hang, json, reset, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'
import { activitiesOn, failureOf, inActivity, newRun, shortTry } from './in-activity.ts'

const threadId = randomUUID()
const ours = randomUUID()
const key = 'default/order/4711'
const run = { assistantId: 'trading', multitaskStrategy: 'reject' } as const
const request: CreateRunRequest = { deployment: 'default', threadId, key, run }
const longTry = { startToCloseTimeoutMs: 20_000 }

let server: ScriptedLangGraph
beforeEach(async () => {
  server = await ScriptedLangGraph.start()
  server.on('create', json({ run_id: ours })).on('state', json({}))
})
afterEach(() => server.stop())

const create = (more: Partial<CreateRunRequest> = {}, info: object = longTry) =>
  inActivity(activitiesOn(server.url).createRun, { ...request, ...more }, info)

interface Listed {
  readonly runId?: string
  readonly status?: string
  readonly n?: number
  readonly key?: string
  readonly hash?: string
}
const listed = ({ runId = randomUUID(), status = 'success', n = 1, key: itsKey, hash }: Listed) => ({
  run_id: runId,
  status,
  created_at: new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString(),
  metadata: {
    ...(itsKey !== undefined && { temporal_workflow: itsKey }),
    ...(hash !== undefined && { temporal_workflow_request: hash }),
  },
})
/** Page after page; the last one is empty. */
const pages = (...of: readonly (readonly Listed[])[]) =>
  server.on('runs', ...of.map((page) => json(page.map(listed))), json([]))
const nobody = () => pages()
/** What was asked to be created. */
const sent = () => server.to('create')[0]?.body
const busyText = 'Thread is already running a task.'

describe('a creation', () => {
  test('sends what was asked for and the key, once, and says so', async () => {
    nobody()
    const options = {
      ...run,
      input: { symbol: 'AAPL' },
      config: { tags: ['x'] },
      context: { user: 'u' },
      metadata: { team: 'research' },
      interruptBefore: ['trade'],
      interruptAfter: '*',
      durability: 'sync',
      streamResumable: true,
      afterSeconds: 5,
      webhook: 'https://example.com/hook',
    } as const
    expect(await create({ run: options })).toEqual({ kind: 'created', threadId, runId: ours })
    expect(server.to('create').map(({ path, body }) => ({ path, body }))).toEqual([
      {
        path: `/threads/${threadId}/runs`,
        body: {
          assistant_id: 'trading',
          input: { symbol: 'AAPL' },
          config: { tags: ['x'], metadata: { temporal_workflow: key, temporal_workflow_request: expect.any(String) } },
          context: { user: 'u' },
          metadata: { team: 'research', temporal_workflow: key, temporal_workflow_request: expect.any(String) },
          interrupt_before: ['trade'],
          interrupt_after: '*',
          durability: 'sync',
          stream_resumable: true,
          multitask_strategy: 'reject',
          after_seconds: 5,
          if_not_exists: 'create',
          webhook: 'https://example.com/hook',
        },
      },
    ])
  })

  test('derives the thread from the namespace, the deployment and the workflow id', async () => {
    nobody()
    const { threadId: _, ...withoutThread } = request
    const of = (workflowNamespace: string, workflowId: string) =>
      inActivity(activitiesOn(server.url).createRun, withoutThread, {
        ...longTry,
        workflowNamespace,
        workflowExecution: { workflowId, runId: randomUUID() },
      })
    const ids = await Promise.all([of('a', 'w1'), of('a', 'w1'), of('b', 'w1'), of('a', 'w2')])
    const threads = ids.map((creation) => creation.threadId)
    expect(threads[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/)
    expect(threads[1]).toBe(threads[0])
    expect(new Set(threads).size).toBe(3)
  })

  test.each(['../../x', '', 'a', 5, null])('an answer that names %j names no run, and one may exist', async (runId) => {
    nobody()
    server.on('create', json({ run_id: runId }))
    await expect(create()).rejects.toMatchObject({ message: expect.stringContaining('names no run') })
  })

  test('creates the thread that is not there', async () => {
    server.on('runs', text('Thread not found', { status: 404 }))
    expect(await create()).toMatchObject({ kind: 'created', runId: ours })
  })

  test('finds what an earlier try has created, on whatever page, and creates nothing', async () => {
    const found = randomUUID()
    pages([{ n: 1 }, { n: 2 }], [{ n: 3, key: 'default/other' }], [{ n: 4, runId: found, key }])
    expect(await create()).toEqual({ kind: 'created', threadId, runId: found })
    expect(server.to('create')).toEqual([])
    expect(server.to('runs').map(({ query }) => query.get('offset'))).toEqual(['0', '2', '3', '4'])
  })

  test('marks the run with a hash of the request, by which another request under the same key is told apart', async () => {
    nobody()
    await create()
    const hash: unknown = Reflect.get(Object(Reflect.get(Object(sent()), 'metadata')), 'temporal_workflow_request')
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    const found = randomUUID()
    pages([{ key, runId: found, hash: String(hash) }])
    expect(await create()).toEqual({ kind: 'created', threadId, runId: found })
    pages([{ key, runId: found, hash: 'of another request' }])
    expect(await create()).toEqual({ kind: 'foreign', threadId, runId: found })
  })

  test('takes the oldest of several runs with the key: later ones have it from the thread', async () => {
    const found = randomUUID()
    pages([
      { n: 9, key },
      { n: 2, runId: found, key },
    ])
    expect(await create()).toMatchObject({ runId: found })
  })

  test('takes the one that was made first, although a later one begins before it', async () => {
    const [first, second] = ['0199a1b2-c3d4-7e5f-8a9b-000000000001', '0199a1b2-c3d5-7e5f-8a9b-000000000002']
    pages([
      { n: 9, runId: first, key },
      { n: 2, runId: second, key },
    ])
    expect(await create()).toMatchObject({ runId: first })
  })

  test('looks, and creates nothing, if it is only to find', async () => {
    nobody()
    expect(await create({ findOnly: true })).toEqual({ kind: 'not_found', threadId })
    expect(server.to('create')).toEqual([])
  })

  describe('that the server refuses', () => {
    test.each([
      { status: 400, says: 'bad' },
      { status: 404, says: 'No assistant found for "trading"' },
      { status: 413, says: 'too large' },
      { status: 422, says: 'Invalid assistant' },
    ])('with $status is refused, with its words', async ({ status, says }) => {
      nobody()
      server.on('create', json({ detail: says }, { status }))
      expect(await create()).toEqual({ kind: 'refused', threadId, reason: expect.stringContaining(says) })
    })

    test.each([409, 422])('with %s because another run is active is busy, and names it', async (status) => {
      const other = randomUUID()
      server.on('runs', json([]), json([listed({ runId: other, status: 'running' })]), json([]))
      server.on('create', json({ detail: busyText }, { status }))
      const reason = expect.stringMatching(new RegExp(`${other} is still active on the thread: .*${busyText}`))
      expect(await create()).toEqual({ kind: 'busy', threadId, reason })
    })

    test.each([
      { what: 'that came and ended meanwhile', before: [], after: [{}] },
      { what: 'that has ended meanwhile', before: [{ status: 'running' }], after: [{}] },
      { what: 'that was rolled back meanwhile', before: [{ status: 'running' }], after: [] },
    ])('with 422 because of a run $what is busy', async ({ before, after: later }) => {
      const other = { runId: randomUUID() }
      const page = (runs: readonly Listed[]) => json(runs.map((run) => listed({ ...other, ...run })))
      // A list ends with a page that has no news.
      server.on('runs', page(before), ...(before.length > 0 ? [json([])] : []), page(later), json([]))
      server.on('create', json({ detail: busyText }, { status: 422 }))
      const reason = expect.stringMatching(new RegExp(`^a run was active on the thread: .*${busyText}`))
      expect(await create()).toEqual({ kind: 'busy', threadId, reason })
      expect(server.to('create')).toHaveLength(1)
    })

    test('with 422 on a thread whose runs have all ended long ago is refused', async () => {
      const ended = listed({})
      server.on('runs', json([ended]), json([]), json([ended]), json([]))
      server.on('create', json({ detail: 'Invalid assistant' }, { status: 422 }))
      expect(await create()).toMatchObject({ kind: 'refused' })
    })

    test('because its own run exists already finds it', async () => {
      server.on('runs', json([]), json([listed({ runId: ours, status: 'running', key })]), json([]))
      server.on('create', json({ detail: busyText }, { status: 409 }))
      expect(await create()).toEqual({ kind: 'created', threadId, runId: ours })
    })

    test.each([409, 422])(
      'with %s may have created one if the next look fails: a proxy delivers twice',
      async (status) => {
        server.on('runs', json([]), text('down', { status: 503 }))
        server.on('create', json({ detail: busyText }, { status }))
        const failure = await failureOf(create())
        expect(failure).toMatchObject({ type: 'LangGraphUnavailable', details: [{ creation_sent: true }] })
        expect(Reflect.get(Object(failure.details?.[0]), 'may_arrive_for_ms')).toBeGreaterThan(4000)
      },
    )

    test.each([400, 401, 403, 404, 413, 422])(
      'with %s finds its own run, which the first of two copies has created',
      async (status) => {
        server.on('runs', json([]), json([listed({ runId: ours, status: 'running', key })]), json([]))
        server.on('create', json({ detail: 'no' }, { status }))
        expect(await create()).toEqual({ kind: 'created', threadId, runId: ours })
      },
    )

    test('on a thread of its own finds that run also where runs show no marks', async () => {
      const { metadata: _, ...unmarked } = listed({ runId: ours, status: 'running' })
      server.on('runs', json([]), json([unmarked]), json([]))
      server.on('run', json({ run_id: ours, input: { symbol: 'AAPL' } }))
      server.on('create', json({ detail: busyText }, { status: 409 }))
      const { threadId: __, ...onOwnThread } = { ...request, run: { ...run, input: { symbol: 'AAPL' } } }
      const found = await inActivity(activitiesOn(server.url).createRun, onOwnThread, longTry)
      expect(found).toMatchObject({ kind: 'created', runId: ours })
    })

    test('with 404 after a try without an answer is not the end, if no thread is there: it may be another server', async () => {
      server.on('runs', json({ message: 'Not Found' }, { status: 404 }))
      server.on('create', json({ message: 'Not Found' }, { status: 404 }))
      expect(await create()).toMatchObject({ kind: 'refused' })
      expect(await failureOf(create({ mayExist: true }))).toMatchObject({ details: [{ creation_sent: true }] })
    })

    test('with 401 fails, as one that certainly created nothing', async () => {
      nobody()
      server.on('create', text('no', { status: 401 }))
      const failure = await failureOf(create())
      expect(failure).toMatchObject({ type: 'LangGraphUnauthorized', nonRetryable: true })
      expect(failure.details?.[0]).not.toHaveProperty('creation_sent')
    })
  })

  const unanswered: { what: string; answer: Answer; type: string; info?: object }[] = [
    { what: 'a reset connection', answer: reset, type: 'LangGraphUnavailable' },
    { what: 'a 502', answer: text('bad gateway', { status: 502 }), type: 'LangGraphUnavailable' },
    { what: 'no JSON', answer: text('<html>'), type: 'LangGraphBadAnswer' },
    { what: 'an answer without a run', answer: json({}), type: 'LangGraphBadAnswer' },
    { what: 'nothing', answer: hang, type: 'LangGraphTimeout', info: shortTry },
  ]
  test.each(unanswered)('that is answered with $what may have created a run', async ({ answer, type, info }) => {
    nobody()
    server.on('create', answer)
    const failure = await failureOf(create({}, info))
    expect(failure).toMatchObject({ type, details: [{ creation_sent: true }] })
    const waitMs = Number(Reflect.get(Object(failure.details?.[0]), 'may_arrive_for_ms'))
    // What is left of the 6 s in which the request may still arrive.
    expect(waitMs).toBeGreaterThan(4000)
    expect(waitMs).toBeLessThanOrEqual(6000)
    expect(server.to('create')).toHaveLength(1)
  })

  test('that is told to come back in an hour may arrive no longer than any other', async () => {
    nobody()
    server.on('create', text('busy', { status: 503, headers: { 'retry-after': '3600' } }))
    const [details] = (await failureOf(create())).details ?? []
    expect(details).toMatchObject({ creation_sent: true, retry_after_ms: 3_600_000 })
    expect(Number(Reflect.get(Object(details), 'may_arrive_for_ms'))).toBeLessThanOrEqual(6000)
  })

  test('that could not even look has certainly created nothing', async () => {
    server.on('runs', text('down', { status: 503 }))
    const failure = await failureOf(create())
    expect(failure).toMatchObject({ type: 'LangGraphUnavailable', details: [{ http_status: 503 }] })
    expect(server.to('create')).toEqual([])
  })

  test('does not wait for a list that hangs until Temporal cuts it off', async () => {
    server.on('runs', after(60_000, json([])))
    expect(await failureOf(create({}, shortTry))).toMatchObject({ type: 'LangGraphTimeout' })
  })
})

describe('a run that continues another one', () => {
  const earlier = randomUUID()
  const continues = (more: object = {}): Partial<CreateRunRequest> => ({
    key: `${key}#1`,
    run: { continues: earlier, resume: { i1: 'yes' }, ...more },
  })
  const metadata = { team: 'research', created_by: 'system', assistant_id: 'a-1', temporal_workflow: key }
  const earlierRun = (kwargs: object) =>
    server.on('run', json({ run_id: earlier, assistant_id: 'a-1', kwargs, metadata }))

  test('has its options, without what the server put there, and the answer', async () => {
    pages([{ runId: earlier, key }])
    earlierRun({
      input: { symbol: 'AAPL' },
      interrupt_before: ['trade'],
      interrupt_after: null,
      resumable: true,
      durability: 'exit',
      context: {},
      webhook: 'https://example.com/hook',
      stream_mode: ['updates'],
      subgraphs: true,
      config: {
        tags: ['x'],
        recursion_limit: 30,
        max_concurrency: 3,
        run_name: 'trade',
        run_id: earlier,
        metadata: { team: 'r', graph_id: 'g', temporal_workflow: key, langgraph_version: '1', run_attempt: 1 },
        configurable: {
          model: 'm',
          run_id: earlier,
          thread_id: threadId,
          graph_id: 'g',
          assistant_id: 'a-1',
          user_id: '',
          'user-agent': 'node',
          langgraph_auth_user: null,
          __request_start_time_ms__: 1,
          checkpoint_id: 'c',
        },
      },
    })
    expect(await create(continues())).toEqual({ kind: 'created', threadId, runId: ours })
    expect(sent()).toEqual({
      assistant_id: 'a-1',
      command: { resume: { i1: 'yes' } },
      config: {
        tags: ['x'],
        recursion_limit: 30,
        max_concurrency: 3,
        run_name: 'trade',
        metadata: { team: 'r', temporal_workflow: `${key}#1` },
        configurable: { model: 'm' },
      },
      stream_mode: ['updates'],
      stream_subgraphs: true,
      webhook: 'https://example.com/hook',
      interrupt_before: ['trade'],
      durability: 'exit',
      stream_resumable: true,
      multitask_strategy: 'reject',
      if_not_exists: 'create',
      metadata: { team: 'research', temporal_workflow: `${key}#1` },
    })
  })

  test('has its integers as they came, however large', async () => {
    pages([{ runId: earlier, key }])
    const order = '9007199254740993'
    server.on('run', text(`{"run_id":"${earlier}","kwargs":{"config":{"configurable":{"order":${order}}}}}`))
    await create(continues())
    expect(server.to('create')[0]?.text).toContain(`"configurable":{"order":${order}}`)
  })

  test('has its context instead of configurable fields: a server refuses both', async () => {
    pages([{ runId: earlier, key }])
    earlierRun({ context: { model: 'm' }, config: { configurable: { model: 'm' } } })
    await create(continues())
    expect(sent()).toMatchObject({ context: { model: 'm' } })
    expect(sent()).not.toHaveProperty('config.configurable')
  })

  const asked = { interrupts: [{ id: 'i1', value: { q: 1 }, node: 'ask' }], next: ['ask'] }
  /** The thread's newest state, written by hand. */
  const editedState = (interrupts: readonly object[], next: readonly string[] = ['ask']) =>
    server.on(
      'state',
      json({
        next,
        tasks: next.map((name) => ({ name, interrupts })),
        metadata: { source: 'update', run_id: earlier },
      }),
    )

  test('gives the answer under the id that the question has after an edit of the state', async () => {
    pages([{ runId: earlier, key }])
    earlierRun({})
    editedState([{ id: 'new', value: { q: 1 } }])
    await create(continues({ asked }))
    expect(sent()).toMatchObject({ command: { resume: { new: 'yes' } } })
  })

  test.each([
    { what: 'asks something else', interrupts: [{ id: 'new', value: { q: 2 } }], next: ['ask'] },
    { what: 'asks nothing', interrupts: [], next: [] },
  ])('is not created if the edited state $what', async ({ interrupts, next }) => {
    pages([{ runId: earlier, key }])
    earlierRun({})
    editedState(interrupts, next)
    const now = { interrupts: interrupts.map((interrupt) => ({ ...interrupt, node: 'ask' })), next }
    expect(await create(continues({ asked }))).toEqual({ kind: 'edited', threadId, now })
    expect(server.to('create')).toEqual([])
  })

  test('is created past a breakpoint at which the state was edited', async () => {
    pages([{ runId: earlier, key }])
    earlierRun({})
    editedState([])
    const breakpoint = { continues: earlier, asked: { interrupts: [], next: ['ask'] } }
    expect(await create({ key: `${key}#1`, run: breakpoint })).toMatchObject({ kind: 'created' })
  })

  test('continues past a breakpoint without an answer', async () => {
    pages([{ runId: earlier, key }])
    earlierRun({})
    await create({ key: `${key}#1`, run: { continues: earlier } })
    expect(sent()).toMatchObject({ input: null })
    expect(sent()).not.toHaveProperty('command')
  })

  test.each([
    { what: 'resumes', input: null, resumes: true },
    { what: 'started over', input: { symbol: 'B' }, resumes: false },
  ])('is not created after a run of somebody else, which $what', async ({ input, resumes }) => {
    const later = randomUUID()
    pages([
      { runId: earlier, n: 1, key },
      { runId: later, n: 2, key },
    ])
    const first = json({ run_id: earlier, kwargs: { input: { symbol: 'A' } } })
    const second = json({ run_id: later, kwargs: { input } })
    server.on('run', second, first, second)
    const by = { runId: later, resumes }
    expect(await create(continues())).toEqual({ kind: 'overtaken', threadId, by })
    expect(server.to('run')[0]?.path).toBe(`/threads/${threadId}/runs/${later}`)
    expect(sent()).toBeUndefined()
  })

  test('is found if an earlier try has created it', async () => {
    pages([
      { runId: earlier, n: 1, key },
      { runId: ours, n: 2, key: `${key}#1` },
    ])
    expect(await create(continues())).toEqual({ kind: 'created', threadId, runId: ours })
    expect(server.to('create')).toEqual([])
  })

  test('may have been created if the server refuses it, and a run that came after is gone when it is looked at', async () => {
    const before = json([listed({ runId: earlier, n: 1 })])
    const after = json([listed({ runId: earlier, n: 1 }), listed({ n: 2, status: 'running' })])
    // A list ends with a page that has no news.
    server.on('runs', before, json([]), after, json([]))
    server.on('run', json({ run_id: earlier, kwargs: {} }), text('Run not found', { status: 404 }))
    server.on('create', json({ detail: busyText }, { status: 409 }))
    const failure = await failureOf(create(continues()))
    expect(failure).toMatchObject({ type: 'RunNotFound', details: [{ creation_sent: true }] })
  })
})

describe('a look for a later run', () => {
  const watched = { ...newRun(), threadId }
  const asked = { interrupts: [{ id: 'i1', value: 'buy?', node: 'ask' }], next: ['ask'] }
  const next = randomUUID()
  const later = () => inActivity(activitiesOn(server.url).findLaterRun, { ...watched, asked }, longTry)
  const resuming = () => server.on('run', json({ run_id: next, kwargs: { input: null } }))

  test('finds the first that came after', async () => {
    pages([{ n: 3 }, { n: 2, runId: next }, { n: 1, runId: watched.runId }, { n: 0 }])
    resuming()
    expect(await later()).toEqual({ kind: 'later', by: { runId: next, resumes: true } })
  })

  test('finds none if it is the last', async () => {
    pages([{ n: 0 }, { n: 1, runId: watched.runId }])
    expect(await later()).toEqual({ kind: 'none' })
  })

  test('knows its own creation, which a proxy has delivered twice', async () => {
    pages([
      { n: 1, runId: watched.runId, key },
      { n: 2, runId: next, key },
    ])
    server.on('run', json({ run_id: next, assistant_id: 'a-1', kwargs: { input: { symbol: 'AAPL' } } }))
    expect(await later()).toEqual({ kind: 'later', by: { runId: next, resumes: false, isOwn: true } })
  })

  test('takes a run with another input for one of somebody else, even if it has the key from the thread', async () => {
    pages([
      { n: 1, runId: watched.runId, key },
      { n: 2, runId: next, key },
    ])
    const [first, second] = ['AAPL', 'MSFT'].map((symbol) =>
      json({ assistant_id: 'a-1', kwargs: { input: { symbol } } }),
    )
    if (first && second) server.on('run', second, first, second)
    expect(await later()).toEqual({ kind: 'later', by: { runId: next, resumes: false } })
  })

  test.each([
    { what: 'asks the same under the same id', id: 'i1', value: 'buy?', kind: 'none' },
    { what: 'asks the same under another id', id: 'i2', value: 'buy?', kind: 'edited' },
    { what: 'asks something else', id: 'i2', value: 'sell?', kind: 'edited' },
  ])('of a thread whose state was edited sees that it $what', async ({ id, value, kind }) => {
    pages([{ n: 1, runId: watched.runId }])
    const tasks = [{ name: 'ask', interrupts: [{ id, value }] }]
    server.on('state', json({ next: ['ask'], tasks, metadata: { source: 'update' } }))
    expect(await later()).toMatchObject({ kind })
  })

  test('passes over one that has not begun', async () => {
    pages([
      { n: 1, runId: watched.runId },
      { n: 2, status: 'pending' },
      { n: 3, runId: next },
    ])
    resuming()
    expect(await later()).toEqual({ kind: 'later', by: { runId: next, resumes: true } })
  })

  test.each(['interrupted', 'error'])('passes over one that ended as %s before it began', async (status) => {
    pages([
      { n: 1, runId: watched.runId },
      { n: 2, status },
    ])
    server.on('history', json([])).on('thread', json({})).on('stream', events([]))
    server.on('state', json({ next: ['ask'], tasks: [{ name: 'ask' }], metadata: { run_id: watched.runId } }))
    expect(await later()).toEqual({ kind: 'none' })
  })

  test('is asked again if whether one had begun could not be read', async () => {
    pages([
      { n: 1, runId: watched.runId },
      { n: 2, status: 'error' },
    ])
    const asked = json({ next: ['ask'], tasks: [{ name: 'ask' }], metadata: { run_id: watched.runId } })
    server.on('history', json([])).on('state', text('', { status: 503 }), asked)
    await expect(later()).rejects.toThrow('HTTP 503')
    expect(server.to('stream')).toEqual([])
  })

  test('finds one that failed with the answer before it wrote a checkpoint', async () => {
    const runs = json([listed({ n: 1, runId: watched.runId }), listed({ n: 2, runId: next, status: 'error' })])
    server.on('runs', runs, json([]), runs, json([]))
    const tasks = [{ name: 'ask', error: 'broker down' }]
    server.on('history', json([])).on('state', json({ next: [], tasks, metadata: { run_id: watched.runId } }))
    resuming()
    expect(await later()).toEqual({ kind: 'later', by: { runId: next, resumes: true } })
  })

  test.each(['interrupted', 'error'])('finds one that began and ended as %s', async (status) => {
    pages([
      { n: 1, runId: watched.runId },
      { n: 2, runId: next, status },
    ])
    const own = { values: {}, next: ['ask'], tasks: [{ name: 'ask', error: 'boom' }], metadata: { run_id: next } }
    server.on('history', json([own]))
    resuming()
    expect(await later()).toEqual({ kind: 'later', by: { runId: next, resumes: true } })
  })

  test.each([
    { what: 'the run', runs: [{ n: 5 }], history: json([]), missing: {} },
    { what: 'the thread', runs: [], history: json({}, { status: 404 }), missing: { threadMissing: true } },
    { what: 'perhaps the thread', runs: [], history: json({}, { status: 503 }), missing: { threadMissing: true } },
  ])('says that $what is gone', async ({ runs, history, missing }) => {
    pages(runs)
    server.on('history', history)
    expect(await later()).toEqual({ kind: 'gone', ...missing })
  })

  test('asks for no inputs, and does without that if a server refuses', async () => {
    server.on('runs', text('select?', { status: 422 }), json([listed({ runId: watched.runId })]), json([]))
    expect(await later()).toEqual({ kind: 'none' })
    const [asked, again] = server.to('runs').map(({ query }) => query.getAll('select').join())
    expect(asked).toBe('run_id,status,metadata,created_at')
    expect(again).toBe('')
  })

  test('takes the 404 of a proxy that has no server behind it for no word on the run', async () => {
    server.on('runs', text('404 page not found', { status: 404 }))
    expect(await failureOf(later())).toMatchObject({ type: 'LangGraphUnavailable', nonRetryable: false })
  })

  test('fails if the answer is not a list', async () => {
    server.on('runs', json({ detail: 'hello' }))
    expect(await failureOf(later())).toMatchObject({ type: 'LangGraphBadAnswer' })
  })
})

describe('a cancellation', () => {
  const cancelled = { ...newRun(), action: 'rollback' } as const
  const cancel = () => inActivity(activitiesOn(server.url).cancelRun, cancelled, longTry)

  test('asks for the action and does not wait', async () => {
    server.on('cancel', text('', { status: 202 }))
    await cancel()
    const [asked] = server.to('cancel')
    expect(asked?.path).toBe(`/threads/${cancelled.threadId}/runs/${cancelled.runId}/cancel`)
    expect(Object.fromEntries(asked?.query ?? [])).toMatchObject({ wait: '0', action: 'rollback' })
  })

  test('of a run that is not there, or has ended, is not a failure', async () => {
    server.on('cancel', text('not found', { status: 404 }))
    await expect(cancel()).resolves.toBeUndefined()
  })

  test('fails if the server does', async () => {
    server.on('cancel', text('down', { status: 503 }))
    expect(await failureOf(cancel())).toMatchObject({ type: 'LangGraphUnavailable', nonRetryable: false })
  })
})
