/**
 * The text of a file. Its byte order mark tells UTF-16, which PowerShell's `>` writes, and is no part of the text.
 *
 * @throws Error if the bytes are not such a text: replacement characters would change the data
 */
export function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is neither UTF-8 nor UTF-16 with a byte order mark')
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
}
