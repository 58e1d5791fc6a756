const MB = 1024 * 1024
const maxBytesInFlight = 256 * MB

interface Waiting {
  readonly bytes: number
  readonly begin: () => void
}

/**
 * What all answers that a worker reads at the same time have to share: its memory, and the turns of its event loop.
 *
 * Tradeoff: an answer reserves the most that it may keep, since two that grew step by step could wait for each other.
 */
export class Intake {
  #freeBytes: number
  readonly #waiting: Waiting[] = []
  #lastTurn = Promise.resolve()

  constructor(maxBytes = maxBytesInFlight) {
    this.#freeBytes = maxBytes
  }

  /** Resolves in a turn of the event loop that no other answer has, so that pieces of work never add up to a stall. */
  turn(): Promise<void> {
    this.#lastTurn = this.#lastTurn.then(
      () =>
        new Promise((resolve) => {
          setImmediate(resolve)
        }),
    )
    return this.#lastTurn
  }

  /**
   * Waits until so many bytes are free: first come, first served.
   *
   * @returns gives them back
   */
  async reserve(bytes: number, signal: AbortSignal | undefined): Promise<() => void> {
    if (this.#waiting.length > 0 || bytes > this.#freeBytes) await this.#isFree(bytes, signal)
    else this.#freeBytes -= bytes
    let isHeld = true
    return () => {
      if (isHeld) this.#freeBytes += bytes
      isHeld = false
      this.#admit()
    }
  }

  #isFree(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        // The signal's reason is what every request is aborted with.
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors
        reject(signal?.reason)
        this.#admit()
      }
      const begin = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const waiting: Waiting = { bytes, begin }
      this.#waiting.push(waiting)
      if (signal?.aborted) leave()
      else signal?.addEventListener('abort', leave, { once: true })
    })
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && next.bytes <= this.#freeBytes; next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#freeBytes -= next.bytes
      next.begin()
    }
  }
}
