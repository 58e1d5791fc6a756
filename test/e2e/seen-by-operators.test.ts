import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import type { LogEntry } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { ExecuteRunInput, WatchRunInput } from '../../src/client.ts'
import { createActivities, createDeployments } from '../../src/activities/index.ts'
import { workflowTypes } from '../../src/domain/contract.ts'
import { present } from '../../src/domain/json.ts'
import { searchAttributes } from '../../src/domain/state.ts'
import type { WatchState } from '../../src/domain/state.ts'
import { payloadOptions } from '../support/encryption.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { OwnNamespace } from '../support/own-namespace.ts'
import { json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

const logged: LogEntry[] = []
Runtime.install({
  logger: new DefaultLogger('INFO', (entry) => logged.push(entry)),
  telemetryOptions: { logging: { filter: 'ERROR' } },
})

const patience = { timeout: 40_000, interval: 50 }
const names = Object.values(searchAttributes)
const aapl = { symbol: 'AAPL' }
const long = { ...aapl, seconds: 600 }

let namespace: OwnNamespace
let langGraph: LangGraphRuns
let proxy: TcpProxy
const closings: (() => Promise<void>)[] = []

async function scripted(): Promise<ScriptedLangGraph> {
  const server = await ScriptedLangGraph.start()
  closings.push(() => server.stop())
  return server
}

async function openNamespace(): Promise<OwnNamespace> {
  const opened = await OwnNamespace.open()
  closings.unshift(() => opened.close())
  return opened
}

/** Faults that a real server does not have on demand: a deployment each. */
const servers = new Map<string, ScriptedLangGraph>()
function serverOf(name: string): ScriptedLangGraph {
  const server = servers.get(name)
  if (!server) throw new Error(`no deployment ${name}`)
  return server
}

beforeAll(async () => {
  langGraph = new LangGraphRuns(inject('langGraphUrl'))
  for (const name of ['busy', 'away', 'slow', 'empty', 'late']) servers.set(name, await scripted())
  proxy = await TcpProxy.start(inject('langGraphUrl'))
  closings.push(() => proxy.stop())
  namespace = await openNamespace()
  await namespace.startWorker({
    servers: [
      { name: 'default', url: inject('langGraphUrl'), linkTemplate: 'https://eu.example/{threadId}' },
      { name: 'proxied', url: proxy.url },
      ...[...servers].map(([name, { url }]) => ({ name, url })),
    ],
  })
})

afterAll(async () => {
  for (const close of closings) await close()
})

type Watched = Partial<WatchRunInput>

function watch(run: { threadId: string; runId: string }, options: Watched = {}): Promise<WorkflowHandle> {
  return namespace.runs.startWatch({ pollInterval: '1s', ...options, ...run })
}

function execute(input: Partial<ExecuteRunInput>): Promise<WorkflowHandle> {
  return namespace.runs.startExecution(`order/${randomUUID()}`, {
    assistantId: 'work',
    pollInterval: '1s',
    input: aapl,
    ...input,
  })
}

/** A run that only a scripted server knows. */
function unknownRun() {
  return { threadId: randomUUID(), runId: randomUUID() }
}

/** The one word is the same in the progress, the memo, the search attribute, and what a query finds. */
async function untilSeenAs(state: WatchState, { workflowId }: WorkflowHandle, where = namespace): Promise<object> {
  const shown = { progress: state, memo: state, attribute: state, found: [workflowId] }
  await vi.waitFor(async () => {
    const [{ state: progress }, { memo, attributes }, found] = await Promise.all([
      where.runs.progress({ workflowId }),
      where.seen(workflowId),
      where.found(`LangGraphState = '${state}' AND WorkflowId = '${workflowId}'`),
    ])
    expect({ progress, memo: memo?.['state'], attribute: attributes['LangGraphState'], found }).toEqual(shown)
  }, patience)
  const { memo = {} } = await where.seen(workflowId)
  expect(memo['state_since'] ?? '2026-01-01T00:00:00.000Z').toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  return memo
}

/** What the Web UI shows of it now. */
async function detailsOf(handle: WorkflowHandle): Promise<string> {
  const { currentDetails = '' } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')
  return currentDetails
}

const running = json({ status: 'running' })
const refused = json({ detail: 'away' }, { status: 503 })

describe.concurrent('a watch is seen', () => {
  test('as `waiting`, and then as `success`, by its run, its thread and its assistant', async () => {
    const handle = await execute({ input: { ...aapl, seconds: 2 } })
    const { workflowId } = handle
    const memo = await untilSeenAs('waiting', handle)
    const { attributes } = await namespace.seen(workflowId)
    const { thread_id, run_id } = await namespace.runs.progress({ workflowId })
    expect(attributes).toEqual({
      LangGraphThread: thread_id,
      LangGraphRun: run_id,
      LangGraphAssistant: 'work',
      LangGraphState: 'waiting',
    })
    expect(memo).toMatchObject({ deployment: 'default', thread_id, run_id, assistant: 'work' })
    expect(await namespace.found(`LangGraphAssistant = 'work' AND LangGraphThread = '${thread_id}'`)).toEqual([
      workflowId,
    ])
    await handle.result()
    expect(await untilSeenAs('success', handle)).not.toHaveProperty('error')
  })

  test('as `creating` while its thread is busy', async () => {
    const server = serverOf('busy')
    server.on('thread', json({})).on('runs', json([{ run_id: randomUUID(), status: 'running' }]))
    server.on('create', json({ detail: 'Thread is already running a task' }, { status: 409 }))
    const { threadId } = unknownRun()
    const handle = await execute({ deployment: 'busy', threadId, maxPollTime: '1 day' })
    expect(await untilSeenAs('creating', handle)).toMatchObject({ thread_id: threadId, deployment: 'busy' })
  })

  test('as `outage` after three polls without an answer, until one comes', async () => {
    const server = serverOf('away')
    server.on('run', running, refused)
    const handle = await watch(unknownRun(), { deployment: 'away', maxPollTime: '1 day' })
    await untilSeenAs('waiting', handle)
    expect(await untilSeenAs('outage', handle)).toMatchObject({ error: expect.stringContaining('503') })
    server.on('run', running)
    expect(await untilSeenAs('waiting', handle)).not.toHaveProperty('error')
  })

  test('as `human` with what is asked, and after the answer no longer', async () => {
    const handle = await execute({ assistantId: 'human', onInterrupt: 'wait' })
    expect(await untilSeenAs('human', handle)).toMatchObject({ question: 'question: buy AAPL?' })
    await namespace.runs.resume({ workflowId: handle.workflowId }, { value: 'yes' })
    await handle.result()
    expect(await untilSeenAs('success', handle)).not.toHaveProperty('question')
  })

  test('as `human` with the questions that are still open, and no longer as that once all are answered', async () => {
    const handle = await execute({ assistantId: 'two_humans', onInterrupt: 'wait', maxPollTime: '1 day' })
    const { workflowId } = handle
    expect(await untilSeenAs('human', handle)).toMatchObject({ question: '1. first?\n2. second?' })
    const [first] = (await namespace.runs.progress({ workflowId })).interrupts ?? []
    const before = await namespace.upserts(workflowId)
    await namespace.runs.resume({ workflowId }, { value: 'yes', ...present({ interruptId: first?.id }) })

    expect(await untilSeenAs('human', handle)).toMatchObject({ question: 'second?' })
    expect(await detailsOf(handle)).toContain('second?')
    expect(await detailsOf(handle)).not.toContain('first?')
    const { memo, attributes } = before
    expect(await namespace.upserts(workflowId)).toMatchObject({ memo: memo + 1, attributes })

    await namespace.runs.resume({ workflowId }, { value: 'yes' })
    await handle.result()
    expect(await untilSeenAs('success', handle)).not.toHaveProperty('question')
  })

  test('no longer as `human` once all is answered, although the answer cannot be given to LangGraph yet', async () => {
    const handle = await execute({ deployment: 'proxied', assistantId: 'human', onInterrupt: 'wait' })
    await untilSeenAs('human', handle)
    await proxy.refuse()
    const resumed = namespace.runs.resume({ workflowId: handle.workflowId }, { value: 'yes' })
    expect(await untilSeenAs('outage', handle)).not.toHaveProperty('question')
    await proxy.accept()
    expect(await resumed).toMatchObject({ open_interrupts: 0 })
    await handle.result()
    expect(await untilSeenAs('success', handle)).not.toHaveProperty('question')
  })

  test('as `retrieving` once a second round is needed', async () => {
    const server = serverOf('slow')
    const run = unknownRun()
    server
      .on('run', json({ run_id: run.runId, status: 'success' }))
      .on('history', json([]))
      .on('state', refused)
    server.on('stream', refused)
    const handle = await watch(run, { deployment: 'slow', retrievalTimeout: '1h' })
    expect(await untilSeenAs('retrieving', handle)).toHaveProperty('state', 'retrieving')
  })

  test('as `no_result` with the reason', async () => {
    const server = serverOf('empty')
    const run = unknownRun()
    server
      .on('run', json({ run_id: run.runId, status: 'success', kwargs: { resumable: false } }))
      .on('history', json([]))
    server.on('state', json({}))
    const handle = await watch(run, { deployment: 'empty', retrievalOrder: ['thread_state'] })
    await handle.result()
    expect(await untilSeenAs('no_result', handle)).toMatchObject({ error: expect.stringContaining('thread_state') })
  })

  test('as `timeout` if LangGraph ended the run at its limit', async () => {
    const server = serverOf('late')
    const run = unknownRun()
    server
      .on('run', json({ run_id: run.runId, status: 'timeout' }))
      .on('history', json([]))
      .on('state', json({}))
    const handle = await watch(run, { deployment: 'late' })
    await handle.result()
    expect(await untilSeenAs('timeout', handle)).toHaveProperty('state', 'timeout')
  })

  test.each(['return', 'fail'] as const)('as `error`, with `onUnsuccessful: %s`', async (onUnsuccessful) => {
    const handle = await watch(await langGraph.create('fail', aapl), { onUnsuccessful })
    await handle.result().catch(() => undefined)
    expect(await untilSeenAs('error', handle)).toMatchObject({ error: 'ValueError: boom for AAPL' })
  })

  test('as `interrupted`', async () => {
    const handle = await watch(await langGraph.create('human', aapl))
    await handle.result()
    expect(await untilSeenAs('interrupted', handle)).toHaveProperty('state', 'interrupted')
  })

  test('as `cancelled` if its run was cancelled', async () => {
    const handle = await execute({ input: long })
    await untilSeenAs('waiting', handle)
    await namespace.runs.cancelRun({ workflowId: handle.workflowId })
    await handle.result()
    expect(await untilSeenAs('cancelled', handle)).toHaveProperty('state', 'cancelled')
  })

  test('as `cancelled` if its workflow was cancelled', async () => {
    const handle = await watch(await langGraph.create('work', long), { pollInterval: '1h', maxPollTime: '1 day' })
    await untilSeenAs('waiting', handle)
    await handle.cancel()
    await handle.result().catch(() => undefined)
    await untilSeenAs('cancelled', handle)
    expect((await namespace.seen(handle.workflowId)).status).toBe('CANCELLED')
  })

  test('as `polling_timeout`', async () => {
    const handle = await watch(await langGraph.create('work', long), { maxPollTime: '1s' })
    await handle.result()
    expect(await untilSeenAs('polling_timeout', handle)).toMatchObject({ error: expect.stringContaining('1.0s') })
  })

  test('as `polling_error` for a run that nobody knows', async () => {
    const handle = await watch(unknownRun())
    await handle.result()
    expect(await untilSeenAs('polling_error', handle)).toHaveProperty('state', 'polling_error')
  })

  test('as `polling_error` if its id belongs to another request', async () => {
    const workflowId = `order/${randomUUID()}`
    const input = { assistantId: 'work', input: aapl, threadId: randomUUID() }
    await namespace.runs.execute(workflowId, input)
    // Temporal would know the first workflow; LangGraph alone does not, since the key is the id's.
    const handle = await namespace.client.workflow.start(workflowTypes.executeRun, {
      taskQueue: namespace.taskQueue,
      workflowId,
      args: [{ ...input, input: { symbol: 'MSFT' } }],
    })
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'DifferentRequest' } })
    expect(await untilSeenAs('polling_error', handle)).toMatchObject({ error: expect.stringContaining(workflowId) })
  })
})

