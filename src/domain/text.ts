const encoder = new TextEncoder()

/** How many bytes a text takes on the wire. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length
}

/** Cuts a text to at most `maxBytes` of UTF-8, whole characters only, and marks the cut. */
export function bounded(text: string, maxBytes: number): string {
  const mark = '…'
  const { read, written } = encoder.encodeInto(text, new Uint8Array(maxBytes - utf8Bytes(mark)))
  return read === text.length || written + utf8Bytes(text.slice(read)) <= maxBytes ? text : text.slice(0, read) + mark
}

/** As `bounded`, but not within a word, if one ends in the second half of what fits. */
export function cutAtWord(text: string, maxBytes: number): string {
  const cut = bounded(text, maxBytes)
  if (cut === text) return text
  const end = cut.search(/\s\S*$/)
  return end * 2 < cut.length ? cut : `${cut.slice(0, end)} …`
}

/** A value as a person would write it, cut short. */
export function shown(value: unknown, maxBytes = 100): string {
  return bounded(inJson(value), maxBytes)
}

export function found(value: unknown): string {
  return value === undefined ? 'missing' : shown(value)
}

/** As JSON, but total: a caller in JavaScript may pass what JSON cannot hold. */
export function inJson(value: unknown): string {
  try {
    // JSON has no NaN and no Infinity, and would call them null.
    return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  } catch {
    return typeof value === 'bigint' ? `${value}n` : `not JSON-serializable (${typeof value})`
  }
}

/** Seconds with one decimal, as in "600.0s". */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`
}
