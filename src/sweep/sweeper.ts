import { setTimeout as pause } from 'node:timers/promises'
import { log } from '@temporalio/activity'
import { messageOf } from '../domain/json.ts'
import { longestSweepMs } from '../domain/sweep.ts'
import type { SweepEnd, SweepHeartbeat } from '../domain/sweep.ts'
import { LangGraphError } from '../langgraph/errors.ts'
import type { LangGraph, ThreadState } from '../langgraph/port.ts'
import { mostThreadsAtOnce } from '../langgraph/thread-search.ts'
import { withTimeout } from '../langgraph/with-timeout.ts'
import type { SweepObserver } from '../telemetry/sweep-metrics.ts'
import { Changes } from './changes.ts'
import type { Due } from './changes.ts'
import type { OpenWatch } from './open-watches.ts'

const requestTimeoutMs = 10_000
const wakesAtOnce = 16
const heartbeatEveryMs = 1000
/** A server that takes longer than the interval is left alone for this part of it. */
const restOfInterval = 0.25
/** It notices within this time that its worker stops. */
const stopLookMs = 200

/** The open watches of one deployment and task queue. */
interface Watches {
  readonly all: readonly OpenWatch[]
  refresh(nowMs: number): Promise<void>
  drop(watch: OpenWatch): void
}

interface SweepLimits {
  /** If it has seen nothing for its interval and this long, its heartbeats say so, and watches rely on it no longer. */
  readonly toleratedOutageMs: number
  /** After this long without an open watch it says that nobody may rely on it. */
  readonly idleUntilBlindMs: number
  /** After this long it ends: by then everybody has read that. */
  readonly idleUntilEndMs: number
}

export interface SweepContext {
  readonly watches: Watches
  readonly langGraph: Pick<LangGraph, 'searchThreads'>
  readonly deployment: string
  readonly intervalMs: number
  readonly limits: SweepLimits
  wake(watch: OpenWatch): Promise<'woken' | 'closed'>
  /** Aborts when the activity is cancelled. */
  readonly signal: AbortSignal
  heartbeat(said: SweepHeartbeat): void
  /** By what the try before has said in its heartbeats. */
  readonly hasFound: boolean
  /** Absent: nothing is measured. */
  readonly observer?: SweepObserver
  /** Ends the sweep when its worker stops. */
  throwIfStopping(): void
}

/** One sweep: lists the open watches, asks for their threads, and wakes those whose thread has changed; again and again. */
export class Sweeper {
  readonly #context: SweepContext
  readonly #changes = new Changes()
  readonly #beganAtMs = performance.now()
  #lastSeenAtMs = -Infinity
  #lastOpenAtMs = performance.now()
  #isOutage = false
  /** How long it has slept since this look began. */
  #restedMs = 0
  /** A proxy refuses too, while the server behind it is away: watches sleep, so a sweep that has worked stays. */
  #hasFound: boolean

  constructor(context: SweepContext) {
    this.#context = context
    this.#hasFound = context.hasFound
  }

  async run(): Promise<SweepEnd> {
    const heartbeats = setInterval(() => this.#heartbeat(), heartbeatEveryMs)
    let end: SweepEnd | undefined
    try {
      for (;;) {
        const beganAtMs = performance.now()
        end = (await this.#once(beganAtMs)) ?? this.#endByTime()
        if (end) return end
        const { intervalMs } = this.#context
        await this.#until(Math.max(beganAtMs + intervalMs, performance.now() + intervalMs * restOfInterval))
      }
    } finally {
      clearInterval(heartbeats)
      this.#context.observer?.ended(end)
    }
  }

  async #once(beganAtMs: number): Promise<'unsearchable' | undefined> {
    this.#restedMs = 0
    // While Temporal cannot list, what was listed before is still looked at.
    const listed = await this.#tried(() => this.#list())
    const searched = await this.#tried(() => this.#wakeWhatChanged(beganAtMs))
    if (searched === 'unsearchable') return searched
    this.#context.observer?.looked(performance.now() - beganAtMs - this.#restedMs)
    if (listed && searched) this.#seen()
    return undefined
  }

  async #tried<T>(step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step()
    } catch (error) {
      this.#context.signal.throwIfAborted()
      this.#notSeen(error)
      return undefined
    }
  }

  async #list(): Promise<'listed'> {
    const { watches } = this.#context
    try {
      await watches.refresh(performance.now())
    } catch (error) {
      // Nobody knows whether one is open.
      this.#lastOpenAtMs = performance.now()
      throw error
    }
    if (watches.all.length > 0) this.#lastOpenAtMs = performance.now()
    return 'listed'
  }

  /** Its requests are spread over the interval, so that the watches that they wake do not wait for each other. */
  async #wakeWhatChanged(beganAtMs: number): Promise<'searched' | 'unsearchable'> {
    const { intervalMs, watches } = this.#context
    const { all } = watches
    this.#changes.keep(all)
    for (let from = 0; from < all.length; from += mostThreadsAtOnce) {
      if (from > 0) await this.#until(beganAtMs + (intervalMs * from) / all.length)
      const some = all.slice(from, from + mostThreadsAtOnce)
      const found = await this.#search([...new Set(some.map(({ threadId }) => threadId))])
      if (!found && this.#hasFound) throw new Error('the server has searched threads by ids before, and refuses it now')
      if (!found) return 'unsearchable'
      this.#hasFound = true
      await this.#wakeAll(this.#changes.due(some, found, performance.now()))
    }
    return 'searched'
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
    const { watches, wake } = this.#context
    if ((await wake(due.watch)) === 'closed') watches.drop(due.watch)
    this.#changes.woken(due, performance.now())
  }

  #seen(): void {
    const { deployment } = this.#context
    if (this.#isOutage) log.info('the sweep works again', { deployment })
    this.#isOutage = false
    this.#lastSeenAtMs = performance.now()
    // Temporal's SDK sends the first heartbeat at once, and holds later ones back for 6.4 s.
    this.#heartbeat()
  }

  #notSeen(error: unknown): void {
    const { deployment } = this.#context
    // That a deployment does not answer is logged for all that ask it.
    if (this.#isOutage || error instanceof LangGraphError) return
    log.warn('the sweep gets no answer', { deployment, reason: messageOf(error) })
    this.#isOutage = true
  }

  #heartbeat(): void {
    const { intervalMs, limits, observer } = this.#context
    const nowMs = performance.now()
    const isCurrent = nowMs - this.#lastSeenAtMs < intervalMs + limits.toleratedOutageMs
    const sees = isCurrent && nowMs - this.#lastOpenAtMs < limits.idleUntilBlindMs
    this.#context.heartbeat({ sees, ...(this.#hasFound && { found: true }) })
    observer?.aged(nowMs - Math.max(this.#lastSeenAtMs, this.#beganAtMs))
  }

  #endByTime(): SweepEnd | undefined {
    const nowMs = performance.now()
    if (nowMs - this.#lastOpenAtMs > this.#context.limits.idleUntilEndMs) return 'idle'
    return nowMs - this.#beganAtMs > longestSweepMs ? 'continues' : undefined
  }

  async #until(timeMs: number): Promise<void> {
    this.#restedMs += Math.max(0, timeMs - performance.now())
    for (let leftMs = timeMs - performance.now(); leftMs > 0; leftMs = timeMs - performance.now()) {
      this.#context.throwIfStopping()
      await pause(Math.min(leftMs, stopLookMs))
      this.#context.signal.throwIfAborted()
    }
  }
}