describe('what it costs', () => {
  test('two events if the run has ended, and three if it is running', async () => {
    const ended = await langGraph.ended('work', aapl)
    const atOnce = await watch(ended)
    await atOnce.result()
    expect(await namespace.upserts(atOnce.workflowId)).toMatchObject({ memo: 1, attributes: 1 })

    const later = await watch(await langGraph.create('work', { ...aapl, seconds: 2 }))
    await later.result()
    expect(await namespace.upserts(later.workflowId)).toMatchObject({ memo: 1, attributes: 2 })
  })

  test('one more for starters that give no memo', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 2 })
    const workflowId = `order/${randomUUID()}`
    const { taskQueue, client } = namespace
    const options = { taskQueue, workflowId, args: [{ ...run, pollInterval: '1s' }] }
    const handle = await client.workflow.start(workflowTypes.watchRun, options)
    await untilSeenAs('waiting', handle)
    await handle.result()
    expect(await namespace.upserts(workflowId)).toMatchObject({ memo: 2, attributes: 2 })
  })

  test('nothing for a single look', async () => {
    const run = await langGraph.ended('work', aapl)
    await namespace.runs.retrieve(run)
    const [workflowId = ''] = await namespace.found(`WorkflowType = 'retrieveRunResult'`)
    expect(await namespace.upserts(workflowId)).toMatchObject({ memo: 0, attributes: 0 })
  })
})

