import { cpuMsOf, rssKbOf } from './processes.ts'
import type { Program } from './processes.ts'

/** The processes that do a contestant's waiting. */
export class Workers {
  /** Rejects when a worker ends by itself. */
  readonly died: Promise<never>
  #fail: (reason: unknown) => void = () => undefined
  readonly #start: (number: number) => Promise<Program>
  #running: readonly Program[]
  #started: number
  #cpuMsOfKilled = 0

  /** @param start resolves when the worker of this number, from 1, is ready */
  static async start(count: number, start: (number: number) => Promise<Program>): Promise<Workers> {
    const running = await Promise.all(Array.from({ length: count }, (_, n) => start(n + 1)))
    return new Workers(running, start)
  }

  private constructor(running: readonly Program[], start: (number: number) => Promise<Program>) {
    this.#running = running
    this.#started = running.length
    this.#start = start
    this.died = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.died.catch(() => undefined)
    for (const program of running) this.#dependOn(program)
  }

  get cpuMs(): number {
    return this.#running.reduce((sum, { pid }) => sum + cpuMsOf(pid), this.#cpuMsOfKilled)
  }

  get rssKb(): number {
    return this.#running.reduce((sum, { pid }) => sum + rssKbOf(pid), 0)
  }

  /** Kills the oldest, as a crash does, and starts the next. */
  async replaceOldest(): Promise<void> {
    await this.#endOldest('SIGKILL')
    await this.#startNext()
  }

  /** As a rolling restart does: the next is ready before the oldest is stopped. */
  async restartOldest(): Promise<void> {
    await this.#startNext()
    await this.#endOldest('SIGTERM')
  }

  async #endOldest(signal: NodeJS.Signals): Promise<void> {
    const [oldest, ...others] = this.#running
    if (!oldest) return
    this.#cpuMsOfKilled += cpuMsOf(oldest.pid)
    this.#running = others
    await oldest.end(signal)
  }

  async #startNext(): Promise<void> {
    this.#started += 1
    const next = await this.#start(this.#started)
    this.#dependOn(next)
    this.#running = [...this.#running, next]
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((program) => program.end('SIGKILL')))
  }

  #dependOn(program: Program): void {
    program.died().catch((error: unknown) => this.#fail(error))
  }
}
