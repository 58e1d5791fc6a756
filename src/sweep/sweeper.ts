import { setTimeout as pause } from 'node:timers/promises'
import { log } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/client'
import { wakeSignalName } from '../domain/contract.ts'
import { messageOf } from '../domain/json.ts'
import type { SweepEnd, SweepHeartbeat } from '../domain/sweep.ts'
import type { LangGraph, ThreadState } from '../langgraph/port.ts'
import { mostThreadsAtOnce } from '../langgraph/thread-search.ts'
import { withTimeout } from '../langgraph/with-timeout.ts'
import { Changes } from './changes.ts'
import type { Due } from './changes.ts'
import { OpenWatches } from './open-watches.ts'

const dayMs = 86_400_000
const requestTimeoutMs = 10_000
/** What fails for longer than this is said: watches do not sleep on it any more. */
const toleratedOutageMs = 10_000
/** Without an open watch it says first that nobody may rely on it, and ends when everybody has read that. */
const idleMs = { untilBlind: 40_000, untilEnd: 60_000 }
const wakesAtOnce = 16
const heartbeatEveryMs = 1000
/** So fast it notices that its worker stops. */
const stopLookMs = 200
/** For all pages of a list. */
const listTimeoutMs = 30_000

export interface SweepContext {
  readonly client: Client
  readonly langGraph: LangGraph
  readonly deployment: string
  readonly taskQueue: string
  readonly intervalMs: number
  /** The activity is cancelled. */
  readonly signal: AbortSignal
  heartbeat(said: SweepHeartbeat): void
  /** Ends the sweep when its worker stops. */
  throwIfStopping(): void
}

/** One sweep: lists the open watches, asks for their threads, and wakes those whose thread has changed; again and again. */
export class Sweeper {
  readonly #context: SweepContext
  readonly #watches: OpenWatches
  readonly #changes = new Changes()
  readonly #beganAtMs = performance.now()
  #lastSeenAtMs = -Infinity
  #lastOpenAtMs = performance.now()
  #isOutage = false

  constructor(context: SweepContext) {
    this.#context = context
    this.#watches = new OpenWatches(context.client, context)
  }

  async run(): Promise<SweepEnd> {
    const heartbeats = setInterval(() => this.#heartbeat(), heartbeatEveryMs)
    try {
      for (;;) {
        const end = (await this.#once()) ?? this.#endByTime()
        if (end) return end
        await this.#untilNext()
      }
    } finally {
      clearInterval(heartbeats)
    }
  }

  async #once(): Promise<'unsearchable' | undefined> {
    try {
      await this.#list()
      const isSearched = await this.#wakeWhatChanged()
      if (!isSearched) return 'unsearchable'
      this.#seen()
    } catch (error) {
      this.#context.signal.throwIfAborted()
      this.#notSeen(error)
    }
    return undefined
  }

  async #list(): Promise<void> {
    const { client } = this.#context
    await client.withDeadline(Date.now() + listTimeoutMs, () => this.#watches.refresh(performance.now()))
    if (this.#watches.all.length > 0) this.#lastOpenAtMs = performance.now()
  }

  /** @returns `false` if the server cannot search */
  async #wakeWhatChanged(): Promise<boolean> {
    const { all } = this.#watches
    this.#changes.keep(all)
    for (let from = 0; from < all.length; from += mostThreadsAtOnce) {
      const some = all.slice(from, from + mostThreadsAtOnce)
      const found = await this.#search([...new Set(some.map(({ threadId }) => threadId))])
      if (!found) return false
      await this.#wakeAll(this.#changes.due(some, found, performance.now()))
    }
    return true
  }

  async #search(threadIds: readonly string[]): Promise<readonly ThreadState[] | undefined> {
    const { langGraph, signal } = this.#context
    const search = await withTimeout(signal, requestTimeoutMs, (limited) => langGraph.searchThreads(threadIds, limited))
    return search.kind === 'found' ? search.threads : undefined
  }

  async #wakeAll(due: readonly Due[]): Promise<void> {
    const left = [...due]
    const some = async () => {
      for (let next = left.pop(); next; next = left.pop()) await this.#wake(next)
    }
    await Promise.all(Array.from({ length: Math.min(wakesAtOnce, due.length) }, some))
  }

  /** A wake that cannot be sent is due again. */
  async #wake(due: Due): Promise<void> {
    this.#context.signal.throwIfAborted()
    try {
      await this.#context.client.workflow.getHandle(due.watch.workflowId).signal(wakeSignalName)
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      this.#watches.drop(due.watch)
    }
    this.#changes.woken(due, performance.now())
  }

  #seen(): void {
    const { deployment } = this.#context
    if (this.#isOutage) log.info('the sweep works again', { deployment })
    this.#isOutage = false
    this.#lastSeenAtMs = performance.now()
    // The first heartbeat is sent at once, and later ones seldom.
    this.#heartbeat()
  }

  #notSeen(error: unknown): void {
    const { deployment } = this.#context
    if (!this.#isOutage) log.warn('the sweep gets no answer', { deployment, reason: messageOf(error) })
    this.#isOutage = true
  }

  #heartbeat(): void {
    const nowMs = performance.now()
    const isCurrent = nowMs - this.#lastSeenAtMs < this.#context.intervalMs + toleratedOutageMs
    const sees = isCurrent && nowMs - this.#lastOpenAtMs < idleMs.untilBlind
    this.#context.heartbeat({ sees })
  }

  #endByTime(): SweepEnd | undefined {
    const nowMs = performance.now()
    if (nowMs - this.#lastOpenAtMs > idleMs.untilEnd) return 'idle'
    return nowMs - this.#beganAtMs > dayMs ? 'continues' : undefined
  }

  async #untilNext(): Promise<void> {
    const { intervalMs, signal } = this.#context
    const untilMs = performance.now() + intervalMs
    for (;;) {
      this.#context.throwIfStopping()
      const leftMs = untilMs - performance.now()
      if (leftMs <= 0) return
      await pause(Math.min(leftMs, stopLookMs), undefined, { signal })
    }
  }
}
