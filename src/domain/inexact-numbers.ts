/**
 * Integers that `JSON.parse` would round: 9007199254740993 becomes …992.
 *
 * A marker turns each of them, in the bytes of a JSON text or of an event stream, into the text `"<mark>9007…993"`. It
 * survives `JSON.parse`, so that `withoutMarks` can say where the number stands and `withDigits` can restore it.
 * Tradeoff: a lossless parser needs no mark, but takes ten times as long, and the LangGraph SDK parses by itself.
 */
import { bounded } from './text.ts'

const mostPaths = 20
const longestPath = 200
/** No shorter integer is rounded. */
const fewestDigits = 16
/** A longer one is no number that any server sends: it is not held back until its end comes. */
const mostDigits = 5000

const quote = 0x22
const backslash = 0x5c
const lineFeed = 0x0a
const carriageReturn = 0x0d
const closingQuote = Uint8Array.of(quote)

/** Marks the numbers in one body, whose pieces come in order. */
export class NumberMarker {
  readonly #prefix: Uint8Array
  #held = new Uint8Array()
  #isInText = false
  #isEscaped = false
  #isInLongNumber = false

  /** @param mark a text that no sender can guess, without characters that JSON escapes */
  constructor(mark: string) {
    this.#prefix = new TextEncoder().encode(`"${mark}`)
  }

  /** A number that the next piece may continue is held back. */
  push(piece: Uint8Array, isLast = false): Uint8Array {
    const bytes = this.#held.length === 0 ? piece : concatenated([this.#held, piece])
    this.#held = new Uint8Array()
    const parts: Uint8Array[] = []
    let from = 0
    for (let at = 0; at < bytes.length; at += 1) {
      if (!this.#isAtNumber(bytes[at] ?? 0)) continue
      const end = endOfNumber(bytes, at)
      if (end === bytes.length && !isLast && end - at <= mostDigits) {
        this.#held = bytes.slice(at)
        return concatenated([...parts, bytes.subarray(from, at)])
      }
      const isWhole = end - at >= fewestDigits && end - at <= mostDigits
      if (isWhole && isRounded(String.fromCharCode(...bytes.subarray(at, end)))) {
        parts.push(bytes.subarray(from, at), this.#prefix, bytes.subarray(at, end), closingQuote)
        from = end
      }
      this.#isInLongNumber = true
      at = end - 1
    }
    return parts.length === 0 ? bytes : concatenated([...parts, bytes.subarray(from)])
  }

  /** Whether a number begins here, outside of texts. */
  #isAtNumber(byte: number): boolean {
    if (this.#isInText) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (byte === backslash) this.#isEscaped = true
      // A raw line break is in no text of JSON, but after each line of a stream, whatever that holds.
      else this.#isInText = byte !== quote && byte !== lineFeed && byte !== carriageReturn
      return false
    }
    if (isOfNumber(byte)) return !this.#isInLongNumber
    this.#isInLongNumber = false
    this.#isInText = byte === quote
    return false
  }
}

interface Node {
  readonly key: string
  readonly container: object
  readonly parent?: Node
}

/** The same JSON, in the same objects, with numbers for marked texts, and where they stand: `order.id`, `orders[0].id`. */
export function withoutMarks<T>(value: T, mark: string): { readonly value: T; readonly paths: readonly string[] } {
  const root = [value] as const
  const open: Node[] = [{ key: '0', container: root }]
  const paths: string[] = []
  for (let node = open.pop(); node; node = open.pop()) {
    const { key, container } = node
    const found: unknown = Reflect.get(container, key)
    if (typeof found === 'string' && found.startsWith(mark)) {
      const number = Number(found.slice(mark.length))
      // Not an assignment, which would not set a field named `__proto__`.
      Object.defineProperty(container, key, { value: Number.isFinite(number) ? number : null })
      if (paths.length < mostPaths) paths.push(pathTo(node))
    } else if (typeof found === 'object' && found !== null) {
      for (const child of Object.keys(found).toReversed()) open.push({ key: child, container: found, parent: node })
    }
  }
  return { value: root[0], paths }
}

function pathTo(node: Node): string {
  let path = ''
  for (let at: Node | undefined = node; at?.parent; at = at.parent) {
    const isPlain = /^[^\s."[\]]+$/.test(at.key)
    const step = Array.isArray(at.container) ? `[${at.key}]` : isPlain ? `.${at.key}` : `[${JSON.stringify(at.key)}]`
    path = step + path
  }
  const whole = path.startsWith('.') ? path.slice(1) : path
  return bounded(whole === '' ? '$' : whole, longestPath)
}

/** A mark for one process. It is short: a body may hold millions of such numbers. */
export function newMark(): string {
  return `${crypto.randomUUID().slice(0, 8)}:`
}

/** A text that was made of marked JSON, with the digits that came. */
export function withDigits(text: string, mark: string): string {
  return text.includes(mark) ? text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1') : text
}

/** Where a JSON text holds integers that JavaScript would round, at most 20 of them; none if the text is not JSON. */
export function inexactNumbersIn(text: string): readonly string[] {
  try {
    JSON.parse(text)
  } catch {
    return []
  }
  const mark = newMark()
  const marked = new NumberMarker(mark).push(new TextEncoder().encode(text), true)
  return withoutMarks<unknown>(JSON.parse(new TextDecoder().decode(marked)), mark).paths
}

function isOfNumber(byte: number): boolean {
  // 0-9, "+", "-", ".", "E", "e"
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || (byte | 0x20) === 0x65
}

function endOfNumber(bytes: Uint8Array, begin: number): number {
  let end = begin + 1
  while (end < bytes.length && isOfNumber(bytes[end] ?? 0)) end += 1
  return end
}

function isRounded(token: string): boolean {
  return JSON.stringify(Number(token)) !== token && /^-?[1-9]\d+$/.test(token)
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
