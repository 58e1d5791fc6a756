import { setTimeout as pause } from 'node:timers/promises'

/** Told to end: by Ctrl-C, by a kill, or by a terminal or reader that went away. */
export class Interrupted extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('interrupted')
    this.exitCode = exitCode
  }
}

/** By the shells' convention: 128 + the signal's number. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
const brokenPipeExitCode = 141
const stopTimeoutMs = 5000

/** How long a program of several processes lasts. Whatever ends it, `stopAll` leaves none of them behind. */
export class Lifetime {
  readonly #end = new AbortController()
  readonly #ended: Promise<never>
  readonly #stops: (() => Promise<unknown>)[] = []

  constructor() {
    const { signal } = this.#end
    this.#ended = new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    this.#ended.catch(() => undefined)
    for (const [name, exitCode] of Object.entries(exitCodes)) {
      process.on(name, () => this.#end.abort(new Interrupted(exitCode)))
    }
    process.stdout.on('error', () => this.#end.abort(new Interrupted(brokenPipeExitCode)))
  }

  /** Aborted, with the reason, when the program is to end early. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** Waits for work, but not beyond the end. */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#ended])
  }

  /** Waits for a start, and stops what was started, even if the end comes before it has. */
  own<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    this.#stops.push(async () => (await starting).stop())
    return this.during(starting)
  }

  /** Does this before what was started earlier is stopped, if the program was not told to end early. */
  atGoodEnd(step: () => Promise<unknown>): void {
    this.#stops.push(async () => this.signal.aborted || step())
  }

  /** Fails the program as soon as this fails. */
  dependOn(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#end.abort(error))
  }

  /** Stays until told to end. */
  untilEnd(): Promise<never> {
    return this.#ended
  }

  /** The last started first. What does not stop in time ends with this process. */
  async stopAll(): Promise<void> {
    for (const stop of this.#stops.toReversed()) {
      const stopped = stop().catch(() => undefined)
      await Promise.race([stopped, pause(stopTimeoutMs)])
    }
  }
}
