import { readings } from './decodings.ts'
import type { Reading } from './decodings.ts'

/** Shorter values of headers are no secrets: "eu", "1". */
const shortestSecret = 4
/** Parts of a header are hidden if they are so long, or shorter and not a plain word: "session" and "Bearer" stay. */
const shortestPart = 8
const shortestOddPart = 6
const schemes = /^(basic|bearer|digest|negotiate|token|apikey|api-key)$/i
const separators = /[\s"'`=;,:]+/
const substitute = '[secret]'

interface Span {
  readonly from: number
  readonly to: number
}

/**
 * Hides a server's key and headers in texts, whole and in parts, whatever their case, and also as JSON, a URL, HTML,
 * base64 or hex has them.
 */
export class Redaction {
  readonly #secrets: readonly string[]
  readonly #inBase64: readonly string[]

  constructor(headerValues: readonly string[]) {
    const secrets = secretsIn(headerValues)
    this.#secrets = [...secrets, ...secrets.map((secret) => Buffer.from(secret).toString('hex'))].map(folded)
    this.#inBase64 = secrets.flatMap(base64Of).map(foldedBase64)
  }

  text(text: string): string {
    return this.#hide(text, (reading) => this.#found(reading))
  }

  /** Of a text that was cut, which may end within a secret. */
  begin(text: string): string {
    return this.#hide(text, (reading) => [...this.#found(reading), ...this.#cut(reading)])
  }

  #hide(text: string, find: (reading: Reading) => Span[]): string {
    if (this.#secrets.length === 0) return text
    const spans = readings(text)
      .flatMap(find)
      .toSorted((a, b) => a.from - b.from)
    let hidden = ''
    let shown = 0
    for (const { from, to } of spans) {
      if (from >= shown) hidden += text.slice(shown, from) + substitute
      shown = Math.max(shown, to)
    }
    return hidden + text.slice(shown)
  }

  #found(reading: Reading): Span[] {
    const text = folded(reading.text)
    const base64 = foldedBase64(reading.text)
    const isWord = (at: number, secret: string) => secret.length >= shortestPart || isWordAt(text, at, secret.length)
    return [
      ...this.#secrets.flatMap((secret) =>
        placesOf(secret, text, isWord).map((at) => spanOf(reading, at, secret.length)),
      ),
      ...this.#inBase64.flatMap((secret) =>
        placesOf(secret, base64).map((at) => withNeighbours(base64, reading, at, secret.length)),
      ),
    ]
  }

  /** How much of a secret's begin the text ends with. */
  #cut(reading: Reading): Span[] {
    const text = folded(reading.text)
    return this.#secrets.flatMap((secret) => {
      for (let length = Math.min(secret.length, text.length); length >= shortestSecret; length -= 1) {
        if (text.endsWith(secret.slice(0, length))) return [spanOf(reading, text.length - length, length)]
      }
      return []
    })
  }
}

function placesOf(secret: string, text: string, isOne: (at: number, secret: string) => boolean = () => true): number[] {
  const places: number[] = []
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length)) {
    if (isOne(at, secret)) places.push(at)
  }
  return places
}

function spanOf({ from, to }: Reading, at: number, length: number): Span {
  return { from: from[at] ?? 0, to: to[at + length - 1] ?? 0 }
}

/** The characters beside it hold some of its bits, and then there is the padding. */
function withNeighbours(base64: string, reading: Reading, at: number, length: number): Span {
  const before = /[a-z0-9+/]$/.test(base64.slice(Math.max(0, at - 1), at)) ? 1 : 0
  const [after = ''] = /^[a-z0-9+/]?={0,2}/.exec(base64.slice(at + length, at + length + 3)) ?? []
  return spanOf(reading, at - before, before + length + after.length)
}

/** A short secret such as "test" is hidden, and "latest" is not. */
function isWordAt(text: string, at: number, length: number): boolean {
  return !/[\p{L}\p{N}]$/u.test(text.slice(0, at).slice(-2)) && !/^[\p{L}\p{N}]/u.test(text.slice(at + length))
}

/** As secrets are compared, and a form has pluses for spaces. */
function folded(text: string): string {
  return lowered(text.replaceAll('+', ' '))
}

function foldedBase64(text: string): string {
  return lowered(text.replaceAll('-', '+').replaceAll('_', '/'))
}

/** In lower case, and of the same length. */
function lowered(text: string): string {
  return text.replace(/\p{Lu}/gu, (letter) => {
    const lower = letter.toLowerCase()
    return lower.length === letter.length ? lower : letter
  })
}

function secretsIn(headerValues: readonly string[]): string[] {
  const secrets = new Set<string>()
  for (const value of headerValues) {
    const credentials = [value.trim(), ...credentialsIn(value)].filter(({ length }) => length >= shortestSecret)
    const parts = credentials.flatMap((whole) => whole.split(separators)).filter(isSecretPart)
    for (const secret of [...credentials, ...parts]) secrets.add(secret).add(decoded(secret))
  }
  return [...secrets]
}

/** `user:password` of `Basic …`, and the password. */
function credentialsIn(value: string): string[] {
  const [, base64] = /^basic\s+(\S+)\s*$/i.exec(value) ?? []
  if (base64 === undefined) return []
  const credentials = Buffer.from(base64, 'base64').toString('utf8')
  return [credentials, credentials.slice(credentials.indexOf(':') + 1)]
}

function isSecretPart(part: string): boolean {
  if (schemes.test(part)) return false
  return part.length >= shortestPart || (part.length >= shortestOddPart && !/^\p{L}+$/u.test(part))
}

/** A cookie's value, say. */
function decoded(secret: string): string {
  try {
    return decodeURIComponent(secret)
  } catch {
    return secret
  }
}

/** The characters of base64 that a secret alone decides, wherever it begins in what was encoded. */
function base64Of(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [0, 1, 2]
    .map((offset) => {
      const base64 = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
      return base64.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
    })
    .filter(({ length }) => length >= shortestOddPart)
}
