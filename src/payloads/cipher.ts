import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { PayloadKeyError } from './key-error.ts'
import type { PayloadKey } from './keys.ts'

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/** The bytes, encrypted and authenticated with AES-256-GCM: 12 random bytes, the ciphertext, a tag of 16 bytes. */
export function sealed({ key }: PayloadKey, bytes: Uint8Array): Uint8Array {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv)
  return Buffer.concat([iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
}

/** @throws PayloadKeyError if it was sealed with another key, or has been changed since */
export function opened({ id, key }: PayloadKey, bytes: Uint8Array): Uint8Array {
  const tagAt = bytes.length - tagBytes
  if (tagAt < ivBytes) throw cannotOpen(id)
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, ivBytes))
  decipher.setAuthTag(bytes.subarray(tagAt))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes, tagAt)), decipher.final()])
  } catch {
    throw cannotOpen(id)
  }
}

function cannotOpen(id: string): PayloadKeyError {
  return new PayloadKeyError(
    id,
    `a payload does not open with the key "${id}" of PAYLOAD_KEYS: it was encrypted with another key of that id, or changed since`,
  )
}
