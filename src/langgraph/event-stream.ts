import { langGraphFailureTypes } from '../domain/contract.ts'
import { BadAnswer, LangGraphError } from './errors.ts'

/** Far more than a stream of 64 MB has: its shortest events, single tokens, take over 100 bytes in four lines. */
const maxLines = 2_000_000
const maxNameBytes = 200
/** Servers give an event's name before its data; data without a name is held back for so long. */
const maxHeldBytes = 64 * 1024

const lineFeed = 0x0a
const carriageReturn = 0x0d
const space = 0x20
const colon = 0x3a
const newline = Uint8Array.of(lineFeed)

/** Reads one event's data while it arrives. */
export interface DataReader {
  write(bytes: Uint8Array): void
  end(): void
}

/**
 * Splits a stream of server-sent events, in one pass and whatever its pieces.
 *
 * Events that nobody wants are passed over: they are neither decoded nor parsed.
 */
export class EventSplitter {
  readonly #readerOf: (event: string) => DataReader | undefined
  #lines = 0
  #at: 'begin' | 'name' | 'value' = 'begin'
  /** The name of the line's field, as far as it is needed. */
  #field = ''
  #isFirstOfValue = false
  #mayBeHalfNewline = false
  #isWhole = true
  #event = ''
  #reader: DataReader | undefined
  #hasData = false
  #held: Uint8Array[] = []
  #heldBytes = 0

  /** @param readerOf what reads the data of an event of this name; nothing does if it returns `undefined` */
  constructor(readerOf: (event: string) => DataReader | undefined) {
    this.#readerOf = readerOf
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const byte = bytes[at] ?? 0
      if (byte === lineFeed && this.#mayBeHalfNewline) at += 1
      else if (byte === lineFeed || byte === carriageReturn) {
        this.#lineEnds()
        at += 1
      } else if (this.#lines === 0 && this.#at === 'begin' && isByteOrderMark(byte)) at += 1
      else at = this.#at === 'value' ? this.#value(bytes, at) : this.#name(byte, at)
      this.#mayBeHalfNewline = byte === carriageReturn
    }
  }

  /** An event ends with an empty line, so a whole stream does. */
  end(): void {
    if (!this.#isWhole)
      throw new LangGraphError(langGraphFailureTypes.unavailable, 'the stream was cut within an event')
  }

  #name(byte: number, at: number): number {
    this.#isWhole = false
    if (byte === colon) {
      this.#at = 'value'
      this.#isFirstOfValue = true
      if (this.#field === 'event') this.#event = ''
      if (this.#field === 'data') this.#dataBegins()
    } else {
      this.#at = 'name'
      if (this.#field.length < 8) this.#field += String.fromCodePoint(byte)
    }
    return at + 1
  }

  #value(bytes: Uint8Array, at: number): number {
    const from = this.#isFirstOfValue && bytes[at] === space ? at + 1 : at
    this.#isFirstOfValue = false
    let end = from
    while (end < bytes.length && bytes[end] !== lineFeed && bytes[end] !== carriageReturn) end += 1
    if (this.#field === 'data') this.#data(bytes.subarray(from, end))
    if (this.#field === 'event' && this.#event.length < maxNameBytes) {
      this.#event += Buffer.from(bytes.subarray(from, Math.min(end, from + maxNameBytes))).toString('utf8')
    }
    return end
  }

  #dataBegins(): void {
    if (this.#hasData) this.#data(newline)
    this.#hasData = true
  }

  #data(bytes: Uint8Array): void {
    if (this.#reader) this.#reader.write(bytes)
    else if (this.#event === '') {
      this.#heldBytes += bytes.length
      if (this.#heldBytes <= maxHeldBytes) this.#held.push(bytes.slice())
    }
  }

  #lineEnds(): void {
    this.#lines += 1
    if (this.#lines > maxLines) throw new BadAnswer(`has more than ${maxLines} lines`)
    if (this.#at === 'begin') this.#eventEnds()
    else if (this.#field === 'event') this.#eventIsKnown()
    this.#at = 'begin'
    this.#field = ''
  }

  #eventIsKnown(): void {
    this.#reader = this.#readerOf(this.#event)
    if (this.#reader && this.#heldBytes > maxHeldBytes) throw new BadAnswer('names a large event after its data')
    for (const bytes of this.#held) this.#reader?.write(bytes)
    this.#held = []
    this.#heldBytes = 0
  }

  #eventEnds(): void {
    this.#isWhole = true
    const reader = this.#reader
    const hasData = this.#hasData
    this.#event = ''
    this.#reader = undefined
    this.#hasData = false
    this.#held = []
    this.#heldBytes = 0
    if (hasData) reader?.end()
  }
}

function isByteOrderMark(byte: number): boolean {
  return byte === 0xef || byte === 0xbb || byte === 0xbf
}
