import { setTimeout as pause } from 'node:timers/promises'
import type { Program } from '../../bench/fleet/processes.ts'

const beforeNextTryMs = 1000

/** Worker processes, and what starts one again that has ended, as an orchestrator does. */
export class ChaosWorkers {
  /** How many have ended by themselves after they were ready: what they said last. */
  readonly ended: string[] = []
  readonly #start: () => Program
  readonly #slots: (Program | undefined)[] = []
  readonly #frozen = new Set<Program>()
  #isStopping = false

  /** @param start begins a worker, which says "worker ready" when it is */
  static async start(count: number, start: () => Program): Promise<ChaosWorkers> {
    const workers = new ChaosWorkers(start)
    await Promise.all(Array.from({ length: count }, (_, slot) => workers.#fill(slot)))
    return workers
  }

  private constructor(start: () => Program) {
    this.#start = start
  }

  /** @returns whether one was running, or frozen, there */
  async kill(chance: number): Promise<boolean> {
    const slot = this.#pick(chance, () => true)
    const program = slot === undefined ? undefined : this.#slots[slot]
    if (slot === undefined || !program) return false
    this.#slots[slot] = undefined
    await program.end('SIGKILL')
    void this.#fill(slot)
    return true
  }

  /** @returns whether one was running */
  async freeze(chance: number, ms: number, signal: AbortSignal): Promise<boolean> {
    const slot = this.#pick(chance, (program) => !this.#frozen.has(program))
    const program = slot === undefined ? undefined : this.#slots[slot]
    if (!program) return false
    this.#frozen.add(program)
    process.kill(program.pid, 'SIGSTOP')
    await pause(ms, undefined, { signal }).catch(() => undefined)
    this.#frozen.delete(program)
    // It may have been killed meanwhile.
    if (this.#slots.includes(program)) process.kill(program.pid, 'SIGCONT')
    return true
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#slots.map(async (program) => program?.end('SIGKILL')))
  }

  #pick(chance: number, suits: (program: Program) => boolean): number | undefined {
    const suitable = this.#slots.flatMap((program, slot) => (program && suits(program) ? [slot] : []))
    return suitable[Math.floor(chance * suitable.length)]
  }

  /** Tries until one is ready: Temporal may be away. */
  async #fill(slot: number): Promise<void> {
    while (!this.#isStopping) {
      const program = this.#start()
      // Filled before it is ready, so that `stop` ends it.
      this.#slots[slot] = program
      try {
        await program.said(/worker ready/)
        program.died().catch((error: unknown) => this.#replace(slot, program, String(error)))
        return
      } catch {
        this.#slots[slot] = undefined
        await pause(beforeNextTryMs, undefined, { ref: false })
      }
    }
  }

  #replace(slot: number, program: Program, lastWords: string): void {
    if (this.#slots[slot] !== program) return
    this.#slots[slot] = undefined
    this.ended.push(lastWords)
    void this.#fill(slot)
  }
}
