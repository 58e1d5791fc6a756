import type { ThreadState } from '../langgraph/port.ts'
import type { OpenWatch } from './open-watches.ts'

/** A thread that stays busy, or that the server does not show, wakes its watch no more often than this. */
const betweenWakesMs = 10_000

interface Seen {
  /** Changes when a run of the thread ends. */
  readonly mark: string
  readonly wokenAtMs: number
}

/** A watch that is to be woken, and what its thread was when that was decided. */
export interface Due {
  readonly watch: OpenWatch
  readonly mark: string
}

const unseen = 'unseen'

/** What each watch's thread was when the watch was last woken. A wake that could not be sent leaves it due. */
export class Changes {
  readonly #seen = new Map<string, Seen>()

  /** The watches whose thread has changed, or that are new and may have missed a change. `nowMs` is of any one clock. */
  due(watches: readonly OpenWatch[], found: readonly ThreadState[], nowMs: number): readonly Due[] {
    const states = new Map(found.map((state) => [state.threadId, state]))
    return watches.flatMap((watch) => {
      const state = states.get(watch.threadId)
      const mark = state ? `${state.status} ${state.updatedAt}` : unseen
      return this.#isDue(watch, state, mark, nowMs) ? [{ watch, mark }] : []
    })
  }

  #isDue(watch: OpenWatch, state: ThreadState | undefined, mark: string, nowMs: number): boolean {
    const seen = this.#seen.get(watch.workflowId)
    const isBusy = state?.status === 'busy'
    if (!seen) {
      if (!isBusy || hasChangedSince(watch, state)) return true
      this.#seen.set(watch.workflowId, { mark, wokenAtMs: -Infinity })
      return false
    }
    if (mark === seen.mark && mark !== unseen) return false
    return (!isBusy && mark !== unseen) || nowMs - seen.wokenAtMs >= betweenWakesMs
  }

  woken({ watch, mark }: Due, nowMs: number): void {
    this.#seen.set(watch.workflowId, { mark, wokenAtMs: nowMs })
  }

  /** Forgets all watches but these. */
  keep(watches: readonly OpenWatch[]): void {
    const open = new Set(watches.map(({ workflowId }) => workflowId))
    for (const workflowId of this.#seen.keys()) if (!open.has(workflowId)) this.#seen.delete(workflowId)
  }
}

/** Its run may have ended before the first look, and another may be running. A clock that is wrong costs a wake, or saves one. */
function hasChangedSince({ runExistedAtMs = Infinity }: OpenWatch, { updatedAt }: ThreadState): boolean {
  return Date.parse(updatedAt) > runExistedAtMs
}
