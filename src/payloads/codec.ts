import type { Payload, PayloadCodec } from '@temporalio/common'
import proto from '@temporalio/proto'
import { onOneLine } from '../domain/printable.ts'
import { bounded } from '../domain/text.ts'
import { opened, sealed } from './cipher.ts'
import { PayloadKeyError } from './key-error.ts'
import type { PayloadKey } from './keys.ts'

const { Payload: payloadType } = proto.temporal.api.common.v1

// The names and the format of the encryption samples of Temporal's SDKs, so that programs in other languages can take part.
const encoding = 'binary/encrypted'
const keyIdField = 'encryption-key-id'

/**
 * Encrypts whole payloads, with their metadata, by the first key, and decrypts those of all keys. A payload that is not
 * encrypted is left as it is: it may be older than the keys. Without a key nothing is encrypted, and what is encrypted is an
 * error that names its key.
 */
export function encryptionCodec(keys: readonly PayloadKey[]): PayloadCodec & { readonly keyIds: readonly string[] } {
  const byId = new Map(keys.map((key) => [key.id, key]))
  const [first] = keys
  return {
    keyIds: keys.map(({ id }) => id),
    encode: async (payloads) => (first ? payloads.map((payload) => encrypted(first, payload)) : payloads),
    decode: async (payloads) => payloads.map((payload) => decrypted(byId, payload)),
  }
}

function encrypted(key: PayloadKey, payload: Payload): Payload {
  return {
    metadata: { encoding: Buffer.from(encoding), [keyIdField]: Buffer.from(key.id) },
    data: sealed(key, payloadType.encode(payload).finish()),
  }
}

function decrypted(keys: ReadonlyMap<string, PayloadKey>, payload: Payload): Payload {
  if (textOf(payload, 'encoding') !== encoding) return payload
  const id = textOf(payload, keyIdField)
  const key = keys.get(id)
  if (!key) throw unknownKey(id, [...keys.keys()])
  return payloadType.decode(opened(key, payload.data ?? new Uint8Array()))
}

function textOf({ metadata }: Payload, field: string): string {
  return Buffer.from(metadata?.[field] ?? []).toString()
}

function unknownKey(id: string, known: readonly string[]): PayloadKeyError {
  // Whoever may start workflows can write any id.
  const named = bounded(onOneLine(id), 100)
  const has = known.length === 0 ? 'is not set here' : `has ${known.map((one) => `"${one}"`).join(', ')} only`
  const message = `a payload was encrypted with the key "${named}", and PAYLOAD_KEYS ${has}: give PAYLOAD_KEYS that key, too`
  return new PayloadKeyError(named, message)
}
