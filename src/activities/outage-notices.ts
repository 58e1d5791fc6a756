import { createHash } from 'node:crypto'
import { outageAfter } from '../domain/defaults.ts'

/** Of a deployment that comes and goes nobody hears more often. */
const betweenNoticesMs = 600_000

/**
 * Lets one watch tell of an outage for all watches of its deployment: 10,000 of them would otherwise say the same. Workers
 * name a notice by the deployment and the time, so that those which several of them give are one.
 */
export class OutageNotices {
  readonly #told = new Map<string, { readonly notice: string; readonly isOver: boolean }>()

  /** @param unanswered polls of this watch in a row, before this one, without an answer */
  noticeOf(taskQueue: string, deployment: string, unanswered: number, nowMs = Date.now()): string | undefined {
    if (unanswered + 1 < outageAfter) return undefined
    const told = this.#told.get(deployment)
    const since = new Date(Math.floor(nowMs / betweenNoticesMs) * betweenNoticesMs).toISOString()
    const notice = `outage/${fitting(taskQueue)}/${deployment}/${since}`
    if (told && (!told.isOver || told.notice === notice)) return undefined
    this.#told.set(deployment, { notice, isOver: false })
    return notice
  }

  answered(deployment: string): void {
    const told = this.#told.get(deployment)
    if (told) this.#told.set(deployment, { ...told, isOver: true })
  }
}

/** The notice becomes part of a workflow's id, which Temporal bounds as it does a task queue's name, and an HTTP header. */
function fitting(taskQueue: string): string {
  return /^[!-~]{1,200}$/.test(taskQueue) ? taskQueue : createHash('sha256').update(taskQueue).digest('hex')
}
