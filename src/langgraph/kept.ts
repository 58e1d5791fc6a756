import type { Token } from 'stream-json/core/parser.js'
import { stringer } from 'stream-json/core/stringer.js'
import { LargeJson, RawJson } from './cut.ts'

/** An empty object takes 2 bytes of JSON and up to 250 of memory, so bytes alone bound nothing. */
const maxContainers = 200_000
/** What is longer is kept in several buffers, so that no growing one has to be copied. */
const chunkBytes = 1024 * 1024
const nothing = Buffer.alloc(0)

/** The JSON that a cut keeps, within its bounds. What is beyond them is counted. */
export class Kept {
  readonly #maxBytes: number
  readonly #onOverflow: 'count' | 'keep begin'
  readonly #largeAbove: number | undefined
  readonly #textOf = stringer()
  #chunks: Buffer[] = []
  #buffer = nothing
  /** Of the buffer. */
  #filled = 0
  /** Of all. */
  #used = 0
  #bytes = 0
  #containers = 0
  readonly #fields = new Set<string>()
  #isOver = false
  #isFull = false

  /** @param largeAbove what has more bytes, or more objects than can be parsed, is large: it is kept all the same */
  constructor(maxBytes: number, onOverflow: 'count' | 'keep begin' = 'count', largeAbove?: number) {
    this.#maxBytes = maxBytes
    this.#onOverflow = onOverflow
    this.#largeAbove = largeAbove
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
    if (this.#containers > maxContainers && this.#largeAbove === undefined) this.#overflows()
  }

  /** A chosen field is there. */
  addField(name: string): void {
    this.#fields.add(name)
  }

  raw(): RawJson | LargeJson {
    const isLarge =
      this.#largeAbove !== undefined && (this.#bytes > this.#largeAbove || this.#containers > maxContainers)
    if (isLarge && !this.#isOver) return new LargeJson(this.#all(), this.#bytes, this.#fields)
    return new RawJson(this.text(), this.#bytes, !this.#isOver)
  }

  text(): string {
    return this.#all()
      .map((chunk) => chunk.toString('utf8'))
      .join('')
  }

  /** Each holds whole characters. */
  #all(): Buffer[] {
    return [...this.#chunks, this.#buffer.subarray(0, this.#filled)]
  }

  #addText(text: string): void {
    const bytes = Buffer.byteLength(text)
    this.#bytes += bytes
    if (this.#isFull) return
    const needed = this.#used + bytes
    if (needed > this.#maxBytes) this.#overflows()
    if (this.#isOver && this.#onOverflow === 'count') return
    this.#isFull = needed > this.#maxBytes
    const room = Math.min(bytes, this.#maxBytes - this.#used)
    if (this.#filled + room > this.#buffer.length) this.#makeRoom(room)
    const written = this.#buffer.write(text, this.#filled, room)
    this.#filled += written
    this.#used += written
  }

  #makeRoom(room: number): void {
    if (this.#buffer.length >= chunkBytes) {
      this.#chunks.push(this.#buffer.subarray(0, this.#filled))
      this.#buffer = Buffer.allocUnsafe(Math.max(room, Math.min(chunkBytes, this.#maxBytes - this.#used)))
      this.#filled = 0
      return
    }
    const most = Math.max(this.#filled + room, Math.min(chunkBytes, this.#maxBytes))
    const larger = Buffer.allocUnsafe(Math.min(Math.max(this.#filled + room, this.#buffer.length * 2, 64), most))
    this.#buffer.copy(larger, 0, 0, this.#filled)
    this.#buffer = larger
  }

  #overflows(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#onOverflow === 'keep begin') return
    this.#chunks = []
    this.#buffer = nothing
    this.#filled = 0
    this.#used = 0
  }
}
