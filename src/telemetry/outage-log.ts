import { log as activityLog } from '@temporalio/activity'
import type { Logger } from '@temporalio/common'
import { messageOf } from '../domain/json.ts'
import { isAnswer, isOutage, resultOf } from './result.ts'

/** As of a watch: a failure or two are no outage. */
const failuresOfAnOutage = 3
const betweenLinesMs = 60_000

interface Outage {
  readonly sinceMs: number
  failures: number
  /** Whether the log has said so. */
  isLogged: boolean
}

/**
 * Logs when the outage of a deployment begins, once a minute that it lasts, and when it ends: however many watches ask, and
 * also if they are answered now and then.
 */
export class OutageLog {
  readonly #log: Pick<Logger, 'info' | 'warn'>
  readonly #now: () => number
  readonly #outages = new Map<string, Outage>()
  readonly #lastLineMs = new Map<string, number>()

  constructor(log: Pick<Logger, 'info' | 'warn'> = activityLog, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  /** Asks a deployment that this worker knows. */
  async observe<T>(deployment: string, ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await ask()
      this.#answered(deployment)
      return answer
    } catch (error) {
      const result = resultOf(error)
      if (isOutage(result)) this.#failed(deployment, error)
      if (isAnswer(result)) this.#answered(deployment)
      throw error
    }
  }

  #answered(deployment: string): void {
    const outage = this.#outages.get(deployment)
    if (!outage) return
    this.#outages.delete(deployment)
    if (outage.isLogged) this.#log.info('deployment answers again', { deployment, ...this.#soFar(outage) })
  }

  #failed(deployment: string, error: unknown): void {
    const nowMs = this.#now()
    const outage = this.#outages.get(deployment) ?? { sinceMs: nowMs, failures: 0, isLogged: false }
    this.#outages.set(deployment, outage)
    outage.failures += 1
    const isQuiet = nowMs - (this.#lastLineMs.get(deployment) ?? -Infinity) < betweenLinesMs
    if (outage.failures < failuresOfAnOutage || isQuiet) return
    const event = outage.isLogged ? 'deployment outage continues' : 'deployment outage'
    outage.isLogged = true
    this.#lastLineMs.set(deployment, nowMs)
    this.#log.warn(event, { deployment, reason: messageOf(error), ...this.#soFar(outage) })
  }

  #soFar({ failures, sinceMs }: Outage) {
    return { failures, outageSeconds: Math.round((this.#now() - sinceMs) / 1000) }
  }
}
