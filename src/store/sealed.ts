import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'

/** A key of `PAYLOAD_KEYS`. */
export interface StoreKey {
  /** It is no secret: every sealed object shows it. */
  readonly id: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

export const keyRule = 'an id of 1-32 letters, digits, ".", "_" or "-", and a key of 32 bytes'

/** Callers may be plain JavaScript. */
export function isKeyForStore({ id, key }: StoreKey): boolean {
  return typeof id === 'string' && /^[\w.-]{1,32}$/.test(id) && key instanceof Uint8Array && key.length === 32
}

const algorithm = 'aes-256-gcm'
const magic = Buffer.from('LGR1')
const ivBytes = 12
const tagBytes = 16

/**
 * The same bytes, encrypted and authenticated: `LGR1`, the length of the key's id, the id, 12 bytes, the ciphertext, a tag of
 * 16 bytes. It is made anew in each iteration, so that no second copy of a large result is in memory.
 *
 * The 12 bytes come from the content and the key, so the same result under the same key is the same object.
 */
export function sealed(chunks: Iterable<Uint8Array>, storeKey: StoreKey, contentHash: string): Iterable<Uint8Array> {
  const key = ownKey(storeKey)
  const id = Buffer.from(storeKey.id)
  const iv = createHmac('sha256', key).update(contentHash).digest().subarray(0, ivBytes)
  return {
    *[Symbol.iterator]() {
      const cipher = createCipheriv(algorithm, key, iv)
      yield Buffer.concat([magic, Buffer.of(id.length), id, iv])
      for (const chunk of chunks) yield cipher.update(chunk)
      yield Buffer.concat([cipher.final(), cipher.getAuthTag()])
    },
  }
}

/** @returns `undefined` if the key does not open it */
export function opened(object: Buffer, storeKey: StoreKey): Buffer | undefined {
  const ivAt = magic.length + 1 + Buffer.byteLength(storeKey.id)
  const [from, to] = [ivAt + ivBytes, object.length - tagBytes]
  if (to < from || keyIdIn(object) !== storeKey.id) return undefined
  const decipher = createDecipheriv(algorithm, ownKey(storeKey), object.subarray(ivAt, from))
  decipher.setAuthTag(object.subarray(to))
  try {
    return Buffer.concat([decipher.update(object.subarray(from, to)), decipher.final()])
  } catch {
    return undefined
  }
}

/** Which key opens an object; `undefined` if it is not sealed. No JSON begins as a sealed object does. */
export function keyIdIn(object: Buffer): string | undefined {
  if (!object.subarray(0, magic.length).equals(magic)) return undefined
  const from = magic.length + 1
  return object.subarray(from, from + (object[magic.length] ?? 0)).toString()
}

/** Payloads are encrypted with random bytes, and results with derived ones: each has a key of its own. */
function ownKey({ key }: StoreKey): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'langgraph-background-runs/result-store', 32))
}
