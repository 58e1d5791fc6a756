import { setTimeout as pause } from 'node:timers/promises'

/** The program was told to end: by Ctrl-C, by a kill, or because its terminal or reader went away. */
export class Interrupted extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('interrupted')
    this.exitCode = exitCode
  }
}

/** Shells expect 128 + the signal's number. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
const brokenPipeExitCode = 141
const stopTimeoutMs = 5000
/** A terminal's signal goes to all processes at once, and this one may hear of a child's end before it gets its own. */
const signalTimeoutMs = 500

/** Ends a program of several processes. Whatever the reason is, `stopAll` leaves none of them behind. */
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

  /** Aborts, with the reason, when the program has to end early. */
  get signal(): AbortSignal {
    return this.#end.signal
  }

  /** Waits for work, but not beyond an early end. */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work.catch(afterSignals), this.#ended])
  }

  /** Waits for a start. `stopAll` stops what was started, even if the end came first. */
  own<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    this.#stops.push(async () => (await starting).stop())
    return this.during(starting)
  }

  /** Ends the program as soon as this work fails. */
  dependOn(work: Promise<unknown>): void {
    work.catch(afterSignals).catch((error: unknown) => this.#end.abort(error))
  }

  /** Waits until the program is told to end. */
  untilEnd(): Promise<never> {
    return this.#ended
  }

  /** Stops the last started first. What does not stop in time ends with this process. */
  async stopAll(): Promise<void> {
    for (const stop of this.#stops.toReversed()) {
      const stopped = stop().catch(() => undefined)
      await Promise.race([stopped, pause(stopTimeoutMs)])
    }
  }
}

async function afterSignals(error: unknown): Promise<never> {
  await pause(signalTimeoutMs)
  throw error
}
