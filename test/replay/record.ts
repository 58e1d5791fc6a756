import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { activityInfo } from '@temporalio/activity'
import { Client } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { bundleWorkflowCode, Worker } from '@temporalio/worker'
import { startDevServer, startTimeSkippingServer } from '../../dev/embedded-temporal.ts'
import type { Activities, DiagnosisActivities, NotifyActivities, ShownActivities } from '../../src/activities/index.ts'
import { timed } from '../../src/activities/time-limit.ts'
import type { Retrieved } from '../../src/domain/retrieved.ts'
import { BackgroundRuns } from '../../src/client.ts'
import type { ExecuteRunInput, RunInput, WatchProgress, WatchRunInput } from '../../src/client.ts'
import {
  langGraphFailureTypes,
  traceHeader,
  wakeHint,
  watchWorkflowId,
  workflowTypes,
} from '../../src/domain/contract.ts'
import type { Creation, LaterRun } from '../../src/domain/creation.ts'
import type { Polled, RunLook, Shown } from '../../src/domain/run.ts'
import { present } from '../../src/domain/json.ts'
import { searchAttributeNames, keywordType } from '../../src/domain/state.ts'
import { QueryFirst } from '../support/query-first.ts'

/**
 * `npm run record:histories`: records one history of every shape that a workflow can have, for `replay.test.ts`.
 *
 * They are those of version 0.1.0. From then on the recorded files stay: a change that breaks their replay breaks the watches
 * that are open in production. Record again only what is new: `npm run record:histories -- NAME …`.
 */
const folder = new URL('histories/', import.meta.url)
const run: RunInput = {
  threadId: '0199a1b2-c3d4-7e5f-8a9b-000000000001',
  runId: '0199a1b2-c3d4-7e5f-8a9b-000000000002',
}
const fixed = { pollInterval: '10s' } as const

const success: RunLook = {
  status: 'success',
  updatedAt: '2026-01-01T00:00:00.000Z',
  resumable: true,
  ending: { kind: 'known', next: [], interrupts: [], checkpointId: 'checkpoint' },
}
const running: RunLook = { status: 'running', updatedAt: '2026-01-01T00:00:00.000Z', resumable: true }
const swept: Polled = { ...running, swept: true }
const unnamed: Polled = { ...swept, isRunUnnamed: true }
const ended = (look: Partial<RunLook>): RunLook => ({ ...success, ...look })
const many = (count: number, look: RunLook) => Array.from({ length: count }, () => look)
const failing = (type: string, message: string, more: object = {}) => {
  const details = [{ retry_after_ms: 3000, ...more }]
  const failure = ApplicationFailure.create({ type, message, nonRetryable: true, details })
  // A stack would hold paths of the machine that records.
  failure.stack = message
  return failure
}
const unavailable = () => failing(langGraphFailureTypes.unavailable, 'no connection')

/** What the activities answer, one after the other; the last answer stays. An error is thrown. */
interface Script {
  readonly looks: readonly (Polled | Error)[]
  /** What the tries to create a run come to; the last one stays. */
  readonly creations?: readonly (Creation | Error)[]
  /** What somebody else has made of the thread. */
  readonly later?: LaterRun
  readonly stream?: Retrieved | Error
  readonly state?: Retrieved | Error
  /** What every answer says may be shown. */
  readonly shown?: Shown
}

interface Shape extends Script {
  /** Drives the workflow to its end. Default: a watch, awaited. */
  readonly play?: (runs: BackgroundRuns, handle: WorkflowHandle) => Promise<unknown>
  readonly input?: Partial<WatchRunInput>
  readonly start?: (runs: BackgroundRuns) => Promise<unknown>
}

const values = { found: 'values', values: { signal: 'BUY' } } as const
const nothing = { found: 'nothing', reason: 'the stream held no values' } as const