test('the Web UI shows at the start what it is, and later what to do and where else to look', async () => {
  const handle = await execute({ assistantId: 'human', onInterrupt: 'wait' })
  const { workflowId } = handle
  const { staticSummary, staticDetails } = await handle.describe().then(async (described) => ({
    staticSummary: await described.staticSummary(),
    staticDetails: await described.staticDetails(),
  }))
  expect(staticSummary).toBe(`human on default: ${workflowId}`)
  expect(staticDetails).toContain(`langgraph-runs resume --id ${workflowId}`)
  await untilSeenAs('human', handle)
  const details = await detailsOf(handle)
  const { thread_id } = await namespace.runs.progress({ workflowId })
  expect(details).toMatch(/^\*\*Answer it\*\*: `langgraph-runs resume --id order/)
  expect(details).toContain(`[eu.example](https://eu.example/${thread_id})`)
})

test('continue-as-new keeps the memo and the attributes, without an event', async () => {
  const run = await langGraph.create('work', long)
  const handle = await watch(run, { pollInterval: '1h', maxPollTime: '1 day' })
  const { workflowId } = handle
  await untilSeenAs('waiting', handle)
  const before = await namespace.seen(workflowId)
  const { runId } = await namespace.client.workflow.getHandle(workflowId).describe()
  await Promise.all(Array.from({ length: 550 }, () => handle.signal('of a stranger', 'x'.repeat(4096))))
  await vi.waitFor(async () => {
    expect((await namespace.client.workflow.getHandle(workflowId).describe()).runId).not.toBe(runId)
    expect(await namespace.runs.progress({ workflowId })).toMatchObject({ phase: 'waiting' })
  }, patience)
  expect(await namespace.seen(workflowId)).toEqual(before)
  expect(await namespace.upserts(workflowId)).toMatchObject({ memo: 0, attributes: 0 })
})

async function watchIn(own: OwnNamespace) {
  const handle = await own.runs.startWatch({
    ...(await langGraph.create('work', { ...aapl, seconds: 1 })),
    pollInterval: '1s',
  })
  await handle.result()
  return own.seen(handle.workflowId)
}

describe('a namespace', () => {
  const server = { name: 'default', url: '' }

  test('without the attributes gets them once a worker starts, and without them again is not stuck', async () => {
    const own = await openNamespace()
    const away = await scripted()
    away.on('run', running)
    await own.startWorker({ servers: [{ ...server, url: away.url }] })
    await vi.waitFor(
      async () => expect(Object.keys(await own.attributeTypes())).toEqual(expect.arrayContaining(names)),
      patience,
    )
    const handle = await own.runs.startWatch({ ...unknownRun(), pollInterval: '1s', maxPollTime: '1 day' })
    await untilSeenAs('waiting', handle, own)

    await own.removeAttributes(names)
    away.on('run', refused)

    expect(await untilSeenAs('outage', handle, own)).toHaveProperty('state', 'outage')
  })

  test('whose attributes were removed for good has watches that end, or continue as new, all the same', async () => {
    const own = await openNamespace()
    const server = await scripted()
    server.on('run', running)
    await own.startWorker({ servers: [{ name: 'default', url: server.url }] })
    await vi.waitFor(
      async () => expect(Object.keys(await own.attributeTypes())).toEqual(expect.arrayContaining(names)),
      patience,
    )
    const handle = await own.runs.startWatch({ ...unknownRun(), pollInterval: '1h', maxPollTime: '1 day' })
    const left = await own.runs.startWatch({ ...unknownRun(), pollInterval: '1h', onCancel: 'leave' })
    for (const one of [handle, left]) await untilSeenAs('waiting', one, own)
    const { workflowId } = handle
    const { runId } = await own.client.workflow.getHandle(workflowId).describe()

    await own.removeAttributes(names)
    await own.addAttributes(Array.from({ length: 10 }, (_, n) => `Own${n}`))
    await left.cancel()
    await Promise.all(Array.from({ length: 550 }, () => handle.signal('of a stranger', 'x'.repeat(4096))))

    await vi.waitFor(async () => {
      expect((await own.client.workflow.getHandle(workflowId).describe()).runId).not.toBe(runId)
      expect(await own.runs.progress({ workflowId })).toMatchObject({ phase: 'waiting' })
      expect(await own.seen(left.workflowId)).toMatchObject({ status: 'CANCELLED', memo: { state: 'cancelled' } })
    }, patience)
  })

  test('that loses them while a watch takes its next step holds it, until somebody has added them again', async () => {
    const own = await openNamespace()
    const flapping = await scripted()
    const run = unknownRun()
    flapping.on('run', running, ...Array.from({ length: 50 }, () => [refused, refused, refused, running]).flat())
    await own.addAttributes(names)
    const servers = [{ name: 'default', url: flapping.url }]
    // No activity learns that they are gone.
    const searchAttributes = { exist: () => Promise.resolve(true) }
    await own.startWorker(
      { servers, searchAttributes: false },
      createActivities(createDeployments(servers), { searchAttributes }),
    )
    const handle = await own.runs.startWatch({ ...run, pollInterval: '1s', maxPollTime: '1 day' })
    const { workflowId } = handle
    await untilSeenAs('waiting', handle, own)

    await own.removeAttributes(names)
    const isHeld = async () => {
      expect(await own.refusals(workflowId)).toContainEqual(expect.stringContaining('BadSearchAttributes'))
      expect((await own.seen(workflowId)).status).toBe('RUNNING')
    }
    await vi.waitFor(isHeld, patience)
    flapping.on('run', json({ run_id: run.runId, status: 'timeout' }))
    flapping.on('history', json([])).on('state', json({}))
    await own.addAttributes(names)

    expect(await handle.result()).toMatchObject({ status: 'timeout' })
    await untilSeenAs('timeout', handle, own)
  })

  test.each([
    {
      what: 'has one of another type',
      arrange: (own: OwnNamespace) => own.addAttributes(['LangGraphState'], 3),
      reason: /not of type Keyword: LangGraphState/,
    },
    {
      what: 'has no room for them',
      arrange: (own: OwnNamespace) => own.addAttributes(Array.from({ length: 10 }, (_, n) => `Own${n}`)),
      reason: /missing: LangGraphThread, .*; they cannot be added: /,
    },
  ])('that $what is served by the memo alone, and the log says what to do', async ({ arrange, reason }) => {
    const own = await openNamespace()
    await arrange(own)
    await own.startWorker({ servers: [{ ...server, url: inject('langGraphUrl') }] })
    const { memo, attributes } = await watchIn(own)
    expect({ memo, attributes }).toMatchObject({ memo: { state: 'success' }, attributes: {} })
    expect(attributes).toEqual({})
    const warnings = logged.filter(
      ({ message, meta }) => message === 'watches go without search attributes' && meta?.['namespace'] === own.name,
    )
    expect(warnings.map(({ meta }) => meta)).toEqual([
      {
        namespace: own.name,
        reason: expect.stringMatching(reason),
        remedy: expect.stringContaining(`temporal operator search-attribute create --namespace ${own.name} --name`),
        orElse: 'SEARCH_ATTRIBUTES=off',
      },
    ])
  })

  test('is left as it is if they are switched off', async () => {
    const own = await openNamespace()
    await own.startWorker({ servers: [{ ...server, url: inject('langGraphUrl') }], searchAttributes: false })
    expect(await watchIn(own)).toMatchObject({ memo: { state: 'success' }, attributes: {} })
    expect(Object.keys(await own.attributeTypes()).filter((name) => name.startsWith('LangGraph'))).toEqual([])
  })
})

test('every history replays without a difference', async () => {
  const workflowBundle = { codePath: inject('workflowBundle') }
  const ids = await namespace.found(`ExecutionStatus != 'Running'`)
  expect(ids.length).toBeGreaterThan(10)
  for (const id of ids) {
    const history = await namespace.client.workflow.getHandle(id).fetchHistory()
    await expect(Worker.runReplayHistory({ workflowBundle, ...payloadOptions }, history, id)).resolves.toBeUndefined()
  }
})
