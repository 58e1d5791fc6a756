import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { BackgroundRuns } from '../../src/client.ts'
import { langGraphFailureTypes } from '../../src/domain/contract.ts'
import { payloadOptions } from './encryption.ts'

/**
 * A worker is killed while workflows wait; queries wait for the next one, and timers fire meanwhile. The next worker gets
 * the queries first, and replays the fired timers with the clock of the step before. It is killed too, and a third one
 * must come to the same commands: a workflow whose commands hang on the clock is stuck for good here.
 */

interface Failure {
  readonly failure: { readonly type: string; readonly message: string; readonly details: readonly object[] }
}
type Answer = Failure | { readonly answer: unknown }

/** A workflow that waits somewhere. */
interface Wait {
  readonly start: (runs: BackgroundRuns, workflowId: string, ids: Ids) => Promise<WorkflowHandle>
  /** What each call of an activity comes to, in turn; the last one stays. */
  readonly answers: (ids: Ids) => Readonly<Record<string, readonly Answer[]>>
  /** What makes it wait, when so many timers have been started. */
  readonly afterwards?: { readonly at: number; readonly act: (handle: WorkflowHandle) => Promise<unknown> }
  /** It has come to the wait when so many timers have been started. */
  readonly timers: number
  /**
   * No timer of it fires before the query is sent: Temporal hands a later query to a worker together with the step that
   * follows the timer, whose clock is right, and such a row would show nothing.
   */
  readonly isLong?: true
}

interface Ids {
  readonly threadId: string
  readonly runId: string
  readonly next: string
}

const fast = { pollInterval: '1s' } as const
const answer = (value: unknown): Answer => ({ answer: value })
const failing = (type: string, details: object = {}): Failure => ({
  failure: { type, message: `${type}, as the test wants it`, details: [details] },
})
const outage = failing(langGraphFailureTypes.unavailable)
const lost = failing(langGraphFailureTypes.timeout, { creation_sent: true, may_arrive_for_ms: 1500 })
const running = answer({ status: 'running' })
const ended = (status: string, ending: object = {}) =>
  answer({ status, ending: { kind: 'known', next: [], interrupts: [], ...ending } })
const asking = ended('success', { next: ['ask'], interrupts: [{ id: 'i1', value: 'sure?' }] })
const values = answer({ found: 'values', values: { signal: 'BUY' } })
const found = { retrieveStreamValues: [values] }
const created = ({ threadId, runId }: Ids) => answer({ kind: 'created', threadId, runId })
const continued = ({ threadId, next }: Ids) => answer({ kind: 'created', threadId, runId: next })
const nobody = answer({ kind: 'none' })

const execute =
  (options: object = {}): Wait['start'] =>
  (runs, workflowId, { threadId }) =>
    runs.startExecution(workflowId, { assistantId: 'agent', threadId, ...fast, ...options })
const watch =
  (options: object = {}): Wait['start'] =>
  (runs, _, { threadId, runId }) =>
    runs.startWatch({ threadId, runId, ...fast, ...options })

