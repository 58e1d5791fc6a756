import { workflowTypes } from '../../domain/contract.ts'
import { Visibility } from '../list/visibility.ts'
import type { Temporal } from '../temporal.ts'

/** Clocks of machines differ, and visibility may show an end late. */
const allowanceMs = 10 * 60_000

/** Which watches have closed since this command began, by visibility: one request for a thousand. */
export class EndedWatches {
  readonly #visibility: Visibility
  readonly #told = new Set<string>()
  #sinceMs = Date.now() - allowanceMs

  constructor(temporal: Temporal) {
    this.#visibility = new Visibility(temporal)
  }

  /** @returns the workflow ids of those that were not told before */
  async next(): Promise<string[]> {
    const since = new Date(this.#sinceMs).toISOString()
    const query = `WorkflowType = '${workflowTypes.watchRun}' AND ExecutionStatus != 'ContinuedAsNew' AND CloseTime >= '${since}'`
    const found: string[] = []
    let next: Uint8Array | undefined
    do {
      const page = await this.#visibility.page(query, Infinity, next)
      next = page.next
      for (const { id, ended = '' } of page.rows) {
        const one = `${ended} ${id}`
        if (!this.#told.has(one)) found.push(id)
        this.#told.add(one)
        this.#sinceMs = Math.max(this.#sinceMs, Date.parse(ended) - allowanceMs)
      }
    } while (next)
    return found
  }
}
