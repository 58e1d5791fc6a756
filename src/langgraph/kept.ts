import { RawJson } from './cut.ts'

/** An empty object takes 2 bytes of JSON and up to 250 of memory, so bytes alone bound nothing. */
const maxContainers = 200_000
const nothing = Buffer.alloc(0)

/** The JSON that a cut keeps, within its bounds. What is beyond them is counted. */
export class Kept {
  readonly #maxBytes: number
  readonly #onOverflow: 'count' | 'keep begin'
  #buffer = nothing
  /** Of the buffer. */
  #used = 0
  #bytes = 0
  #containers = 0
  #isOver = false

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

  /** Lists and objects: they are what JSON costs when it is parsed. */
  addContainer(): void {
    this.#containers += 1
    if (this.#containers > maxContainers) this.#overflows()
  }

  add(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes += to - from
    const end = Math.min(to, from + this.#roomFor(to - from))
    if (end - from < 16) for (let at = from; at < end; at += 1) this.#buffer[this.#used + at - from] = bytes[at] ?? 0
    else this.#buffer.set(bytes.subarray(from, end), this.#used)
    this.#used += end - from
  }

  addByte(byte: number): void {
    this.#bytes += 1
    if (this.#roomFor(1) === 0) return
    this.#buffer[this.#used] = byte
    this.#used += 1
  }

  addAscii(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.addByte(text.charCodeAt(at))
  }

  text(): string {
    return this.#buffer.toString('utf8', 0, this.#used)
  }

  raw(): RawJson {
    return new RawJson(this.text(), this.#bytes, !this.#isOver)
  }

  /** How many of so many more bytes are kept. */
  #roomFor(length: number): number {
    const needed = this.#used + length
    if (needed > this.#maxBytes) this.#overflows()
    if (this.#isOver && this.#onOverflow === 'count') return 0
    const room = Math.min(length, this.#maxBytes - this.#used)
    if (this.#used + room > this.#buffer.length) this.#grow(this.#used + room)
    return room
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
