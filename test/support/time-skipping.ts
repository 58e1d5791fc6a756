import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { activityInfo } from '@temporalio/activity'
import { WorkflowFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common'
import type { Payload } from '@temporalio/common'
import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import type { WorkerOptions } from '@temporalio/worker'
import { assert, expect, inject, test, vi } from 'vitest'
import { startTimeSkippingServer } from '../../dev/embedded-temporal.ts'
import { classified } from '../../src/activities/failures.ts'
import type { Activities } from '../../src/activities/index.ts'
import { scheduledAtMs, timed } from '../../src/activities/time-limit.ts'
import { BackgroundRuns } from '../../src/client.ts'
import type { ExecuteRunInput, WatchOutcome, WatchProgress, WatchRunInput } from '../../src/client.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import type { CreateRunRequest, Creation } from '../../src/domain/creation.ts'
import type { RetrievalRequest, Retrieved } from '../../src/domain/retrieved.ts'
import type { Polled, RunRef } from '../../src/domain/run.ts'
import type { executeRun, watchRun } from '../../src/workflows/index.ts'

/** What the activities answer about one run; what they throw is classified as in the real ones, and times are added. */
export type Script = Partial<
  Omit<Activities, Timed> & {
    getRunStatus(run: RunRef): Promise<Polled>
    createRun(request: CreateRunRequest): Promise<Creation>
  } & Record<Retrieving, (request: RetrievalRequest) => Promise<Retrieved>>
>
type Retrieving = 'retrieveStreamValues' | 'retrieveThreadState' | 'retrieveJoinStream'
type Timed = 'getRunStatus' | 'createRun' | Retrieving

type Argument = Partial<RetrievalRequest> & Partial<CreateRunRequest> & { readonly action?: string }

/** One try of an activity; times are the server's. */
interface Call {
  readonly activity: keyof Activities
  readonly argument: Argument
  /** When the activity was scheduled. */
  readonly atMs: number
  readonly startToCloseMs: number
  readonly scheduleToCloseMs: number
  readonly attempt: number
}

export interface ScriptedRun {
  readonly ids: { readonly threadId: string; readonly runId: string }
  readonly calls: readonly Call[]
}

interface Timer {
  readonly ms: number
  readonly summary: string
  readonly end: 'fired' | 'cancelled' | 'open'
}

type WatchInput = Omit<WatchRunInput, 'threadId' | 'runId'>
type ExecuteInput = Partial<ExecuteRunInput>
type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>

/**
 * A Temporal server that skips time, a worker with the real workflows, and activities that say what a test wants:
 *
 *     const stage = await Stage.start() // beforeAll; afterEach: stage.endTest(), afterAll: stage.stop()
 *     const run = stage.run({ getRunStatus: answers(running, outage, ended('success')), retrieveStreamValues: answers(values) })
 *     const outcome = await stage.watch(run, { pollInterval: '1h' }) // takes milliseconds
 *     expect(run.calls.map(({ activity }) => activity)).toEqual(['getRunStatus', …])
 *     expect(await stage.timersOf(run)).toEqual([{ ms: 3_600_000, summary: 'until poll 2', end: 'fired' }, …])
 *
 * To act in the middle: `startWatch`, `until(run, { phase: 'waiting' })`, then `runs.wake(run.ids)`, `handleOf(run).cancel()` ….
 * `gate()` holds an activity until the test opens it. `execute` and `startExecution` do the same for runs that are created.
 */
export class Stage {
  readonly environment: TestWorkflowEnvironment
  runs: BackgroundRuns
  taskQueue = randomUUID()
  readonly #scripts = new Map<string, { readonly script: Script; readonly calls: Call[] }>()
  /** Temporal run id → workflow id, of every execution so far. */
  readonly #executions = new Map<string, string>()
  /** Thread id → workflow id, of the runs that a workflow creates itself. */
  readonly #creators = new Map<string, string>()
  /** Workflow ids. */
  readonly #ofThisTest = new Set<string>()
  readonly #openings: (() => void)[] = []
  #stopWorker = async () => {}

  static async start(): Promise<Stage> {
    // Polls fail by the hundred here, each with a warning.
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter: 'ERROR' } },
    })
    const stage = new Stage(await startTimeSkippingServer())
    await stage.startWorker()
    return stage
  }

  private constructor(environment: TestWorkflowEnvironment) {
    this.environment = environment
    this.runs = new BackgroundRuns(environment.client, { taskQueue: this.taskQueue })
  }

  /**
   * A new run, whose script the activities find by its thread. Unless the script says otherwise, the server accepts to
   * cancel it, and nobody else uses its thread.
   */
  run(script: Script | ((ids: ScriptedRun['ids']) => Script)): ScriptedRun {
    const ids = { threadId: randomUUID(), runId: randomUUID() }
    const calls: Call[] = []
    const written = typeof script === 'function' ? script(ids) : script
    this.#scripts.set(ids.threadId, { script: { ...byDefault, ...written }, calls })
    return { ids, calls }
  }

  /** Watches to the end, with skipped time. */
  watch(run: ScriptedRun, options: WatchInput = {}): Promise<WatchOutcome> {
    return this.runs.watch({ ...run.ids, ...options })
  }

  startWatch(run: ScriptedRun, options: WatchInput = {}): Promise<WorkflowHandle<typeof watchRun>> {
    return this.runs.startWatch({ ...run.ids, ...options })
  }

  /** Creates the run and waits for it, with skipped time. */
  async execute(run: ScriptedRun, options: ExecuteInput = {}): Promise<WatchOutcome> {
    const { workflowId, request } = this.#executionOf(run, options)
    return this.runs.execute(workflowId, request)
  }

  startExecution(run: ScriptedRun, options: ExecuteInput = {}): Promise<WorkflowHandle<typeof executeRun>> {
    const { workflowId, request } = this.#executionOf(run, options)
    return this.runs.startExecution(workflowId, request)
  }

  #executionOf({ ids: { threadId } }: ScriptedRun, options: ExecuteInput) {
    const workflowId = `execution/${threadId}`
    this.#creators.set(threadId, workflowId)
    return { workflowId, request: { assistantId: 'agent', threadId, ...options } }
  }

  /** Which workflow has to do with the run: the one that creates it, else its watch. */
  nameOf({ ids }: ScriptedRun): { readonly workflowId: string } {
    return { workflowId: this.#creators.get(ids.threadId) ?? watchWorkflowId(ids) }
  }

  /** Starts a workflow as a client in another language would: nothing is checked before. */
  async startUnchecked(workflowType: string, args: readonly unknown[]): Promise<WorkflowHandle> {
    const options = { taskQueue: this.taskQueue, workflowId: randomUUID(), args: [...args] }
    const handle = await this.environment.client.workflow.start(workflowType, options)
    this.#began(handle.workflowId, handle.firstExecutionRunId)
    return handle
  }

  handleOf(run: ScriptedRun): WorkflowHandle {
    return this.environment.client.workflow.getHandle(this.nameOf(run).workflowId)
  }

  /** Waits, without skipping time, until `progress` says so. */
  async until(run: ScriptedRun, progress: Partial<WatchProgress>): Promise<void> {
    await vi.waitFor(async () => assert.deepInclude(await this.runs.progress(this.nameOf(run)), progress), {
      timeout: 20_000,
    })
  }

  /** Waits, without skipping time, until no activity of the run's workflow is running. */
  async untilIdle(run: ScriptedRun): Promise<void> {
    await isOpenAndIdle(this.handleOf(run))
  }

  /** What holds an activity until `open`, or until the test has ended. */
  gate(): { readonly opened: Promise<unknown>; readonly open: () => void } {
    const emitter = new EventEmitter()
    const open = () => void emitter.emit('open')
    this.#openings.push(open)
    return { opened: once(emitter, 'open'), open }
  }

  /** What the run's watch has done, one history for each execution. */
  historiesOf(run: ScriptedRun): Promise<History[]> {
    return this.#historiesOf(this.nameOf(run).workflowId)
  }

  /** The sleeps of the run's watch, through all its executions. */
  async timersOf(run: ScriptedRun): Promise<Timer[]> {
    return (await this.#allTimersOf(run)).filter((timer) => !isLimit(timer))
  }

  /** The time limits that run beside its sleeps. */
  async limitsOf(run: ScriptedRun): Promise<Timer[]> {
    return (await this.#allTimersOf(run)).filter(isLimit)
  }

  /** What the Web UI shows beside the run's activities. */
  async activitySummariesOf(run: ScriptedRun): Promise<string[]> {
    const histories = await this.historiesOf(run)
    return histories
      .flatMap(({ events }) => events ?? [])
      .filter((event) => event.activityTaskScheduledEventAttributes)
      .map(({ userMetadata }) => textOf(userMetadata?.summary))
  }

  /** What the Web UI shows as the current details of the run's watch. */
  async detailsOf(run: ScriptedRun): Promise<string | undefined> {
    const metadata = await this.handleOf(run).query<{ currentDetails?: string }>('__temporal_workflow_metadata')
    return metadata.currentDetails
  }

  /** The history of every execution so far. */
  async histories(): Promise<{ workflowId: string; history: History }[]> {
    const ids = [...new Set(this.#executions.values())]
    const all = ids.map(async (workflowId) =>
      (await this.#historiesOf(workflowId)).map((history) => ({ workflowId, history })),
    )
    return (await Promise.all(all)).flat()
  }

  async startWorker(options: Pick<WorkerOptions, 'maxCachedWorkflows'> = {}): Promise<void> {
    const worker = await Worker.create({
      connection: this.environment.nativeConnection,
      taskQueue: this.taskQueue,
      workflowBundle,
      activities: this.#activities(),
      ...options,
    })
    const working = worker.run()
    this.#stopWorker = async () => {
      this.#stopWorker = async () => {}
      worker.shutdown()
      await working
    }
  }

  stopWorker(): Promise<void> {
    return this.#stopWorker()
  }

  /** What is started from now on waits for the next worker: a poll that the last one has left behind would take a task from it. */
  async leaveWorker(): Promise<void> {
    await this.#stopWorker()
    this.taskQueue = randomUUID()
    this.runs = new BackgroundRuns(this.environment.client, { taskQueue: this.taskQueue })
  }

  /**
   * Leaves the server to the next test alone, even if this one failed. It skips no time any more once a workflow has
   * closed with an activity running: those end first.
   */
  async endTest(): Promise<void> {
    for (const open of this.#openings.splice(0)) open()
    for (const workflowId of this.#ofThisTest) {
      const handle = this.environment.client.workflow.getHandle(workflowId)
      if (!(await isOpenAndIdle(handle))) continue
      await handle.cancel()
      await handle.result().catch(() => undefined)
    }
    this.#ofThisTest.clear()
  }

  async stop(): Promise<void> {
    try {
      await this.#stopWorker()
    } finally {
      await this.environment.teardown()
    }
  }

  async #allTimersOf(run: ScriptedRun): Promise<Timer[]> {
    const histories = await this.historiesOf(run)
    return histories.flatMap(({ events }) => timersIn(events ?? []))
  }

  #began(workflowId: string, workflowRunId: string): void {
    this.#executions.set(workflowRunId, workflowId)
    this.#ofThisTest.add(workflowId)
  }

  #historiesOf(workflowId: string): Promise<History[]> {
    const runIds = [...this.#executions].filter(([, id]) => id === workflowId).map(([runId]) => runId)
    const { workflow } = this.environment.client
    return Promise.all(runIds.map((runId) => workflow.getHandle(workflowId, runId).fetchHistory()))
  }

  #activities(): Activities {
    return {
      createRun: async (request) => {
        const creation = await classified(() => this.#play('createRun', request)(request))
        return { ...creation, askedAtMs: scheduledAtMs() }
      },
      cancelRun: (run) => classified(() => this.#play('cancelRun', run)(run)),
      findLaterRun: (run) => classified(() => this.#play('findLaterRun', run)(run)),
      getRunStatus: async (run) => {
        const look = await classified(() => this.#play('getRunStatus', run)(run))
        return { ...look, askedAtMs: scheduledAtMs() }
      },
      retrieveStreamValues: (request) => this.#retrieve('retrieveStreamValues', request),
      retrieveThreadState: (request) => this.#retrieve('retrieveThreadState', request),
      retrieveJoinStream: (request) => this.#retrieve('retrieveJoinStream', request),
    }
  }

  #retrieve(activity: Retrieving, request: RetrievalRequest) {
    return timed(() => classified(() => this.#play(activity, request)(request)))
  }

  #play<N extends keyof Script>(activity: N, argument: Argument): Required<Script>[N] {
    const info = activityInfo()
    const { workflowId = '', runId = '' } = info.workflowExecution ?? {}
    this.#began(workflowId, runId)
    const scripted = this.#scripts.get(argument.threadId ?? argument.key?.split('/').at(-1) ?? '')
    scripted?.calls.push({
      activity,
      argument,
      atMs: info.scheduledTimestampMs,
      startToCloseMs: info.startToCloseTimeoutMs,
      scheduleToCloseMs: info.scheduleToCloseTimeoutMs,
      attempt: info.attempt,
    })
    const answer = scripted?.script[activity]
    if (!answer) throw new Error(`no test said what ${activity} answers`)
    return answer
  }
}

/** Waits until none of its activities is running. False: it has closed. */
async function isOpenAndIdle(handle: WorkflowHandle): Promise<boolean> {
  const found = await vi.waitUntil(
    async () => {
      const { status, raw } = await handle.describe()
      return (status.name !== 'RUNNING' || raw.pendingActivities?.length === 0) && status.name
    },
    { timeout: 20_000 },
  )
  return found === 'RUNNING'
}

const byDefault: Script = {
  cancelRun: () => Promise.resolve(),
  findLaterRun: () => Promise.resolve({ kind: 'none' }),
}

const workflowBundle = { codePath: inject('workflowBundle') }

/** The last tests of a file: what must hold of the history of each workflow that its other tests ran. */
export function testEveryHistory(stageOf: () => Stage): void {
  test('no history holds a path of this machine', async () => {
    const histories = await stageOf().histories()
    expect(histories.length).toBeGreaterThan(0)
    for (const { history } of histories) expect(written(history)).not.toContain(process.cwd())
  })

  test('every history replays without a difference', async () => {
    const histories = await stageOf().histories()
    expect(histories.length).toBeGreaterThan(0)
    const different = []
    for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
      if (error) different.push({ workflowId, error })
    }
    expect(different).toEqual([])
  })
}

/** An error is thrown, a function is asked. */
export type Answer<T> = T | Error | (() => Promise<T>)

/** One answer a call, in turn; the last one for ever. */
export function answers<T extends object>(...list: readonly Answer<T>[]): () => Promise<T> {
  const left = [...list]
  return async () => {
    const answer = left.length > 1 ? left.shift() : left[0]
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answers')
    return typeof answer === 'function' ? answer() : answer
  }
}

/** What the workflow fails with. */
export async function failureOf(result: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await result.then(
    (value) => new Error(`no failure but ${JSON.stringify(value)}`),
    (failed: unknown) => failed,
  )
  const cause = error instanceof WorkflowFailedError ? error.cause : error
  if (!(cause instanceof ApplicationFailure)) throw cause
  return cause
}

function isLimit({ summary }: Timer): boolean {
  return summary.startsWith('limit: ')
}

function timersIn(events: NonNullable<History['events']>): Timer[] {
  const fired = new Set(events.map((event) => event.timerFiredEventAttributes?.timerId))
  const cancelled = new Set(events.map((event) => event.timerCanceledEventAttributes?.timerId))
  return events.flatMap(({ timerStartedEventAttributes: timer, userMetadata }) => {
    if (!timer) return []
    const { seconds, nanos } = timer.startToFireTimeout ?? {}
    const end = fired.has(timer.timerId) ? 'fired' : cancelled.has(timer.timerId) ? 'cancelled' : 'open'
    return [{ ms: Number(seconds) * 1000 + Number(nanos) / 1e6, summary: textOf(userMetadata?.summary), end }]
  })
}

function textOf(payload: Payload | null | undefined): string {
  return payload ? defaultPayloadConverter.fromPayload<string>(payload) : ''
}

/** A history with its payloads as the text that they are. */
function written(history: History): string {
  return JSON.stringify(history, function (this: Record<string, unknown>, key, value: unknown) {
    const raw = this[key]
    return raw instanceof Uint8Array ? Buffer.from(raw).toString('utf8') : value
  })
}
