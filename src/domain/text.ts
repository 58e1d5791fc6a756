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

/** Seconds with one decimal, as in "600.0s". */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`
}
