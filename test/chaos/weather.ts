import { setTimeout as pause } from 'node:timers/promises'
import { chanceOf, Deck, Tally } from './chance.ts'
import type { ChaosOptions, FaultGroup } from './options.ts'
import type { Stage } from './stage.ts'

/** Longer than Temporal waits for a try of an activity. */
const longestFrozenMs = 30_000
const longestAwayMs = 5000
/** Between the begins of two faults, on average. */
const betweenMs = 6000

interface ProcessFault {
  readonly name: string
  readonly group: FaultGroup
  /** How often it is in a deck. */
  readonly copies: number
  /** Faults of one subject come one after the other. */
  readonly subject: string
  /** @returns whether it happened */
  happen(chance: () => number, signal: AbortSignal): Promise<boolean>
}

/** What happens to processes, beside what happens to requests. */
export class Weather {
  readonly faults: Tally
  readonly #faults: readonly [ProcessFault, ...ProcessFault[]] | undefined
  readonly #durationMs: number
  readonly #chance: () => number
  readonly #pending = new Map<string, Promise<void>>()

  constructor(stage: Stage, { faults, weatherMs, seed }: ChaosOptions) {
    const [first, ...others] = faultsOn(stage).filter(({ group }) => faults.includes(group))
    this.#faults = first && [first, ...others]
    this.faults = new Tally(this.#faults?.map(({ name }) => name) ?? [])
    this.#durationMs = weatherMs
    this.#chance = chanceOf(seed, 'processes')
  }

  /** Returns when it is over, and everything works again. @throws if something could not be restarted */
  async rage(): Promise<void> {
    const over = AbortSignal.timeout(this.#durationMs)
    if (!this.#faults) return pause(this.#durationMs)
    const [first, ...others] = this.#faults.flatMap((fault) => Array<ProcessFault>(fault.copies).fill(fault))
    if (!first) return
    const deck = new Deck<ProcessFault>([first, ...others], this.#chance)
    // All of them happen, however short it is.
    const every = Math.min(betweenMs, this.#durationMs / (others.length + 1))
    const beganAtMs = Date.now()
    for (let n = 0; (n + 1) * every <= this.#durationMs; n += 1) {
      await pause(Math.max(0, beganAtMs + (n + this.#chance()) * every - Date.now()))
      this.#begin(deck.draw(), over)
    }
    await pause(Math.max(0, beganAtMs + this.#durationMs - Date.now()))
    await Promise.all(this.#pending.values())
  }

  #begin(fault: ProcessFault, over: AbortSignal): void {
    const chance = chanceOf(this.#chance())
    const before = this.#pending.get(fault.subject) ?? Promise.resolve()
    const happening = before.then(async () => {
      if (!over.aborted && (await fault.happen(chance, over))) this.faults.count(fault.name)
    })
    happening.catch(() => undefined)
    this.#pending.set(fault.subject, happening)
  }
}

function faultsOn({ temporal, servers, workers }: Stage): readonly ProcessFault[] {
  return [
    {
      name: 'worker killed',
      group: 'kill',
      copies: 3,
      subject: 'kill',
      happen: async (chance) => workers.kill(chance()),
    },
    {
      name: 'worker frozen',
      group: 'freeze',
      copies: 2,
      subject: 'freeze',
      happen: async (chance, signal) => workers.freeze(chance(), 1000 + chance() * (longestFrozenMs - 1000), signal),
    },
    {
      name: 'Temporal killed and restarted',
      group: 'temporal',
      copies: 1,
      subject: 'temporal',
      happen: async (chance) => {
        await temporal.restart(chance() * longestAwayMs)
        return true
      },
    },
    ...servers.map((server) => ({
      name: server.failure,
      group: 'langgraph' as const,
      copies: 1,
      subject: server.name,
      happen: async (chance: () => number) => {
        await server.fail(1000 + chance() * (longestAwayMs - 1000))
        return true
      },
    })),
  ]
}
