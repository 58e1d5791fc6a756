import type { Answer } from './answers.ts'
import { drop, withRaws } from './cut.ts'
import type { Cut, RawJson } from './cut.ts'
import { BadAnswer } from './errors.ts'
import { backslash, colon, comma, endsScalar, isSpace, list, object, quote } from './json-bytes.ts'
import { Kept } from './kept.ts'

/** Deeper JSON is more than `JSON.stringify` can write again. */
const maxDepth = 500
const maxKeyBytes = 1024
/** Of fields that are chosen from. */
const maxNames = 100_000

const noBytes = Buffer.alloc(0)
interface Frame {
  readonly cut: Extract<Cut, { kind: 'fields' | 'items' }>
  /** Items or fields that have been kept. */
  count: number
}

/**
 * Cuts JSON out of bytes that come in pieces, in one pass. It checks what it has to understand, and no more: `JSON.parse`
 * checks what is kept.
 */
export class JsonCutter {
  /** The answer holds more items than were asked for. */
  isDone = false
  readonly #maxKeptBytes: number
  readonly #main: Kept
  readonly #raws: RawJson[] = []
  #sink: Kept
  #apartBytes = 0
  #apartAt: number | undefined
  #state: 'value' | 'scalar' | 'inside' | 'key' | 'in key' | 'colon' | 'next' | 'end' = 'value'
  readonly #frames: Frame[] = []
  #cut: Cut
  readonly #root: Cut
  #keeps = false
  /** What is written for a value that is not kept. */
  #instead = ''
  #depth = 0
  #isInString = false
  #isEscaped = false
  #key = noBytes
  #names = 0

  constructor({ cut, maxTextBytes, maxKeptBytes }: Omit<Answer, 'maxReadBytes'>) {
    this.#root = this.#cut = cut
    this.#maxKeptBytes = maxKeptBytes
    this.#main = this.#sink = new Kept(maxTextBytes)
  }

  /** Something that has to be kept is larger than may be kept. */
  get isOver(): boolean {
    return this.#main.isOver
  }

