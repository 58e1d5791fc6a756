/**
 * What is kept of a JSON answer while it arrives. The rest is passed over and never becomes an object, since one byte of
 * JSON may cost 78 bytes of memory, and an overflow within `JSON.parse` cannot be survived, not even in a worker thread.
 */
export type Cut =
  | { readonly kind: 'keep' }
  | { readonly kind: 'drop' }
  /** Keeps `null`, and of anything else that it was there: `true`. */
  | { readonly kind: 'mark' }
  /** Keeps the JSON itself, unparsed, as `RawJson`. */
  | {
      readonly kind: 'apart'
      readonly cut: Cut
      readonly maxBytes: number
      readonly onOverflow: 'count' | 'keep begin'
      /** What is larger, or of too many objects to be parsed, is kept as `LargeJson`. */
      readonly largeAbove?: number
    }
  | { readonly kind: 'fields'; readonly fields: ReadonlyMap<string, Cut>; readonly others: Cut }
  /** The first items of a list. An answer that is a list is left when another item begins. */
  | { readonly kind: 'items'; readonly cut: Cut; readonly limit: number }

export const keep: Cut = { kind: 'keep' }
export const drop: Cut = { kind: 'drop' }
export const mark: Cut = { kind: 'mark' }

/** Of an object these fields alone. */
export function only(fields: Readonly<Record<string, Cut>>): Cut {
  return { kind: 'fields', fields: new Map(Object.entries(fields)), others: drop }
}

/** Of an object all fields, but these ones by a cut of their own. */
export function allBut(fields: Readonly<Record<string, Cut>>): Cut {
  return { kind: 'fields', fields: new Map(Object.entries(fields)), others: keep }
}

/** Of an object every field by this cut. */
export function each(cut: Cut): Cut {
  return { kind: 'fields', fields: new Map(), others: cut }
}

/** Of an object these fields, and of all others that they are there. */
export function marksBut(fields: Readonly<Record<string, Cut>>): Cut {
  return { kind: 'fields', fields: new Map(Object.entries(fields)), others: mark }
}

export function first(limit: number, cut: Cut): Cut {
  return { kind: 'items', limit, cut }
}

/** Unparsed and whole, or nothing but its length. */
export function apart(maxBytes: number, cut = keep): Cut {
  return { kind: 'apart', cut, maxBytes, onOverflow: 'count' }
}

/** The same, but what has more bytes than `largeAbove` is never parsed: it is handed on as it was sent. */
export function apartOrLarge(maxBytes: number, cut: Cut, largeAbove: number): Cut {
  return { kind: 'apart', cut, maxBytes, onOverflow: 'count', largeAbove }
}

/** Unparsed, and of what is longer its begin. */
export function begin(maxBytes: number): Cut {
  return { kind: 'apart', cut: keep, maxBytes, onOverflow: 'keep begin' }
}

/** A part of an answer as it was sent, without white space between its tokens. */
export class RawJson {
  /** `undefined` if the part was larger, or of more objects, than may be kept. */
  readonly text: string | undefined
  /** Of the whole part. */
  readonly bytes: number
  readonly #begin: string

  constructor(begin: string, bytes: number, isWhole = true) {
    this.#begin = begin
    this.bytes = bytes
    this.text = isWhole ? begin : undefined
  }

  /** Its value if it is a string, of a long one the begin, and `undefined` if it is something else. */
  get string(): string | undefined {
    if (!this.#begin.startsWith('"')) return undefined
    // An escape may be cut in the middle: the longest, a pair of surrogates, takes 12 characters.
    for (let cut = 0; cut <= 12; cut += 1) {
      const text = this.text ?? `${this.#begin.slice(0, this.#begin.length - cut)}"`
      const value = parsed(text)
      if (typeof value === 'string') return value
    }
    return undefined
  }

  /** Its JSON, of long JSON the begin. */
  get begin(): string {
    return this.#begin
  }
}

/** A part of an answer that becomes neither a text nor an object here: it is handed on as the bytes that were sent. */
export class LargeJson {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  /** If fields were chosen: those of them that are there. */
  readonly fields: ReadonlySet<string>

  constructor(chunks: readonly Uint8Array[], bytes: number, fields: ReadonlySet<string>) {
    this.chunks = chunks
    this.bytes = bytes
    this.fields = fields
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Puts what was kept apart in the place of its number. */
export function withRaws(value: unknown, cut: Cut, raws: readonly (RawJson | LargeJson)[]): unknown {
  if (raws.length === 0) return value
  if (cut.kind === 'apart') return raws[Number(value)]
  if (cut.kind === 'items' && Array.isArray(value)) return value.map((item) => withRaws(item, cut.cut, raws))
  if (cut.kind !== 'fields' || typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name, withRaws(field, cut.fields.get(name) ?? cut.others, raws)]),
  )
}
