import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { DataConverter, Payload } from '@temporalio/common'
import { resultStore } from '../../src/client.ts'
import type { ResultStore } from '../../src/client.ts'
import { failureConverterPath, payloadCodecs } from '../../src/payloads.ts'
import { createCodecApp } from '../../src/payloads/codec-server/app.ts'
import type { ResultStoreOptions } from '../../src/store/result-store.ts'
import { startServer } from '../../src/webhook/server.ts'

/** Of tests alone. */
const key = Buffer.alloc(32, 'a key that only tests have').toString('base64')

/**
 * `TEST_ENCRYPTED=1` runs the tests with payloads encrypted, and with a result store that takes whatever it may: those that
 * start workers and clients by the fixtures of `test/support` and `test/cli`.
 */
const isEncrypted = process.env['TEST_ENCRYPTED'] === '1'

const storeUrl = isEncrypted ? pathToFileURL(temporaryFolder()).href : ''

/** What a program has in its environment for that. */
export const payloadEnvironment: Readonly<Record<string, string>> = isEncrypted
  ? { PAYLOAD_KEYS: `test:${key}`, RESULT_STORE: storeUrl, RESULT_STORE_ABOVE: '1024' }
  : {}

/** What workers and clients have in their options for that. */
export const payloadOptions: { readonly dataConverter?: DataConverter } = isEncrypted
  ? { dataConverter: { payloadCodecs: payloadCodecs(`test:${key}`), failureConverterPath } }
  : {}

/** What a result store of a client has in its options for that. */
export const storeOptions: Pick<ResultStoreOptions, 'keys'> = isEncrypted
  ? { keys: [{ id: 'test', key: Buffer.from(key, 'base64') }] }
  : {}

/** What a `BackgroundRuns` has in its options for that. */
export const readingOptions: { readonly resultStore?: ResultStore } = isEncrypted
  ? { resultStore: resultStore(storeUrl, storeOptions) }
  : {}

/** What a workflow bundle has compiled in for that. */
export const bundleOptions: { readonly failureConverterPath?: string } = isEncrypted ? { failureConverterPath } : {}

/** A history with its payloads decrypted, for tests that read it. Changes and returns it. */
export async function decrypted<T>(history: T): Promise<T> {
  const found: Payload[] = []
  collectPayloads(history, found)
  for (const payload of found) {
    for (const codec of payloadOptions.dataConverter?.payloadCodecs ?? []) {
      Object.assign(payload, (await codec.decode([payload]))[0])
    }
  }
  return history
}

function collectPayloads(value: unknown, found: Payload[]): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  if (isPayload(value)) found.push(value)
  for (const part of Object.values(value)) collectPayloads(part, found)
}

function isPayload(value: object): value is Payload {
  return 'metadata' in value && 'data' in value
}

/** The options by which Temporal's command line reads and writes what is encrypted, and how to end what they need. */
export async function codecOfTemporalCli(): Promise<{ readonly args: readonly string[]; stop(): Promise<void> }> {
  const codecs = payloadOptions.dataConverter?.payloadCodecs
  if (!codecs) return { args: [], stop: async () => {} }
  const server = await startServer(createCodecApp({ codecs, log: () => {} }), { host: '127.0.0.1', port: 0 })
  return { args: ['--codec-endpoint', `http://127.0.0.1:${server.port}`], stop: () => server.stop() }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'langgraph-background-runs-encrypted-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
