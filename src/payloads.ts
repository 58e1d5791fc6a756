import { fileURLToPath } from 'node:url'
import type { PayloadCodec } from '@temporalio/common'
import { encryptionCodec } from './payloads/codec.ts'
import { parseKeys, problemsOfKeys } from './payloads/keys.ts'
import type { PayloadKey } from './payloads/keys.ts'

export { PayloadKeyError } from './payloads/key-error.ts'
export type { PayloadKey } from './payloads/keys.ts'

/**
 * For the `dataConverter` of a worker and of a client: encrypts what they send with the first key, and decrypts what was
 * encrypted with any of them. Give it together with `failureConverterPath`, or messages of failures stay readable.
 *
 * @param keys as `PAYLOAD_KEYS` has them (`id:base64 of 32 bytes[,…]`), or from wherever you keep them
 * @throws TypeError with every mistake, and no part of a key
 */
export function payloadCodecs(keys: string | readonly PayloadKey[]): PayloadCodec[] {
  const parsed = typeof keys === 'string' ? parseKeys(keys) : checked(keys)
  if (parsed.kind === 'refused') throw new TypeError(`The keys for payloads are wrong: ${parsed.problems.join('; ')}`)
  return [encryptionCodec(parsed.keys)]
}

/**
 * For the `dataConverter` of a worker and of a client: puts messages and stack traces of failures into payloads, which the
 * codecs encrypt. A workflow bundle of your own needs it, too: `bundleWorkflowCode({ failureConverterPath })`.
 */
export const failureConverterPath = fileURLToPath(new URL('payloads/failure-converter.cjs', import.meta.url))

function checked(keys: readonly PayloadKey[]) {
  const problems = keys.length === 0 ? ['there must be one at least'] : problemsOfKeys(keys)
  return problems.length === 0 ? { kind: 'accepted' as const, keys } : { kind: 'refused' as const, problems }
}
