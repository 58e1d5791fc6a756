import { createDecipheriv, randomBytes } from 'node:crypto'
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common'
import type { Payload } from '@temporalio/common'
import proto from '@temporalio/proto'
import { describe, expect, test } from 'vitest'
import { failureConverterPath, PayloadKeyError, payloadCodecs } from '../../src/payloads.ts'
import { encryptionCodec } from '../../src/payloads/codec.ts'

const key = (id: string) => ({ id, key: randomBytes(32) })
const [a, b] = [key('a'), key('b')]
const payload = defaultPayloadConverter.toPayload({ symbol: 'planted' }) ?? {}
const only = <T>([one]: readonly T[]): T => {
  if (one === undefined) throw new Error('there is none')
  return one
}
const textOf = (one: Payload, field: string) => Buffer.from(one.metadata?.[field] ?? []).toString()
const sealedWith = async (...keys: (typeof a)[]) => only(await encryptionCodec(keys).encode([payload]))
const openedWith = async (one: Payload, ...keys: (typeof a)[]) => {
  const opened = only(await encryptionCodec(keys).decode([one]))
  return defaultPayloadConverter.fromPayload(opened)
}

describe('a payload', () => {
  test('comes back with its metadata', async () => {
    expect(await openedWith(await sealedWith(a), a)).toEqual({ symbol: 'planted' })
  })

  test('shows nothing but the id of its key, and is never the same twice', async () => {
    const [one, other] = [await sealedWith(a), await sealedWith(a)]
    expect(Object.keys(one.metadata ?? {})).toEqual(['encoding', 'encryption-key-id'])
    expect([textOf(one, 'encoding'), textOf(one, 'encryption-key-id')]).toEqual(['binary/encrypted', 'a'])
    expect(Buffer.from(one.data ?? []).includes('planted')).toBe(false)
    expect(one.data).not.toEqual(other.data)
  })

  // Programs in other languages have the encryption sample of their own SDK.
  test("is in the format of the samples of Temporal's SDKs: IV, ciphertext and tag of the whole payload", async () => {
    const data = Buffer.from((await sealedWith(a)).data ?? [])
    const decipher = createDecipheriv('aes-256-gcm', a.key, data.subarray(0, 12))
    decipher.setAuthTag(data.subarray(-16))
    const inside = Buffer.concat([decipher.update(data.subarray(12, -16)), decipher.final()])
    expect(defaultPayloadConverter.fromPayload(proto.temporal.api.common.v1.Payload.decode(inside))).toEqual({
      symbol: 'planted',
    })
  })

  test('is encrypted by the first key, and decrypted by all of them', async () => {
    const old = await sealedWith(a)
    const recent = await sealedWith(b, a)
    expect(textOf(recent, 'encryption-key-id')).toBe('b')
    for (const one of [old, recent]) expect(await openedWith(one, b, a)).toEqual({ symbol: 'planted' })
  })

  test('that is not encrypted is left as it is', async () => {
    expect(only(await encryptionCodec([a]).decode([payload]))).toBe(payload)
    expect(only(await encryptionCodec([]).encode([payload]))).toBe(payload)
  })
})

const unreadable = async (one: Payload, ...keys: (typeof a)[]) => {
  const error: unknown = await openedWith(one, ...keys).catch((failed: unknown) => failed)
  if (!(error instanceof PayloadKeyError)) throw error
  return error.message
}

describe('an error names the key, and nothing else', () => {
  test('if it is missing', async () => {
    expect(await unreadable(await sealedWith(a), b)).toBe(
      'a payload was encrypted with the key "a", and PAYLOAD_KEYS has "b" only: give PAYLOAD_KEYS that key, too',
    )
    expect(await unreadable(await sealedWith(a))).toBe(
      'a payload was encrypted with the key "a", and PAYLOAD_KEYS is not set here: give PAYLOAD_KEYS that key, too',
    )
  })

  test('if it is another one of the same id, and if the payload was changed or cut', async () => {
    const sealed = await sealedWith(a)
    const wrong =
      /^a payload does not open with the key "a" of PAYLOAD_KEYS: it was encrypted with another key of that id/
    expect(await unreadable(sealed, { ...b, id: 'a' })).toMatch(wrong)
    const data = Buffer.from(sealed.data ?? [])
    const flipped = Buffer.from(data)
    flipped.writeUInt8((data.at(20) ?? 0) ^ 1, 20)
    for (const changed of [flipped, data.subarray(0, -1), data.subarray(0, 27), Buffer.alloc(0)]) {
      expect(await unreadable({ ...sealed, data: changed }, a)).toMatch(wrong)
    }
  })

  test('on one short line, whatever id somebody has written', async () => {
    const sealed = await sealedWith(a)
    const id = Buffer.from(`x\n\u{1B}[2J${'y'.repeat(5000)}`)
    const said = await unreadable({ ...sealed, metadata: { ...sealed.metadata, 'encryption-key-id': id } }, a)
    expect(said).toMatch(/^[\x20-\x7e…]{1,250}$/)
  })
})

describe('payloadCodecs', () => {
  test('takes keys as PAYLOAD_KEYS has them, or as bytes', async () => {
    const [fromText, fromBytes] = [payloadCodecs(`a:${a.key.toString('base64')}`), payloadCodecs([a])].map(only)
    const sealed = only((await fromText?.encode([payload])) ?? [])
    expect(await fromBytes?.decode([sealed])).toEqual([expect.objectContaining({ metadata: expect.anything() })])
  })

  test.each([
    ['', 'key 1 must be id:base64'],
    [[], 'there must be one at least'],
    [[{ id: 'a', key: Buffer.from('planted') }], 'key 1 ("a") must have 32 bytes'],
    [[{ ...a, id: 'planted key' }], 'key 1: its id must be 1-32 letters'],
    [[a, a], 'key 2 has the id "a" of another one'],
  ])('refuses others (%#)', (keys, words) => {
    expect(() => payloadCodecs(keys)).toThrow(TypeError)
    expect(() => payloadCodecs(keys)).toThrow(words)
    expect(() => payloadCodecs(keys)).not.toThrow('planted')
  })
})

describe('the failure converter', async () => {
  const { failureConverter } = await import(failureConverterPath)
  const written = (error: Error) => failureConverter.errorToFailure(error, defaultPayloadConverter)

  test('puts message and stack into a payload', () => {
    const { message, stackTrace, encodedAttributes } = written(ApplicationFailure.create({ message: 'planted' }))
    expect({ message, stackTrace }).toEqual({ message: 'Encoded failure', stackTrace: '' })
    expect(defaultPayloadConverter.fromPayload(encodedAttributes)).toMatchObject({ message: 'planted' })
  })

  test('leaves readable which key is missing, without a stack', () => {
    expect(written(new PayloadKeyError('a', 'give PAYLOAD_KEYS that key'))).toMatchObject({
      message: 'give PAYLOAD_KEYS that key',
      stackTrace: '',
    })
  })
})
