import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { Client, Connection, WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { inject, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { decrypted, payloadEnvironment, payloadOptions, readingOptions } from './encryption.ts'

type Environment = Readonly<Record<string, string>>
type HistoryEvents = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>

const root = fileURLToPath(new URL('../..', import.meta.url))
/** As the worker promises it, and one second for the process to go. */
const longestShutdownMs = 16_000
/** The worker ends with the process that forked it, even if that is killed and cleans nothing up. */
const endWithParent = `data:text/javascript,process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))`

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The worker, or another program, in a process of its own, from its entry point, configured by nothing but `env`. */
export class WorkerProcess {
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''

  constructor(env: Environment, program = 'src/worker.ts') {
    this.#child = fork(program, {
      cwd: root,
      execArgv: ['--import', 'tsx', '--import', endWithParent],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // No HOME: a developer's own Temporal profile must not count.
      env: { PATH: process.env['PATH'] ?? '', ...env },
    })
    this.#child.stdout?.on('data', (chunk) => (this.#stdout += String(chunk)))
    this.#child.stderr?.on('data', (chunk) => (this.#stderr += String(chunk)))
    this.exited = once(this.#child, 'close').then(([code, signal]) => ({ code, signal }))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Its log. @throws if a line is no JSON object */
  get lines(): readonly Readonly<Record<string, unknown>>[] {
    const lines = this.#stderr.split('\n').filter((line) => line !== '')
    return lines.map((line) => ({ ...JSON.parse(line) }))
  }

  /** All that it said. */
  get log(): string {
    return this.#stdout + this.#stderr
  }

  /** Until it has said so. @throws with its log when it ends before */
  async said(words: string): Promise<void> {
    const heard = vi.waitUntil(() => this.log.includes(words), { timeout: 60_000, interval: 50 })
    const ended = this.exited.then(() => {
      if (!this.log.includes(words)) throw new Error(`the worker ended without "${words}":\n${this.log}`)
    })
    await Promise.race([heard, ended])
  }

  /** As a crash ends it: nothing is finished, nobody is told. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }

  /** As a deploy ends it. One that takes longer than it promises is killed, which its exit shows. */
  async stop(): Promise<Exit> {
    this.#child.kill('SIGTERM')
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), longestShutdownMs)
    const exit = await this.exited
    clearTimeout(killer)
    return exit
  }
}

/** Name → URL. */
type Deployments = Readonly<Record<string, string>>

/** A task queue of its own on the shared Temporal server, the processes that work on it, and all that they leave behind. */
export class WorkerStage {
  readonly runs: BackgroundRuns
  readonly client: Client
  /** What must show up nowhere. */
  readonly secrets = {
    apiKey: `planted-key-${randomUUID()}`,
    namedApiKey: `planted-named-key-${randomUUID()}`,
    token: `planted-token-${randomUUID()}`,
    header: `planted-header-${randomUUID()}`,
  }
  readonly taskQueue = randomUUID()
  readonly #folder: string
  readonly #env: Environment
  readonly #workers: WorkerProcess[] = []
  readonly #failures: unknown[] = []

  /**
   * @param url the deployment `default`: LANGGRAPH_API_URL, with a planted LANGGRAPH_API_KEY
   * @param named others, in the file LANGGRAPH_DEPLOYMENTS: each with a planted key and planted headers
   * @param sweepInterval by default none: polls come when the watch says so
   */
  static async open(url: string, named: Deployments, sweepInterval = 'none'): Promise<WorkerStage> {
    const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-e2e-'))
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    const stage = new WorkerStage(new Client({ connection, ...payloadOptions }), folder, { url, sweepInterval })
    await stage.#writeDeployments(named)
    return stage
  }

