import type { Replacing } from './options.ts'
import { cpuMsOf, rssKbOf } from './processes.ts'
import type { Program } from './processes.ts'

/** The processes that do a contestant's waiting. */
export class Workers {
  /** Rejects when a worker ends by itself. */
  readonly died: Promise<never>
  #fail: (reason: unknown) => void = () => undefined
  readonly #count: number
  readonly #start: (number: number) => Promise<Program>
  readonly #makeCurrent: (build: number) => Promise<void>
  #running: readonly Program[] = []
  #started = 0
  #cpuMsOfKilled = 0

  /**
   * @param start resolves when the worker of this number, from 1, is ready
   * @param makeCurrent gives all work to the workers of a build: of the first, from 1, are the first `count`, and so on
   */
  static async start(
    count: number,
    start: (number: number) => Promise<Program>,
    makeCurrent: (build: number) => Promise<void> = async () => undefined,
  ): Promise<Workers> {
    const workers = new Workers(count, start, makeCurrent)
    await workers.#startNext(count)
    await makeCurrent(1)
    return workers
  }

  private constructor(
    count: number,
    start: (number: number) => Promise<Program>,
    makeCurrent: (build: number) => Promise<void>,
  ) {
    this.#count = count
    this.#start = start
    this.#makeCurrent = makeCurrent
    this.died = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.died.catch(() => undefined)
  }

  get cpuMs(): number {
    return this.#running.reduce((sum, { pid }) => sum + cpuMsOf(pid), this.#cpuMsOfKilled)
  }

  get rssKb(): number {
    return this.#running.reduce((sum, { pid }) => sum + rssKbOf(pid), 0)
  }

  /** A failure shows in `died`. */
  async replace(how: Replacing['how']): Promise<void> {
    try {
      await this.#replace(how)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #replace(how: Replacing['how']): Promise<void> {
    switch (how) {
      case 'kill':
        await this.#endOldest('SIGKILL', 1)
        return this.#startNext(1)
      case 'restart':
        await this.#startNext(1)
        return this.#endOldest('SIGTERM', 1)
      case 'deploy':
        await this.#startNext(this.#count)
        await this.#makeCurrent(this.#started / this.#count)
        return this.#endOldest('SIGTERM', this.#count)
    }
  }

  async #endOldest(signal: NodeJS.Signals, count: number): Promise<void> {
    const ending = this.#running.slice(0, count)
    this.#cpuMsOfKilled += ending.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0)
    this.#running = this.#running.slice(count)
    await Promise.all(ending.map((program) => program.end(signal)))
  }

  async #startNext(count: number): Promise<void> {
    const start = async (number: number) => {
      const program = await this.#start(number)
      this.#dependOn(program)
      return program
    }
    const next = await Promise.all(Array.from({ length: count }, (_, n) => start(this.#started + n + 1)))
    this.#started += count
    this.#running = [...this.#running, ...next]
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((program) => program.end('SIGKILL')))
  }

  #dependOn(program: Program): void {
    program.died().catch((error: unknown) => this.#fail(error))
  }
}
