import type { Reservation } from './guarded-fetch.ts'

/**
 * For a reader that takes values of more bytes than `above` as they were sent. It has them longer than their reading takes,
 * and so long it keeps their share of the worker's memory.
 *
 * Tradeoff: of two answers that are read for one result only the later one is counted, since an answer that waits for memory
 * must not hold some that others wait for.
 */
export class LargeValues {
  readonly above: number
  #held: Reservation | undefined

  constructor(above: number) {
    this.above = above
  }

  hold(memory: Reservation): void {
    this.release()
    this.#held = memory
  }

  release(): void {
    this.#held?.release()
    this.#held = undefined
  }
}