  /** What is in memory, about. */
  get keptBytes(): number {
    return this.#main.keptBytes + this.#apartBytes + (this.#sink === this.#main ? 0 : this.#sink.keptBytes)
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.isDone;) at = this.#step(bytes, at)
  }

  /** What was kept of it; throws a `SyntaxError` if it is not JSON, or not whole. */
  end(): unknown {
    if (this.#state === 'scalar') this.#valueEnds()
    if (this.isDone)
      for (const { cut } of this.#frames.toReversed())
        this.#main.addByte(cut.kind === 'items' ? list.close : object.close)
    else if (this.#state !== 'end') throw new SyntaxError('the JSON is not whole')
    const answer: unknown = JSON.parse(this.#main.text())
    return withRaws(answer, this.#root, this.#raws)
  }

  #step(bytes: Uint8Array, at: number): number {
    if (this.#state === 'inside') return this.#inside(bytes, at)
    if (this.#state === 'scalar') return this.#scalar(bytes, at)
    if (this.#state === 'in key') return this.#inKey(bytes, at)
    const byte = bytes[at] ?? 0
    if (isSpace(byte) || this.#isByteOrderMark(byte)) return at + 1
    switch (this.#state) {
      case 'value':
        return this.#value(byte, bytes, at)
      case 'next':
        return this.#next(byte, at)
      case 'key':
        if (byte === object.close) return this.#close(at)
        return this.#expect(quote, byte, at, 'in key')
      case 'colon':
        return this.#expect(colon, byte, at, 'value')
      case 'end':
        throw new SyntaxError('more than one value')
    }
  }

  #expect(expected: number, byte: number, at: number, state: 'in key' | 'value'): number {
    if (byte !== expected) throw new SyntaxError(`no ${String.fromCodePoint(expected)}`)
    this.#state = state
    return at + 1
  }

  #value(byte: number, bytes: Uint8Array, at: number): number {
    const frame = this.#frames.at(-1)
    if (byte === list.close && frame?.cut.kind === 'items' && frame.count === 0) return this.#close(at)
    if (byte === list.close || byte === object.close || byte === comma) throw new SyntaxError('no value')
    if (frame?.cut.kind === 'items') {
      const isBeyond = frame.count === frame.cut.limit
      this.#cut = isBeyond ? drop : frame.cut.cut
      if (frame.count > 0 && !isBeyond) this.#sink.addByte(comma)
      if (!isBeyond) frame.count += 1
    }
    if (this.#cut.kind === 'apart') {
      this.#apartAt = this.#frames.length
      const most = Math.max(0, Math.min(this.#cut.maxBytes, this.#maxKeptBytes - this.keptBytes))
      this.#sink = new Kept(most, this.#cut.onOverflow)
      this.#cut = this.#cut.cut
    }
    const isList = byte === list.open
    const isObject = byte === object.open
    if ((isList && this.#cut.kind === 'items') || (isObject && this.#cut.kind === 'fields')) return this.#open(byte, at)
    const isScalar = !isList && !isObject && byte !== quote
    this.#keeps =
      this.#cut.kind === 'keep' || (isScalar ? this.#cut.kind !== 'drop' : byte === quote && isShaped(this.#cut))
    this.#instead = this.#keeps || this.#cut.kind === 'drop' ? '' : this.#cut.kind === 'mark' ? 'true' : 'null'
    this.#state = isScalar ? 'scalar' : 'inside'
    this.#depth = 0
    this.#isInString = false
    return isScalar ? this.#scalar(bytes, at) : this.#inside(bytes, at)
  }

  #open(byte: number, at: number): number {
    const { kind } = this.#cut
    if (kind !== 'fields' && kind !== 'items') return at
    this.#frames.push({ cut: this.#cut, count: 0 })
    this.#sink.addContainer()
    this.#sink.addByte(byte)
    this.#state = kind === 'fields' ? 'key' : 'value'
    return at + 1
  }

  #close(at: number): number {
    const frame = this.#frames.pop()
    this.#sink.addByte(frame?.cut.kind === 'items' ? list.close : object.close)
    this.#valueEnds()
    return at + 1
  }

  #next(byte: number, at: number): number {
    const frame = this.#frames.at(-1)
    const isItems = frame?.cut.kind === 'items'
    if (byte === (isItems ? list.close : object.close)) return this.#close(at)
    if (byte !== comma) throw new SyntaxError('no comma')
    const isList = this.#frames.length === 1 && frame?.cut.kind === 'items'
    if (isList && frame.count === frame.cut.limit) this.isDone = true
    this.#state = isItems ? 'value' : 'key'
    return at + 1
  }

  /** A string, or all of a list or an object that is kept or passed over as a whole. */
  #inside(bytes: Uint8Array, from: number): number {
    const most = maxDepth - this.#frames.length
    let kept = from
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0
      if (this.#isInString) {
        at = this.#stringEnd(bytes, at)
        if (at === bytes.length) break
        if (this.#depth === 0) return this.#insideEnds(bytes, kept, at + 1)
      } else if (byte === quote) {
        this.#isInString = true
      } else if (byte === object.open || byte === list.open) {
        this.#depth += 1
        if (this.#keeps) this.#sink.addContainer()
        if (this.#keeps && this.#depth > most) throw new BadAnswer(`is nested deeper than ${maxDepth} levels`)
      } else if (byte === object.close || byte === list.close) {
        this.#depth -= 1
        if (this.#depth === 0) return this.#insideEnds(bytes, kept, at + 1)
      } else if (isSpace(byte) && this.#keeps) {
        this.#sink.add(bytes, kept, at)
        kept = at + 1
      }
    }
    if (this.#keeps) this.#sink.add(bytes, kept, bytes.length)
    return bytes.length
  }

  /** Where the quote stands that ends the string; the length if the string is longer than these bytes. */
  #stringEnd(bytes: Uint8Array, from: number): number {
    let isEscaped = this.#isEscaped
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at]
      if (isEscaped) isEscaped = false
      else if (byte === backslash) isEscaped = true
      else if (byte === quote) {
        this.#isEscaped = this.#isInString = false
        return at
      }
    }
    this.#isEscaped = isEscaped
    return bytes.length
  }

  #insideEnds(bytes: Uint8Array, from: number, to: number): number {
    if (this.#keeps) this.#sink.add(bytes, from, to)
    else this.#sink.addAscii(this.#instead)
    this.#valueEnds()
    return to
  }

  /** A number, a literal, or what is no JSON at all. */
  #scalar(bytes: Uint8Array, from: number): number {
    let at = from
    while (at < bytes.length && !endsScalar(bytes[at] ?? 0)) at += 1
    if (this.#keeps) this.#sink.add(bytes, from, at)
    if (at < bytes.length) this.#valueEnds()
    return at
  }

  #inKey(bytes: Uint8Array, from: number): number {
    const end = this.#stringEnd(bytes, from)
    if (this.#key.length + end - from > maxKeyBytes)
      throw new BadAnswer(`has a field whose name is over ${maxKeyBytes} bytes`)
    const isWhole = end < bytes.length
    const part = bytes.subarray(from, end)
    if (!isWhole || this.#key.length > 0) this.#key = Buffer.concat([this.#key, part])
    if (!isWhole) return end
    this.#field(this.#key.length > 0 ? this.#key : part)
    return end + 1
  }

  #field(key: Uint8Array): void {
    const frame = this.#frames.at(-1)
    this.#key = noBytes
    this.#state = 'colon'
    this.#names += 1
    if (this.#names > maxNames) throw new BadAnswer(`has more than ${maxNames} fields`)
    if (frame?.cut.kind !== 'fields') return
    this.#cut = frame.cut.fields.get(nameIn(key)) ?? frame.cut.others
    if (this.#cut.kind === 'drop') return
    if (frame.count > 0) this.#sink.addByte(comma)
    this.#sink.addByte(quote)
    this.#sink.add(key, 0, key.length)
    this.#sink.addByte(quote)
    this.#sink.addByte(colon)
    frame.count += 1
  }

  #valueEnds(): void {
    if (this.#apartAt === this.#frames.length) {
      this.#main.addAscii(String(this.#raws.length))
      this.#raws.push(this.#sink.raw())
      this.#apartBytes += this.#sink.keptBytes
      this.#sink = this.#main
      this.#apartAt = undefined
    }
    this.#state = this.#frames.length === 0 ? 'end' : 'next'
  }

  #isByteOrderMark(byte: number): boolean {
    return this.#frames.length === 0 && this.#state === 'value' && (byte === 0xef || byte === 0xbb || byte === 0xbf)
  }
}

function nameIn(key: Uint8Array): string {
  const text = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('utf8')
  return text.includes('\\') ? String(JSON.parse(`"${text}"`)) : text
}

function isShaped({ kind }: Cut): boolean {
  return kind === 'fields' || kind === 'items'
}