export const waits: Readonly<Record<string, Wait>> = {
  'between two polls': {
    start: watch(),
    answers: () => ({ getRunStatus: [running, running, ended('success')], ...found }),
    timers: 2,
  },
  'after a failed poll': {
    start: watch(),
    answers: () => ({ getRunStatus: [outage, ended('success')], ...found }),
    timers: 2,
  },
  'for the deadline': {
    start: watch({ pollInterval: '1h', maxPollTime: '9s' }),
    answers: () => ({ getRunStatus: [running] }),
    timers: 2,
    isLong: true,
  },
  'for the deadline, which comes after a poll': {
    start: watch({ pollInterval: '4s', maxPollTime: '9s' }),
    answers: () => ({ getRunStatus: [running] }),
    timers: 2,
    isLong: true,
  },
  'until a run counts as stuck': {
    start: watch({ stuckAfter: '3s' }),
    answers: () => ({ getRunStatus: [running] }),
    timers: 2,
  },
  'after a hint': {
    start: watch({ pollInterval: '3s' }),
    answers: () => ({ getRunStatus: [running, running, ended('success')], ...found }),
    afterwards: { at: 2, act: (handle) => handle.signal('wake') },
    timers: 3,
  },
  'between two tries to create a run': {
    start: execute(),
    answers: (ids) => ({
      createRun: [answer({ kind: 'busy', threadId: ids.threadId, reason: 'r0' }), created(ids)],
      getRunStatus: [ended('success')],
      ...found,
    }),
    timers: 2,
  },
  'until a lost creation can have arrived': {
    start: execute(),
    answers: (ids) => ({ createRun: [lost, created(ids)], getRunStatus: [ended('success')], ...found }),
    timers: 2,
  },
  'until a lost creation is looked for': {
    start: execute({ maxPollTime: '1s', onPollTimeout: 'cancel_run' }),
    answers: (ids) => ({ createRun: [lost, lost, outage, created(ids)], getRunStatus: [ended('success')], ...found }),
    timers: 2,
  },
  'until a deployment is known': {
    start: watch(),
    answers: () => ({ getRunStatus: [failing('UnknownDeployment'), ended('success')], ...found }),
    timers: 2,
  },
  'for a human, until the next look': {
    start: watch({ onInterrupt: 'wait', humanTimeout: '3s' }),
    answers: () => ({ getRunStatus: [asking], findLaterRun: [outage, nobody] }),
    timers: 2,
  },
  'for a human, until nobody has answered': {
    start: watch({ onInterrupt: 'wait', humanTimeout: '2s' }),
    answers: () => ({ getRunStatus: [asking], findLaterRun: [nobody] }),
    timers: 2,
  },
  'until an answer can be given': {
    start: watch({ onInterrupt: 'wait' }),
    answers: (ids) => ({
      getRunStatus: [asking, ended('success')],
      findLaterRun: [nobody],
      createRun: [outage, continued(ids)],
      ...found,
    }),
    afterwards: {
      at: 2,
      act: (handle) => handle.startUpdate('resume', { args: [{ value: 'yes' }], waitForStage: 'ACCEPTED' }),
    },
    timers: 4,
  },
  'between two rounds of retrieval': {
    start: watch(),
    answers: () => ({
      getRunStatus: [ended('success')],
      retrieveStreamValues: [outage, values],
      retrieveThreadState: [outage],
      retrieveJoinStream: [outage],
    }),
    timers: 1,
  },
  'for a cancelled run to stop': {
    start: watch({ pollInterval: '5s' }),
    answers: () => ({
      getRunStatus: [running, running, running, running, ended('interrupted')],
      cancelRun: [answer(null)],
    }),
    afterwards: { at: 2, act: (handle) => handle.startUpdate('cancelRun', { args: [{}], waitForStage: 'ACCEPTED' }) },
    timers: 4,
  },
}

type HistoryEvents = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']

function startedTimers(count: number): (events: HistoryEvents) => boolean {
  return (events) => (events ?? []).filter((event) => event.timerStartedEventAttributes).length >= count
}

function steps(events: HistoryEvents): number {
  return events?.filter((event) => event.workflowTaskCompletedEventAttributes).length ?? 0
}

function isClosed(events: HistoryEvents): boolean {
  const last = events?.at(-1)
  return Boolean(last?.workflowExecutionCompletedEventAttributes ?? last?.workflowExecutionFailedEventAttributes)
}

interface Started {
  readonly name: string
  readonly handle: WorkflowHandle
  readonly outcome: Promise<unknown>
}

