/** How long a watch has been open, for a person: never less than a moment ago. */
export class ElapsedClock {
  #startMs: number

  /** @param openSince of a watch that was there before */
  constructor(openSince: Date | undefined) {
    this.#startMs = openSince?.getTime() ?? Infinity
  }

  /** The workflow's own clock stands still while it sleeps, so that it is late, and by how much is not known. */
  see(elapsedSeconds: number): void {
    this.#startMs = Math.min(this.#startMs, Date.now() - elapsedSeconds * 1000)
  }

  secondsAt(nowMs: number): number {
    return Math.max(0, (nowMs - this.#startMs) / 1000)
  }
}
