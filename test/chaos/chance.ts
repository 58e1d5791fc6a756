import { createHash } from 'node:crypto'

/** @returns numbers from 0 to 1, the same ones for the same words (mulberry32) */
export function chanceOf(...words: readonly (string | number)[]): () => number {
  let state = createHash('sha256').update(words.join('/')).digest().readUInt32LE(0)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Cards in an order that the seed decides. All of them are drawn before any is drawn again, so what is rare comes as often as
 * it should, also if little is drawn.
 */
export class Deck<Card> {
  readonly #cards: readonly Card[]
  readonly #chance: () => number
  #left: Card[] = []

  constructor(cards: readonly [Card, ...Card[]], chance: () => number) {
    this.#cards = cards
    this.#chance = chance
  }

  draw(): Card {
    if (this.#left.length === 0) this.#left = [...this.#cards]
    const [card] = this.#left.splice(Math.floor(this.#chance() * this.#left.length), 1)
    if (card === undefined) throw new Error('a deck has no cards')
    return card
  }
}

/** How often what has happened. */
export class Tally {
  readonly #times = new Map<string, number>()

  constructor(names: readonly string[]) {
    for (const name of names) this.#times.set(name, 0)
  }

  count(name: string): void {
    this.#times.set(name, (this.#times.get(name) ?? 0) + 1)
  }

  get entries(): readonly (readonly [name: string, times: number])[] {
    return [...this.#times]
  }
}
