import { setTimeout as pause } from 'node:timers/promises'
import { langGraphFailureTypes } from '../domain/contract.ts'
import { seconds } from '../domain/text.ts'
import { isTimeout } from './ask.ts'
import { LangGraphError, parseRetryAfter } from './errors.ts'

const tooManyRequests = 429
/** For a server that does not say how long. */
const usualPauseMs = 5000
const longestPauseMs = 60_000
/** A step that waits holds a slot of the worker. */
const longestWaitMs = 1000

/** This worker may not ask the server now, so nothing was asked. */
export class NotAsked extends LangGraphError {
  constructor(message: string, retryAfterMs?: number) {
    super(langGraphFailureTypes.unavailable, message, { retryAfterMs })
  }
}

/**
 * When a worker may ask one server: in no pause that the server has asked for (429), and `maxRequestsPerSecond` times.
 *
 * Whole steps wait for their turn, such as a poll. The further requests of a step go at once, and later steps wait for them
 * too: a step that is stopped half-way would lose what it knows.
 */
export class Pace {
  readonly #deployment: string
  readonly #perSecond: number
  readonly #gapMs: number
  #nextTurnMs = 0
  /** Of steps that had their turn, and have not asked yet. */
  #prepaid = 0
  /** When the last one of those that were sent away is to come again. */
  #lastReturnMs = 0
  #pause = { untilMs: 0, lengthMs: 0 }

  constructor(deployment: string, maxRequestsPerSecond = Infinity) {
    this.#deployment = deployment
    this.#perSecond = maxRequestsPerSecond
    this.#gapMs = 1000 / maxRequestsPerSecond
  }

  /**
   * Waits for the turn of a step.
   *
   * @param mostMs a step whose turn comes later is sent away at once
   * @throws NotAsked, which says when to come again: not all at the same time
   */
  async turn(what: string, signal: AbortSignal, mostMs = longestWaitMs): Promise<void> {
    const nowMs = performance.now()
    this.#requireNoPause(what, nowMs)
    const waitMs = this.#nextTurnMs - nowMs
    if (waitMs > mostMs) throw this.#sentAway(what, nowMs)
    this.#charge(nowMs)
    if (waitMs > 0) {
      await pause(waitMs, undefined, { signal }).catch(() => {
        throw isTimeout(signal.reason) ? this.#sentAway(what, performance.now()) : signal.reason
      })
      this.#requireNoPause(what, performance.now())
    }
    this.#prepaid += 1
  }

  /** Every request to the server goes out here. */
  readonly fetch: typeof fetch = async (input, init) => {
    if (this.#prepaid > 0) this.#prepaid -= 1
    else this.#charge(performance.now())
    const response = await fetch(input, init)
    if (response.status === tooManyRequests) this.#pauseFor(parseRetryAfter(response.headers.get('retry-after')))
    return response
  }

  #requireNoPause(what: string, nowMs: number): void {
    const { untilMs, lengthMs } = this.#pause
    if (nowMs >= untilMs) return
    throw this.#notAsked(what, 'it asked for a pause (HTTP 429)', untilMs - nowMs + Math.random() * lengthMs)
  }

  #charge(nowMs: number): void {
    this.#nextTurnMs = Math.max(this.#nextTurnMs, nowMs) + this.#gapMs
  }

  #sentAway(what: string, nowMs: number): NotAsked {
    const why = `this worker may ask it ${this.#perSecond} times a second (\`maxRequestsPerSecond\`)`
    return this.#notAsked(what, why, this.#returnMs(nowMs) - nowMs)
  }

  #returnMs(nowMs: number): number {
    const afterOthersMs = Math.max(this.#lastReturnMs, this.#nextTurnMs) + this.#gapMs
    this.#lastReturnMs = Math.min(afterOthersMs, nowMs + longestPauseMs)
    return this.#lastReturnMs
  }

  #pauseFor(askedForMs = usualPauseMs): void {
    const lengthMs = Math.min(askedForMs, longestPauseMs)
    const untilMs = performance.now() + lengthMs
    if (untilMs > this.#pause.untilMs) this.#pause = { untilMs, lengthMs }
  }

  #notAsked(what: string, why: string, againInMs: number): NotAsked {
    const message = `${what} from deployment "${this.#deployment}": not asked, since ${why}: again in ${seconds(againInMs)}`
    return new NotAsked(message, Math.round(againInMs))
  }
}
