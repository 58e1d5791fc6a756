/** Work of which the workflow hears this late had no worker, because of a crash or a deploy. */
const workerAwayMs = 5000
/** A limit, since an overloaded worker is always late. */
const mostAbsences = 3

/** A time limit that does not run while no worker is there to use it. */
export class TimeBudget {
  #endMs: number
  #absences = 0

  constructor(ms: number) {
    this.#endMs = Date.now() + ms
  }

  leftMs(): number {
    return Math.max(0, this.#endMs - Date.now())
  }

  /** Waits for work that takes `atMostMs` if a worker is running. */
  async spend<T>(atMostMs: number, work: Promise<T>): Promise<T> {
    const startedMs = Date.now()
    const done = await work
    const tookMs = Date.now() - startedMs
    if (tookMs > atMostMs + workerAwayMs && this.#absences < mostAbsences) {
      this.#absences += 1
      this.#endMs += tookMs
    }
    return done
  }
}
