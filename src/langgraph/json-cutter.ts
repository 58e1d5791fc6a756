import { jsonParser } from 'stream-json/core/parser.js'
import type { Token, TokenName } from 'stream-json/core/parser.js'
import type { Answer } from './answers.ts'
import { drop, withRaws } from './cut.ts'
import type { Cut, LargeJson, RawJson } from './cut.ts'
import { BadAnswer } from './errors.ts'
import { Kept } from './kept.ts'

/** Deeper JSON is more than `JSON.stringify` can write again. */
const maxDepth = 500
/** Of what is passed over: the parser remembers each level. */
const maxPassedDepth = 2 ** 20
const maxKeyLength = 1024
/** Of fields that are chosen from. */
const maxNames = 100_000

const levels: Partial<Record<TokenName, 1 | -1>> = {
  startObject: 1,
  startArray: 1,
  startString: 1,
  startNumber: 1,
  endObject: -1,
  endArray: -1,
  endString: -1,
  endNumber: -1,
}

interface Frame {
  readonly cut: Extract<Cut, { kind: 'fields' | 'items' }>
  /** Items that have been kept. */
  count: number
}

/**
 * Cuts JSON out of bytes that come in pieces, in one pass: the library reads and writes its tokens, and the cut says which
 * of them are kept.
 */
export class JsonCutter {
  /** The answer holds more items than were asked for. */
  isDone = false
  readonly #tokensOf = jsonParser({ packValues: false })
  readonly #decoder = new TextDecoder()
  readonly #maxKeptBytes: number
  readonly #main: Kept
  readonly #raws: (RawJson | LargeJson)[] = []
  #sink: Kept
  #apartBytes = 0
  #apartAt: number | undefined
  readonly #frames: Frame[] = []
  readonly #root: Cut
  #cut: Cut
  /** Levels of the value that is kept, or passed over, as a whole. */
  #depth = 0
  #keeps = false
  #key = ''
  #names = 0
  #isWhole = false

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
    if (!this.isDone) this.#read(this.#decoder.decode(bytes, { stream: true }))
  }

  /** What was kept of it; throws a `SyntaxError` if it is not JSON, or not whole. */
  end(): unknown {
    // The space ends a number.
    if (!this.isDone) this.#read(`${this.#decoder.decode()} `)
    if (!this.isDone && !this.#isWhole) throw new SyntaxError('the JSON is not whole')
    for (const { cut } of this.#frames.toReversed()) {
      this.#main.add({ name: cut.kind === 'items' ? 'endArray' : 'endObject' })
    }
    const answer: unknown = JSON.parse(this.#main.text())
    return withRaws(answer, this.#root, this.#raws)
  }

  #read(text: string): void {
    for (const token of this.#tokens(text)) {
      if (this.isDone) return
      if (this.#depth > 0) this.#within(token)
      else this.#between(token)
    }
  }

  #tokens(text: string): readonly Token[] {
    try {
      const tokens = this.#tokensOf(text)
      return typeof tokens === 'symbol' ? [] : tokens.values
    } catch (cause) {
      throw new SyntaxError('it is not JSON', { cause })
    }
  }

  /** Something of a value that is kept, or passed over, as a whole. */
  #within(token: Token): void {
    this.#depth += levels[token.name] ?? 0
    if (this.#keeps) {
      this.#sink.add(token)
      const isContainer = token.name === 'startObject' || token.name === 'startArray'
      if (isContainer && this.#depth > maxDepth - this.#frames.length) throw tooDeep(maxDepth)
    }
    if (this.#depth > maxPassedDepth) throw tooDeep(maxPassedDepth)
    if (this.#depth === 0) this.#valueEnds()
  }

  /** Something of a list or an object whose items or fields are chosen from. */
  #between(token: Token): void {
    switch (token.name) {
      case 'startKey':
        this.#key = ''
        return
      case 'stringChunk':
        this.#key += token.value
        if (this.#key.length <= maxKeyLength) return
        throw new BadAnswer(`has a field whose name is over ${maxKeyLength} characters`)
      case 'endKey':
        return this.#fieldBegins(this.#key)
      case 'endObject':
      case 'endArray':
        this.#frames.pop()
        this.#sink.add(token)
        return this.#valueEnds()
      case 'startObject':
      case 'startArray':
      case 'startString':
      case 'startNumber':
      case 'nullValue':
      case 'trueValue':
      case 'falseValue':
        return this.#valueBegins(token)
      // They come within a value, or were not asked for.
      case 'endString':
      case 'endNumber':
      case 'numberChunk':
      case 'keyValue':
      case 'stringValue':
      case 'numberValue':
      case 'whitespace':
    }
  }

  #fieldBegins(name: string): void {
    const frame = this.#frames.at(-1)
    this.#names += 1
    if (this.#names > maxNames) throw new BadAnswer(`has more than ${maxNames} fields`)
    if (frame?.cut.kind !== 'fields') return
    this.#cut = frame.cut.fields.get(name) ?? frame.cut.others
    if (this.#cut.kind === 'drop') return
    if (this.#frames.length - 1 === this.#apartAt) this.#sink.addField(name)
    this.#sink.add({ name: 'startKey' })
    this.#sink.add({ name: 'stringChunk', value: name })
    this.#sink.add({ name: 'endKey' })
  }

  #valueBegins(token: Token): void {
    const frame = this.#frames.at(-1)
    if (frame?.cut.kind === 'items') this.#cut = this.#cutOfItem(frame, frame.cut)
    if (this.isDone) return
    if (this.#cut.kind === 'apart') {
      this.#apartAt = this.#frames.length
      const most = Math.max(0, Math.min(this.#cut.maxBytes, this.#maxKeptBytes - this.keptBytes))
      this.#sink = new Kept(most, this.#cut.onOverflow, this.#cut.largeAbove)
      this.#cut = this.#cut.cut
    }
    const cut = this.#cut
    const isDivided = cut.kind === 'fields' || cut.kind === 'items'
    if (isDivided && token.name === (cut.kind === 'fields' ? 'startObject' : 'startArray')) {
      this.#frames.push({ cut, count: 0 })
      return this.#sink.add(token)
    }
    const isContainer = token.name === 'startObject' || token.name === 'startArray'
    const isString = token.name === 'startString'
    this.#keeps = cut.kind === 'keep' || (!isContainer && (isDivided || (cut.kind === 'mark' && !isString)))
    if (!this.#keeps && cut.kind === 'mark') this.#sink.add({ name: 'trueValue', value: true })
    if (!this.#keeps && isDivided) this.#sink.add({ name: 'nullValue', value: null })
    this.#within(token)
  }

  #cutOfItem(frame: Frame, { cut, limit }: Extract<Cut, { kind: 'items' }>): Cut {
    if (frame.count === limit) {
      this.isDone = this.#frames.length === 1
      return drop
    }
    frame.count += 1
    return cut
  }

  #valueEnds(): void {
    this.#isWhole = this.#frames.length === 0
    if (this.#apartAt !== this.#frames.length) return
    this.#apartAt = undefined
    this.#apartBytes += this.#sink.keptBytes
    this.#main.add({ name: 'startNumber' })
    this.#main.add({ name: 'numberChunk', value: String(this.#raws.length) })
    this.#main.add({ name: 'endNumber' })
    this.#raws.push(this.#sink.raw())
    this.#sink = this.#main
  }
}

function tooDeep(most: number): BadAnswer {
  return new BadAnswer(`is nested deeper than ${most} levels`)
}
