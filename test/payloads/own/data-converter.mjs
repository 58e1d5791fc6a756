// A user's own data converter: a payload converter, a codec, and Temporal's external storage in a folder.
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ExternalStorage, StorageDriverClaim } from '@temporalio/common'

const folder = process.env.OWN_STORAGE ?? ''

const flipped = (payload) => ({ ...payload, data: Uint8Array.from(payload.data ?? [], (byte) => byte ^ 255) })
const codec = {
  encode: async (payloads) => payloads.map(flipped),
  decode: async (payloads) => payloads.map(flipped),
}

const base64 = (bytes) => Buffer.from(bytes ?? []).toString('base64')
const bytesOf = (text) => Buffer.from(text, 'base64')
const mapped = (fields, by) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, by(value)]))

const driver = {
  name: 'own',
  type: 'folder',
  store: (_, payloads) =>
    Promise.all(
      payloads.map(async ({ metadata = {}, data }) => {
        const key = randomUUID()
        await writeFile(join(folder, key), JSON.stringify({ metadata: mapped(metadata, base64), data: base64(data) }))
        return new StorageDriverClaim({ key })
      }),
    ),
  retrieve: (_, claims) =>
    Promise.all(
      claims.map(async ({ claimData }) => {
        const { metadata, data } = JSON.parse(await readFile(join(folder, claimData.key), 'utf8'))
        return { metadata: mapped(metadata, bytesOf), data: bytesOf(data) }
      }),
    ),
}

export const dataConverter = {
  payloadConverterPath: fileURLToPath(new URL('payload-converter.cjs', import.meta.url)),
  payloadCodecs: [codec],
  ...(folder && { externalStorage: new ExternalStorage({ drivers: [driver], payloadSizeThreshold: 10_000 }) }),
}