  private constructor(client: Client, folder: string, { url, sweepInterval }: { url: string; sweepInterval: string }) {
    this.client = client
    this.runs = new BackgroundRuns(client, { taskQueue: this.taskQueue, ...readingOptions })
    this.#folder = folder
    this.#env = {
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_TASK_QUEUE: this.taskQueue,
      LANGGRAPH_API_URL: url,
      LANGGRAPH_API_KEY: this.secrets.apiKey,
      LANGGRAPH_DEPLOYMENTS: this.#deploymentsFile,
      NAMED_API_KEY: this.secrets.namedApiKey,
      SWEEP_INTERVAL: sweepInterval,
      ...payloadEnvironment,
    }
  }

  /**
   * Starts another worker, and waits until it is ready.
   *
   * @param knows which deployments its configuration has
   * @param change what its configuration has instead
   */
  async startWorker(knows: 'all' | 'default' = 'all', change: Environment = {}): Promise<WorkerProcess> {
    const { LANGGRAPH_DEPLOYMENTS: _, ...withoutNamed } = this.#env
    const worker = new WorkerProcess({ ...(knows === 'all' ? this.#env : withoutNamed), ...change })
    this.#workers.push(worker)
    await worker.said('worker ready')
    return worker
  }

  /** The processes, the first one first, also those that have ended. */
  get workers(): readonly WorkerProcess[] {
    return this.#workers
  }

  /** What a workflow, or an update of one, fails with. */
  async failureOf(result: Promise<unknown>): Promise<ApplicationFailure> {
    const error: unknown = await result.then(
      (value) => new Error(`no failure but ${JSON.stringify(value)}`),
      (failed: unknown) => failed,
    )
    this.#failures.push(error)
    const isWrapped = error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError
    const cause = isWrapped ? error.cause : error
    if (!(cause instanceof ApplicationFailure)) throw cause
    return cause
  }

  /** The events of a workflow's history, and how many bytes they take. */
  async historyOf(handle: WorkflowHandle): Promise<{ events: HistoryEvents; bytes: number }> {
    const [{ events }, { historySize }] = await Promise.all([handle.fetchHistory(), handle.describe()])
    return { events: events ?? [], bytes: historySize ?? 0 }
  }

  /** The history of every workflow of this task queue, as text. */
  async histories(): Promise<ReadonlyMap<string, string>> {
    const histories = new Map<string, string>()
    for await (const { workflowId, runId } of this.client.workflow.list({
      query: `TaskQueue = '${this.taskQueue}'`,
    })) {
      const history = await this.client.workflow.getHandle(workflowId, runId).fetchHistory()
      histories.set(`history of ${workflowId} (${runId})`, written(await decrypted(history)))
    }
    return histories
  }

  /** Everything that a person may come to see: histories, logs, failures. */
  async traces(): Promise<ReadonlyMap<string, string>> {
    return new Map([
      ...(await this.histories()),
      ...this.#workers.map(({ log }, n) => [`log of worker ${n + 1}`, log] as const),
      ...this.#failures.map((failure, n) => [`failure ${n + 1}`, inspect(failure, { depth: 20 })] as const),
    ])
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()))
    await this.client.connection.close()
    await rm(this.#folder, { recursive: true })
  }

  get #deploymentsFile(): string {
    return join(this.#folder, 'deployments.json')
  }

  async #writeDeployments(named: Deployments): Promise<void> {
    const { token, header } = this.secrets
    const deployments = Object.entries(named).map(([name, url]) => {
      const headers = { authorization: `Bearer ${token}`, 'x-tenant': header }
      return [name, { url, apiKeyEnv: 'NAMED_API_KEY', headers }] as const
    })
    await writeFile(this.#deploymentsFile, JSON.stringify(Object.fromEntries(deployments)))
  }
}

/** The names of the traces that hold any of these words. */
export function holding(traces: ReadonlyMap<string, string>, words: readonly string[]): string[] {
  return [...traces].filter(([, text]) => words.some((word) => text.includes(word))).map(([name]) => name)
}

/** A history as JSON, its payloads as the text that they are. */
function written(history: unknown): string {
  return JSON.stringify(history, function (this: Record<string, unknown>, key) {
    // As it was before `toJSON`, which writes a message's payloads in base64.
    const raw = this[key]
    return raw instanceof Uint8Array ? Buffer.from(raw).toString('utf8') : raw
  })
}
