/** The bytes of which JSON is made. */

export const quote = 0x22
export const comma = 0x2c
export const colon = 0x3a
export const backslash = 0x5c
export const list = { open: 0x5b, close: 0x5d }
export const object = { open: 0x7b, close: 0x7d }

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

export function endsScalar(byte: number): boolean {
  return isSpace(byte) || byte === comma || byte === list.close || byte === object.close
}
