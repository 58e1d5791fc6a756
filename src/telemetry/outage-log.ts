import { log as activityLog } from '@temporalio/activity'
import type { Logger } from '@temporalio/common'
import { outageAfter } from '../domain/defaults.ts'
import { messageOf } from '../domain/json.ts'
import { onceAMinute } from './once-a-minute.ts'
import { isAnswer, isOutage, resultOf } from './result.ts'

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
  readonly #unknownOnce: (kind: string) => number | undefined
  readonly #outages = new Map<string, Outage>()
  readonly #lastLineMs = new Map<string, number>()

  constructor(log: Pick<Logger, 'info' | 'warn'> = activityLog, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
    this.#unknownOnce = onceAMinute(now)
  }

  /** Asks a deployment. */
  async observe<T>(deployment: string, ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await ask()
      this.#answered(deployment)
      return answer
    } catch (error) {
      const result = resultOf(error)
      if (isOutage(result)) this.#failed(deployment, error)
      if (isAnswer(result)) this.#answered(deployment)
      if (result === 'unknown_deployment') this.#unknown(deployment, error)
      throw error
    }
  }

  /** Callers choose the name, so all unknown ones together are one line a minute. */
  #unknown(deployment: string, error: unknown): void {
    const held = this.#unknownOnce('')
    if (held !== undefined) this.#log.warn('unknown deployment', { deployment, reason: messageOf(error) })
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
    if (outage.failures < outageAfter || isQuiet) return
    const event = outage.isLogged ? 'deployment outage continues' : 'deployment outage'
    outage.isLogged = true
    this.#lastLineMs.set(deployment, nowMs)
    this.#log.warn(event, { deployment, reason: messageOf(error), ...this.#soFar(outage) })
  }

  #soFar({ failures, sinceMs }: Outage) {
    return { failures, outageSeconds: Math.round((this.#now() - sinceMs) / 1000) }
  }
}