const trace = defaultPayloadConverter.toPayload({ traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` })
const { threadId, runId } = run
const followUp = '0199a1b2-c3d4-7e5f-8a9b-000000000003'
const secondFollowUp = '0199a1b2-c3d4-7e5f-8a9b-000000000004'
const retry = { maximumAttempts: 3 } as const
const boom = ended({
  status: 'error',
  ending: { kind: 'known', next: ['model'], interrupts: [], error: 'ModelError: overloaded' },
})
const asking = ended({ ending: { kind: 'known', next: ['ask'], interrupts: [{ id: 'i1', value: 'sure?' }] } })
const created = (id = runId): Creation => ({ kind: 'created', threadId, runId: id })
const unanswered = () => {
  const details = [{ creation_sent: true, may_arrive_for_ms: 6000 }]
  const failure = ApplicationFailure.create({ type: langGraphFailureTypes.timeout, message: 'no answer', details })
  failure.stack = failure.message
  return failure
}
const askingTwice = ended({
  ending: {
    kind: 'known',
    next: ['ask'],
    interrupts: [
      { id: 'i1', value: 'sure?' },
      { id: 'i2', value: 'how many?' },
    ],
  },
})
/** As workers say it that keep all there is, and as those that also notify somebody. */
const shown: Shown = { memo: true, searchAttributes: true, links: ['https://pages.example/of-the-run'] }
const notified: Shown = { ...shown, notifies: true }
const outage = (outageNotice?: string) =>
  failing(langGraphFailureTypes.unavailable, 'no connection', { shown: { ...notified, ...present({ outageNotice }) } })
const execute = (name: string, input: Partial<ExecuteRunInput> = {}) => {
  const request = { assistantId: 'agent', threadId, ...input }
  return (ofRuns: BackgroundRuns): Promise<unknown> => ofRuns.execute(`recorded/${name}`, request)
}

const shapes: Record<string, Shape> = {
  'found-at-once': { looks: [success], stream: values },
  polled: { looks: [running, running, success], stream: values, input: fixed },
  'polled-with-growing-interval': { looks: [...many(8, running), success], stream: values },
  'polls-failed': { looks: [running, unavailable(), unavailable(), success], stream: values, input: fixed },
  'ending-unreadable': {
    looks: [ended({ ending: { kind: 'unreadable', reason: 'HTTP 500' } })],
    stream: values,
    input: fixed,
  },
  'swept-and-woken': {
    looks: [swept, success],
    stream: values,
    input: { maxPollTime: '1 day' },
    play: async (runs, handle) => {
      await untilPolls(runs, 1)
      await runs.wake(run)
      await handle.result()
    },
  },
  woken: {
    looks: [running, running, success],
    stream: values,
    input: { pollInterval: '1h', maxPollTime: 'none' },
    play: async (runs, handle) => {
      await untilPolls(runs, 1)
      await runs.wake(run)
      await untilPolls(runs, 2)
      await runs.wake(run)
      await handle.result()
    },
  },
  'fell-back': { looks: [success], stream: nothing, state: values },
  'fell-back-after-failure': { looks: [success], stream: unavailable(), state: values },
  'nothing-found': { looks: [success], stream: nothing, state: nothing },
  'retrieval-timed-out': {
    looks: [success],
    stream: unavailable(),
    state: unavailable(),
    input: { retrievalTimeout: '5s' },
  },
  'too-large': { looks: [success], stream: nothing, state: { found: 'too_large', bytes: 5_000_000 } },
  interrupted: {
    looks: [
      ended({ ending: { kind: 'known', next: ['ask'], interrupts: [{ id: 'i1', value: 'sure?', node: 'ask' }] } }),
    ],
  },
  failed: {
    looks: [
      ended({ status: 'error', ending: { kind: 'known', next: ['work'], interrupts: [], error: 'ValueError: no' } }),
    ],
  },
  'failed-for-parents': {
    looks: [
      ended({ status: 'error', ending: { kind: 'known', next: ['work'], interrupts: [], error: 'ValueError: no' } }),
    ],
    input: { onUnsuccessful: 'fail' },
  },
  gone: {
    looks: [failing(langGraphFailureTypes.notFound, 'HTTP 404')],
  },
  stuck: { looks: [{ status: 'running' }], input: { ...fixed, stuckAfter: '1m' } },
  'polling-timeout': { looks: [running], input: { ...fixed, maxPollTime: '25s' } },
  'continued-as-new': {
    looks: [...many(370, running), success],
    stream: values,
    input: { pollInterval: '1s', maxPollTime: 'none' },
  },
  cancelled: {
    looks: [running],
    input: { pollInterval: '1h', maxPollTime: 'none' },
    play: async (runs, handle) => {
      await untilPolls(runs, 1)
      await handle.cancel()
      await handle.result()
    },
  },
  executed: { creations: [created()], looks: [success], stream: values, start: execute('executed') },
  'executed-and-swept': {
    creations: [created()],
    looks: [running, unnamed, unnamed, success],
    stream: values,
    start: execute('executed-and-swept'),
  },
  'executed-after-busy': {
    creations: [{ kind: 'busy', threadId, reason: 'another run is at work' }, created()],
    looks: [success],
    stream: values,
    start: execute('executed-after-busy'),
  },
  'executed-after-no-answer': {
    creations: [unanswered(), created()],
    looks: [success],
    stream: values,
    start: execute('executed-after-no-answer'),
  },
  'execution-refused': {
    creations: [{ kind: 'refused', threadId, reason: 'HTTP 404: no such assistant' }],
    looks: [running],
    start: execute('execution-refused'),
  },
  'execution-cancelled': {
    creations: [created()],
    looks: [running, ended({ status: 'interrupted' })],
    start: async (ofRuns) => {
      const handle = await ofRuns.startExecution('recorded/execution-cancelled', { assistantId: 'agent', threadId })
      await untilPhase(ofRuns, handle, 'waiting')
      await handle.cancel()
      await handle.result()
    },
  },
  'execution-cancelled-at-timeout': {
    creations: [created()],
    looks: [...many(4, running), ended({ status: 'interrupted' })],
    start: execute('execution-cancelled-at-timeout', { ...fixed, maxPollTime: '25s', onPollTimeout: 'cancel_run' }),
  },
  'run-cancelled': {
    looks: [running, running, ended({ status: 'interrupted' })],
    input: { pollInterval: '1h', maxPollTime: 'none' },
    play: async (ofRuns, handle) => {
      await untilPolls(ofRuns, 1)
      await ofRuns.cancelRun(run)
      await handle.result()
    },
  },
  answered: {
    creations: [created(followUp)],
    looks: [asking, success],
    stream: values,
    input: { onInterrupt: 'wait' },
    play: async (ofRuns, handle) => {
      await untilPhase(ofRuns, handle, 'interrupted')
      await ofRuns.resume(run, { value: 'yes' })
      await handle.result()
    },
  },
  'answered-elsewhere': {
    later: { runId: followUp, resumes: true },
    looks: [asking, success],
    stream: values,
    input: { onInterrupt: 'wait' },
  },
  'run-cancelled-after-an-answer-elsewhere': {
    creations: [{ kind: 'overtaken', threadId, by: { runId: followUp, resumes: true } }],
    looks: [asking, running, ended({ status: 'interrupted' })],
    input: { onInterrupt: 'wait', pollInterval: '1h', maxPollTime: 'none' },
    play: async (ofRuns, handle) => {
      await untilPhase(ofRuns, handle, 'interrupted')
      await ofRuns.cancelRun(run)
      await handle.result()
    },
  },
  retried: {
    creations: [created(followUp), created(secondFollowUp)],
    looks: [boom, running, boom, success],
    stream: values,
    input: { ...fixed, retry },
  },
  'retried-by-an-execution-after-no-answer': {
    creations: [created(), unanswered(), created(followUp)],
    looks: [boom, success],
    stream: values,
    start: execute('retried-by-an-execution-after-no-answer', { retry }),
  },
  'retries-used-up': { creations: [created(followUp)], looks: [boom], input: { retry: { maximumAttempts: 2 } } },
  'retry-refused': {
    creations: [{ kind: 'refused', threadId, reason: 'it left no checkpoint' }],
    looks: [boom],
    input: { retry },
  },
  'retry-in-doubt': {
    creations: [{ kind: 'not_found', threadId }],
    looks: [running, ended({ status: 'error', ending: { kind: 'known', next: ['model'], interrupts: [] } })],
    input: { ...fixed, retry },
  },
  'retry-after-unreadable-endings': {
    creations: [created(followUp)],
    looks: [...many(9, ended({ status: 'error', ending: { kind: 'unreadable', reason: 'HTTP 503' } })), boom, success],
    stream: values,
    input: { ...fixed, retry },
  },
  'retry-woken': {
    creations: [created(followUp)],
    looks: [boom, success],
    stream: values,
    input: { retry: { ...retry, initialInterval: '1h' } },
    play: async (ofRuns, handle) => {
      await untilPhase(ofRuns, handle, 'backing_off')
      await handle.signal('wake', wakeHint)
      await ofRuns.wake(run)
      await handle.result()
    },
  },
  'retry-cancelled-in-its-pause': {
    looks: [boom],
    input: { retry: { ...retry, initialInterval: '1h' } },
    play: async (ofRuns, handle) => {
      await untilPhase(ofRuns, handle, 'backing_off')
      await ofRuns.cancelRun(run)
      await handle.result()
    },
  },
  'retry-cancelled-while-its-attempt-is-running': {
    creations: [created(followUp)],
    looks: [boom, running, running, ended({ status: 'interrupted' })],
    input: { retry: { ...retry, initialInterval: '1s' }, pollInterval: '1h', maxPollTime: 'none' },
    play: async (ofRuns, handle) => {
      await untilPolls(ofRuns, 1)
      await ofRuns.wake(run)
      await untilPolls(ofRuns, 2)
      await ofRuns.cancelRun(run)
      await handle.result()
    },
  },
  'retry-and-its-workflow-cancelled': {
    looks: [boom],
    input: { retry: { ...retry, initialInterval: '1h' }, onCancel: 'cancel_run' },
    play: async (ofRuns, handle) => {
      await untilPhase(ofRuns, handle, 'backing_off')
      await handle.cancel()
      await handle.result()
    },
  },
  'retried-and-answered': {
    creations: [created(followUp), created(secondFollowUp)],
    looks: [boom, asking, success],
    stream: values,
    input: { retry: { ...retry, initialInterval: '1s' }, onInterrupt: 'wait' },
    play: async (ofRuns, handle) => {
      await untilPhase(ofRuns, handle, 'interrupted')
      await ofRuns.resume(run, { value: 'yes' })
      await handle.result()
    },
  },
  'retry-continued-as-new': {
    creations: [created(followUp)],
    looks: [boom, success],
    stream: values,
    input: { retry: { ...retry, initialInterval: '1h' } },
    play: async (ofRuns, handle) => {
      await untilPhase(ofRuns, handle, 'backing_off')
      await Promise.all(many(200, running).map(() => handle.signal('noise', 'x'.repeat(17_000))))
      await handle.result()
    },
  },
  'nobody-answered': { looks: [asking], input: { onInterrupt: 'wait', humanTimeout: '1h' } },
  'retrieve-run-result': { looks: [success], stream: values, start: (runs) => runs.retrieve(run) },
  'retrieve-not-complete': { looks: [running], start: (runs) => runs.retrieve(run) },
  'shown-found-at-once': { looks: [success], stream: values, shown },
  'shown-polled': { looks: [running, running, success], stream: values, input: fixed, shown },
  'shown-without-attributes': {
    looks: [running, running, success],
    stream: values,
    input: fixed,
    shown: { memo: true },
  },
  'shown-without-a-memo-of-the-starter': {
    looks: [running, success],
    stream: values,
    shown,
    start: () => startBare('watchRun', watchWorkflowId(run), { ...run, ...fixed }),
  },
  'shown-once-attributes-are-gone': {
    looks: [{ ...running, ...shown }, { ...running, memo: true }, success],
    stream: values,
    input: fixed,
  },
  'shown-in-an-outage': {
    looks: [running, outage(), outage(), outage('outage/langgraph-runs/default/2026-01-01'), running, success],
    stream: values,
    input: fixed,
    shown: notified,
  },
  'shown-failed': {
    looks: [
      ended({ status: 'error', ending: { kind: 'known', next: ['work'], interrupts: [], error: 'ValueError: no' } }),
    ],
    shown: notified,
  },
  'shown-in-a-second-round-of-retrieval': {
    looks: [success],
    stream: outage(),
    state: outage(),
    input: { retrievalTimeout: '5s' },
    shown,
  },
  'shown-executed': {
    creations: [{ kind: 'busy', threadId, reason: 'another run is at work' }, created()],
    looks: [running, success],
    stream: values,
    shown: notified,
    start: execute('shown-executed'),
  },
  'shown-to-a-human-who-answers-in-part': {
    creations: [created(followUp)],
    looks: [askingTwice, success],
    stream: values,
    input: { onInterrupt: 'wait' },
    shown: notified,
    play: async (ofRuns, handle) => {
      await untilPhase(ofRuns, handle, 'interrupted')
      await ofRuns.resume(run, { value: 'yes', interruptId: 'i1' })
      await ofRuns.resume(run, { value: 10, interruptId: 'i2' })
      await handle.result()
    },
  },
  'shown-to-nobody': {
    looks: [asking],
    input: { onInterrupt: 'wait', humanTimeout: '1h' },
    shown: notified,
  },
  'shown-and-cancelled': {
    looks: [running],
    input: { pollInterval: '1h', maxPollTime: 'none' },
    shown: notified,
    play: async (ofRuns, handle) => {
      await untilPolls(ofRuns, 1)
      await handle.cancel()
      await handle.result()
    },
  },
  'notify-run': {
    looks: [],
    start: () =>
      startBare('notifyRun', 'notify-run/recorded', {
        id: 'recorded',
        type: 'run.ended',
        timestamp: '2026-01-01T00:00:00.000Z',
        data: { namespace: 'default', workflow_id: 'w', workflow_run_id: 'r', deployment: 'default', state: 'success' },
      }),
  },
  diagnose: { looks: [], start: () => startBare('diagnose', 'diagnose/recorded') },
  'read-run-status': { looks: [running], start: (runs) => runs.readStatus(run) },
}

const temporal = await startTimeSkippingServer()
await temporal.connection.operatorService.addSearchAttributes({
  namespace: 'default',
  searchAttributes: Object.fromEntries(searchAttributeNames.map((name) => [name, keywordType])),
})
const runs = new BackgroundRuns(temporal.client)
const tracedRuns = new BackgroundRuns(
  new Client({
    connection: temporal.connection,
    interceptors: {
      workflow: [
        { startWithDetails: (input, next) => next({ ...input, headers: { ...input.headers, [traceHeader]: trace } }) },
      ],
    },
  }),
)
const wanted = process.argv.slice(2)
try {
  await mkdir(folder, { recursive: true })
  for (const [name, shape] of Object.entries(shapes)) {
    if (wanted.length === 0 || wanted.includes(name)) await record(name, shape)
  }
  if (wanted.length === 0 || wanted.includes('queried')) await recordQueried()
} finally {
  await temporal.teardown()
}

/** Workflows whose worker was killed while they waited, and whose next worker got a query first. */
async function recordQueried(): Promise<void> {
  const server = await startDevServer()
  const bundle = new URL('queried-bundle.js', pathToFileURL(`${tmpdir()}/`))
  const workflowsPath = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url))
  await writeFile(bundle, (await bundleWorkflowCode({ workflowsPath })).code)
  const stage = await QueryFirst.open(server.address, fileURLToPath(bundle))
  try {
    for (const { name, handle, outcome } of await stage.play(1)) {
      await outcome
      await save(`queried-${name.replaceAll(/\W+/g, '-')}`, await handle.fetchHistory())
    }
  } finally {
    await stage.close()
    await server.teardown()
  }
}

async function save(file: string, history: Awaited<ReturnType<WorkflowHandle['fetchHistory']>>): Promise<void> {
  const text = historyToJSON(history).replaceAll(/"identity": *"[^"]*"/g, '"identity": "recorder"')
  // A history of thousands of events is 60 times smaller so.
  const [ending, content] = text.length > 500_000 ? ['.json.gz', gzipSync(text)] : ['.json', `${text}\n`]
  // Those that are there belong to a version that people run.
  const isNew = await writeFile(new URL(`${file}${ending}`, folder), content, { flag: 'wx' }).then(() => true, ifThere)
  console.log(`${file}${ending}: ${isNew ? `${history.events?.length} events` : 'is there, and stays as it is'}`)
}

function ifThere(error: unknown): false {
  if (Reflect.get(Object(error), 'code') === 'EEXIST') return false
  throw error
}

async function record(name: string, shape: Shape): Promise<void> {
  /** Temporal run id → workflow id, in the order of their first activity. */
  const executions = new Map<string, string>()
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: 'langgraph-runs',
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    interceptors: { workflowModules: [fileURLToPath(new URL('../../src/workflows/carry-trace.ts', import.meta.url))] },
    activities: scripted(shape, executions),
  })
  // How it ends is in the history.
  await worker.runUntil(play(shape).catch(() => undefined))
  // What a watch notifies is a shape of its own.
  const own = [...executions].filter(([, workflowId]) => name === 'notify-run' || !workflowId.startsWith('notify-run/'))
  for (const [n, [runId, workflowId]] of own.entries()) {
    const history = await temporal.client.workflow.getHandle(workflowId, runId).fetchHistory()
    await save(own.length === 1 ? name : `${name}-${n + 1}`, history)
  }
}

async function play({ start, play: drive, input, shown: isShown }: Shape): Promise<unknown> {
  const ofRuns = isShown ? tracedRuns : runs
  if (start) return start(ofRuns)
  const { workflowId } = await ofRuns.startWatch({ ...run, ...input })
  // That of the server's own client skips time while it waits.
  const handle = temporal.client.workflow.getHandle(workflowId)
  return drive ? drive(ofRuns, handle) : handle.result()
}

/** As a program in another language starts it. */
function startBare(type: keyof typeof workflowTypes, workflowId: string, ...args: readonly object[]): Promise<unknown> {
  const options = { taskQueue: 'langgraph-runs', workflowId, args: [...args] }
  return temporal.client.workflow.execute(workflowTypes[type], options)
}

function scripted(
  { looks, stream, state, creations = [], later, shown: tells = {} }: Script,
  executions: Map<string, string>,
): Activities & ShownActivities & NotifyActivities & DiagnosisActivities {
  const left = [...looks]
  const tries = [...creations]
  const note = () => {
    const { workflowId = '', runId = '' } = activityInfo().workflowExecution ?? {}
    executions.set(runId, workflowId)
  }
  const answer = async <T>(given: T | Error | undefined): Promise<T> => {
    note()
    if (given === undefined || given instanceof Error) throw given ?? new Error('the shape does not say')
    return given
  }
  return {
    createRun: async () => ({ ...(await answer(tries.length > 1 ? tries.shift() : tries[0])), ...tells }),
    cancelRun: () => Promise.resolve(),
    findLaterRun: () => Promise.resolve({ ...(later ? { kind: 'later', by: later } : { kind: 'none' }), ...tells }),
    lookAtShown: () => Promise.resolve(tells),
    notify: async () => note(),
    diagnose: () => answer({ host: 'recorder', pid: 1, deployments: [] }),
    getRunStatus: async () => ({
      ...tells,
      ...(await answer(left.length > 1 ? left.shift() : left[0])),
      askedAtMs: activityInfo().scheduledTimestampMs,
    }),
    retrieveStreamValues: () => timed(() => answer(stream)),
    retrieveThreadState: () => timed(() => answer(state)),
    retrieveJoinStream: () => timed(() => answer({ found: 'nothing', reason: 'the stream held no values' } as const)),
  }
}

async function untilPhase(
  ofRuns: BackgroundRuns,
  { workflowId }: WorkflowHandle,
  phase: WatchProgress['phase'],
): Promise<void> {
  while ((await ofRuns.progress({ workflowId })).phase !== phase);
}

async function untilPolls(ofRuns: BackgroundRuns, polls: number): Promise<void> {
  for (;;) {
    const { poll_count, phase } = await ofRuns.progress(run)
    if (poll_count >= polls && phase === 'waiting') return
  }
}
