import type { Token } from 'stream-json/core/parser.js'
import { stringer } from 'stream-json/core/stringer.js'
import { RawJson } from './cut.ts'

/** An empty object takes 2 bytes of JSON and up to 250 of memory, so bytes alone bound nothing. */
const maxContainers = 200_000
const nothing = Buffer.alloc(0)

/** The JSON that a cut keeps, within its bounds. What is beyond them is counted. */
export class Kept {
  readonly #maxBytes: number
  readonly #onOverflow: 'count' | 'keep begin'
  readonly #textOf = stringer()
  #buffer = nothing
  /** Of the buffer. */
  #used = 0
  #bytes = 0
  #containers = 0
  #isOver = false
  #isFull = false

  constructor(maxBytes: number, onOverflow: 'count' | 'keep begin' = 'count') {
    this.#maxBytes = maxBytes
    this.#onOverflow = onOverflow
  }

  /** Not all of it was kept. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** What it takes of the memory. */
  get keptBytes(): number {
    return this.#used
  }

  add(token: Token): void {
    const text = this.#textOf(token)
    if (typeof text === 'string') this.#addText(text)
    if (token.name === 'startObject' || token.name === 'startArray') this.#containers += 1
    if (this.#containers > maxContainers) this.#overflows()
  }

  raw(): RawJson {
    return new RawJson(this.text(), this.#bytes, !this.#isOver)
  }

  text(): string {
    return this.#buffer.toString('utf8', 0, this.#used)
  }

  #addText(text: string): void {
    const bytes = Buffer.byteLength(text)
    this.#bytes += bytes
    if (this.#isFull) return
    const needed = this.#used + bytes
    if (needed > this.#maxBytes) this.#overflows()
    if (this.#isOver && this.#onOverflow === 'count') return
    this.#isFull = needed > this.#maxBytes
    if (Math.min(needed, this.#maxBytes) > this.#buffer.length) this.#grow(Math.min(needed, this.#maxBytes))
    this.#used += this.#buffer.write(text, this.#used)
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, this.#buffer.length * 2, 64), this.#maxBytes))
    this.#buffer.copy(larger, 0, 0, this.#used)
    this.#buffer = larger
  }

  #overflows(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#onOverflow === 'keep begin') return
    this.#buffer = nothing
    this.#used = 0
  }
}
