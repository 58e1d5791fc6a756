import type { MetricTags } from '@temporalio/common'
import { openStates } from '../domain/state.ts'
import type { OpenState } from '../domain/state.ts'
import type { SweepEnd } from '../domain/sweep.ts'

/** Where an open watch is, and since when. */
export interface CountedWatch {
  readonly state: OpenState
  readonly sinceMs: number
}

interface Gauge {
  set(value: number, tags: MetricTags): void
}

interface SweepInstruments {
  readonly openWatches: Gauge
  readonly oldestHumanWait: Gauge
  readonly sweepAge: Gauge
  readonly sweepDuration: { record(value: number, tags: MetricTags): void }
}

/** What a sweep has to tell. */
export interface SweepObserver {
  /** A look at all threads is over. */
  looked(tookMs: number): void
  /** So long ago it has last seen all threads. */
  aged(ageMs: number): void
  /** All open watches have been listed. */
  counted(watches: readonly CountedWatch[]): void
  /** This worker sweeps no longer; `undefined`: another one may do so. */
  ended(end: SweepEnd | undefined): void
}

/** The gauges and the histogram of one sweep. A worker that sweeps no longer knows nothing, which is NaN. */
export class SweepMetrics implements SweepObserver {
  readonly #metrics: SweepInstruments
  readonly #tags: MetricTags
  readonly #now: () => number
  #longestWaitSinceMs: number | undefined

  /** @param now of the clock by which Temporal says times, as far as this machine knows it */
  constructor(metrics: SweepInstruments, tags: MetricTags, now: () => number = Date.now) {
    this.#metrics = metrics
    this.#tags = tags
    this.#now = now
  }

  looked(tookMs: number): void {
    this.#metrics.sweepDuration.record(tookMs / 1000, this.#tags)
  }

  aged(ageMs: number): void {
    this.#metrics.sweepAge.set(ageMs / 1000, this.#tags)
    this.#showLongestWait()
  }

  counted(watches: readonly CountedWatch[]): void {
    for (const state of openStates) this.#setOpen(state, watches.filter((watch) => watch.state === state).length)
    const waits = watches.flatMap(({ state, sinceMs }) => (state === 'human' ? [sinceMs] : []))
    this.#longestWaitSinceMs = waits.length === 0 ? Infinity : waits.reduce((a, b) => Math.min(a, b))
    this.#showLongestWait()
  }

  ended(end: SweepEnd | undefined): void {
    this.#longestWaitSinceMs = undefined
    this.#metrics.sweepAge.set(NaN, this.#tags)
    const left = end === 'idle' ? 0 : NaN
    for (const state of openStates) this.#setOpen(state, left)
    this.#metrics.oldestHumanWait.set(left, this.#tags)
  }

  #showLongestWait(): void {
    if (this.#longestWaitSinceMs === undefined) return
    const waitMs = Math.max(this.#now() - this.#longestWaitSinceMs, 0)
    this.#metrics.oldestHumanWait.set(waitMs / 1000, this.#tags)
  }

  #setOpen(state: OpenState, count: number): void {
    this.#metrics.openWatches.set(count, { ...this.#tags, state })
  }
}