export class QueryFirst {
  readonly client: Client
  readonly #taskQueue = randomUUID()
  readonly #bundle: string
  readonly #address: string
  readonly #scripts = new Map<string, Map<string, Answer[]>>()
  readonly #server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => response.end(JSON.stringify(this.#answer(Buffer.concat(parts).toString()))))
  })
  #worker: ChildProcess | undefined

  static async open(address: string, bundle: string): Promise<QueryFirst> {
    const stage = new QueryFirst(
      new Client({ connection: await Connection.connect({ address }), ...payloadOptions }),
      address,
      bundle,
    )
    stage.#server.listen(0, '127.0.0.1')
    await once(stage.#server, 'listening')
    return stage
  }

  private constructor(client: Client, address: string, bundle: string) {
    this.client = client
    this.#address = address
    this.#bundle = bundle
  }

  async close(): Promise<void> {
    await this.#kill()
    this.#server.close()
    await this.client.connection.close()
  }

  /** @returns each workflow's end, after two workers were killed */
  async play(copies: number): Promise<readonly Started[]> {
    await this.#startWorker()
    const started = await Promise.all(
      Object.entries(waits).flatMap(([name, wait]) => Array.from({ length: copies }, () => this.#start(name, wait))),
    )
    await this.#kill()
    const queries = started.map(({ handle }) => handle.query('progress').catch(() => undefined))
    const stepsBefore = await Promise.all(started.map((one) => this.#stepsOf(one)))
    // Every timer of theirs fires meanwhile. The steps that follow wait 10 s for the killed worker, and the queries do not.
    await pause(8000)
    await this.#startWorker()
    await Promise.all(queries)
    // It is killed only when it has taken the steps, which then stand in history.
    for (const [n, { name, handle }] of started.entries()) {
      await this.#until(name, handle, (events) => isClosed(events) || steps(events) > (stepsBefore[n] ?? 0))
    }
    await this.#kill()
    await this.#startWorker()
    return started
  }

  async #start(name: string, wait: Wait): Promise<Started> {
    const ids = { threadId: randomUUID(), runId: randomUUID(), next: randomUUID() }
    const workflowId = `query-first/${ids.threadId}`
    const script = new Map(Object.entries(wait.answers(ids)).map(([activity, list]) => [activity, [...list]]))
    const runs = new BackgroundRuns(this.client, { taskQueue: this.#taskQueue })
    this.#scripts.set(ids.threadId, script)
    const { workflowId: id } = await wait.start(runs, workflowId, ids)
    const handle = this.client.workflow.getHandle(id)
    if (wait.afterwards) {
      await this.#until(name, handle, startedTimers(wait.afterwards.at))
      await wait.afterwards.act(handle)
    }
    await this.#until(name, handle, startedTimers(wait.timers))
    return { name, handle, outcome: handle.result().catch((error: unknown) => error) }
  }

  /** How many it has taken before the timers fire. */
  async #stepsOf({ name, handle }: Started): Promise<number> {
    const { events } = await handle.fetchHistory()
    const hasFired = events?.some(({ timerFiredEventAttributes }) => timerFiredEventAttributes)
    if (waits[name]?.isLong && hasFired) throw new Error(`"${name}" was over too early: let it wait longer`)
    return steps(events)
  }

  async #until(name: string, handle: WorkflowHandle, isSo: (events: HistoryEvents) => boolean): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      const { events } = await handle.fetchHistory()
      if (isSo(events)) return
      await pause(100)
    }
    throw new Error(`"${name}" does not come so far`)
  }

  #answer(body: string): Answer {
    const { name, argument, workflowId }: { name: string; argument: { threadId?: string }; workflowId: string } =
      JSON.parse(body)
    const list = this.#scripts.get(argument.threadId ?? '')?.get(name)
    const next = list && (list.length > 1 ? list.shift() : list[0])
    return next ?? failing('Unscripted', { name, workflowId })
  }

  async #startWorker(): Promise<void> {
    const { port }: { port?: number } = Object(this.#server.address())
    this.#worker = fork(fileURLToPath(new URL('remote-worker.ts', import.meta.url)), {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {
        PATH: process.env['PATH'] ?? '',
        TEMPORAL_ADDRESS: this.#address,
        TASK_QUEUE: this.#taskQueue,
        BUNDLE: this.#bundle,
        TEST_ENCRYPTED: process.env['TEST_ENCRYPTED'],
        ANSWERS: `http://127.0.0.1:${port}`,
      },
    })
    await once(this.#worker, 'message')
  }

  async #kill(): Promise<void> {
    if (!this.#worker) return
    this.#worker.kill('SIGKILL')
    await once(this.#worker, 'close')
    this.#worker = undefined
  }
}
