import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import { defaultPayloadConverter, ExternalStorage } from '@temporalio/common'
import type { Payload, StorageDriver } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { findTemporal } from '../../dev/embedded-temporal.ts'
import { payloadCodecs } from '../../src/payloads.ts'
import { encryptionCodec } from '../../src/payloads/codec.ts'
import { createCodecApp } from '../../src/payloads/codec-server/app.ts'
import type { CodecAppOptions } from '../../src/payloads/codec-server/app.ts'
import { startServer } from '../../src/webhook/server.ts'
import type { RunningServer } from '../../src/webhook/server.ts'
import { WorkerProcess } from '../support/worker-process.ts'

const origin = 'https://cloud.temporal.io'
const token = randomBytes(32).toString('base64')
const keys = [{ id: 'a', key: randomBytes(32) }]
const asEnvironment = keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(',')
const codecs = payloadCodecs(keys)
const logged: string[] = []
const log = (level: string, message: string, fields?: object) =>
  void logged.push(JSON.stringify([level, message, fields]))

const servers: RunningServer[] = []
async function serve(options: Partial<CodecAppOptions> = {}): Promise<string> {
  const server = await startServer(createCodecApp({ codecs, log, ...options }), { host: '127.0.0.1', port: 0 })
  servers.push(server)
  return `http://127.0.0.1:${server.port}`
}
afterAll(() => Promise.all(servers.map((server) => server.stop())))

interface Sent {
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
  readonly body?: string
}
const post = (url: string, { headers = {}, method = 'POST', body = '{"payloads":[]}' }: Sent = {}) =>
  fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'POST' && { body }),
  })

const many = (count: number) => `{"payloads":[${'{},'.repeat(count - 1)}{}]}`
const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64')
const asJson = ({ metadata = {}, data }: Payload) => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])),
  data: base64(data),
})
const plain = asJson(defaultPayloadConverter.toPayload({ symbol: 'planted' }) ?? {})

async function answered(url: string, payloads: readonly unknown[], headers: Sent['headers'] = {}): Promise<unknown> {
  const response = await post(url, { body: JSON.stringify({ payloads }), headers })
  expect(response.status).toBe(200)
  const { payloads: answer }: { payloads?: unknown } = Object(await response.json())
  return answer
}

describe('the codec server', () => {
  let url: string
  beforeAll(async () => {
    url = await serve({ origin })
  })

  test('encodes and decodes payloads, below any path', async () => {
    for (const above of ['', '/some/where']) {
      const encoded = await answered(`${url}${above}/encode`, [plain, plain])
      const sealed = {
        metadata: { encoding: expect.any(String), 'encryption-key-id': 'YQ==' },
        data: expect.any(String),
      }
      expect(encoded).toEqual([sealed, sealed])
      expect(JSON.stringify(encoded)).not.toContain(plain.data)
      expect(await answered(`${url}${above}/decode`, Array.isArray(encoded) ? encoded : [])).toEqual([plain, plain])
    }
  })

  test('returns what is not encrypted as it came, with fields that it does not know', async () => {
    const own = { ...plain, externalPayloads: [{ sizeBytes: '3000000' }], external_payloads: [] }
    expect(await answered(`${url}/decode?preserveStorageRefs=true`, [own])).toEqual([own])
    expect(await answered(`${url}/decode`, [own])).toEqual([own])
  })

  test('says which key it lacks', async () => {
    const [foreign] = await encryptionCodec([{ id: 'old', key: randomBytes(32) }]).encode([
      defaultPayloadConverter.toPayload(1) ?? {},
    ])
    const response = await post(`${url}/decode`, { body: JSON.stringify({ payloads: [asJson(foreign ?? {})] }) })
    expect([response.status, await response.text()]).toEqual([
      400,
      'a payload was encrypted with the key "old", and PAYLOAD_KEYS has "a" only: give PAYLOAD_KEYS that key, too',
    ])
  })

  test.each([
    '',
    'planted',
    '[]',
    '{}',
    '{"payloads":{}}',
    '{"payloads":[1]}',
    '{"payloads":[{"metadata":{"a":1}}]}',
    '{"payloads":[{"data":[]}]}',
  ])('refuses the body %j', async (body) => {
    for (const path of ['encode', 'decode', 'download'])
      expect((await post(`${url}/${path}`, { body })).status).toBe(400)
  })

  test('reads 16 MB of a body, and no more', async () => {
    const response = await post(`${url}/decode`, { body: 'x'.repeat(16 * 1024 * 1024 + 1) })
    expect(response.status).toBe(413)
  })

  test('takes no more payloads than it can carry out', async () => {
    expect((await post(`${url}/decode`, { body: many(10_000) })).status).toBe(200)
    for (const count of [10_001, 2_000_000]) {
      const response = await post(`${url}/decode`, { body: many(count) })
      expect([response.status, await response.text()]).toEqual([413, 'The body holds more than 10000 payloads'])
    }
  })

  test('takes null for an absent field, as protobuf does', async () => {
    const nothing = { metadata: { encoding: 'YmluYXJ5L251bGw=' }, data: null }
    expect(await answered(`${url}/decode`, [nothing, { metadata: null }])).toEqual([nothing, { metadata: null }])
    expect(await answered(`${url}/encode`, [nothing])).toEqual([
      { metadata: { encoding: expect.any(String), 'encryption-key-id': 'YQ==' }, data: expect.any(String) },
    ])
  })

  test('has no other address', async () => {
    expect((await post(`${url}/other`)).status).toBe(404)
    expect((await post(`${url}/decode`, { method: 'GET' })).status).toBe(404)
    expect((await post(`${url}/healthz`, { method: 'GET' })).status).toBe(200)
  })
})

describe('a web page', () => {
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-namespace,authorization,content-type',
  }

  test('of CODEC_ORIGIN may ask, with the headers of the Web UI', async () => {
    const url = await serve({ origin, token })
    const asked = await post(`${url}/decode`, { method: 'OPTIONS', headers: { origin, ...preflight } })
    expect(asked.status).toBe(204)
    expect(Object.fromEntries(asked.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization,content-type,x-namespace',
      'access-control-allow-credentials': 'true',
    })
    const answer = await post(`${url}/decode`, {
      headers: { origin, authorization: `Bearer ${token}`, 'x-namespace': 'default' },
    })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin])
  })

  test.each([
    'https://evil.example',
    'http://cloud.temporal.io',
    'https://cloud.temporal.io.evil.example',
    'null',
    'http://127.0.0.1:8888',
  ])('of %s may not, even with the token', async (other) => {
    const url = await serve({ origin, token })
    const headers = { origin: other, authorization: `Bearer ${token}` }
    for (const method of ['POST', 'OPTIONS']) {
      const refused = await post(`${url}/decode`, { method, headers: { ...headers, ...preflight } })
      expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null])
    }
  })

  test('may not ask at all without CODEC_ORIGIN', async () => {
    expect((await post(`${await serve()}/decode`, { headers: { origin } })).status).toBe(403)
  })
})

test.each(['', 'planted', token, `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, 'Bearer '])(
  'without the token (%#) nobody gets anything, and no body is read',
  async (authorization) => {
    const url = await serve({ token })
    const refused = await post(`${url}/decode`, { headers: { authorization }, body: 'x'.repeat(100_000) })
    expect([refused.status, await refused.text()]).toEqual([401, 'Authorization must be Bearer and CODEC_TOKEN'])
    expect(logged.join()).not.toContain(token)
  },
)

const reference = (driverName: string, key: string) => ({
  metadata: {
    encoding: base64(Buffer.from('json/protobuf')),
    messageType: base64(Buffer.from('temporal.api.sdk.v1.ExternalStorageReference')),
  },
  data: base64(Buffer.from(JSON.stringify({ driverName, claimData: { key } }))),
  externalPayloads: [{ sizeBytes: '3000000' }],
})

describe("payloads in Temporal's external storage", () => {
  const stored = new Map<string, Payload>()
  const driver: StorageDriver = {
    name: 'planted-driver',
    type: 'test',
    store: () => Promise.reject(new Error('not here')),
    retrieve: async (_, claims) => claims.map(({ claimData }) => stored.get(claimData['key'] ?? '') ?? {}),
  }
  let url: string
  beforeAll(async () => {
    const [large] = await encryptionCodec(keys).encode([defaultPayloadConverter.toPayload({ symbol: 'planted' }) ?? {}])
    stored.set('large', large ?? {})
    url = await serve({ storage: new ExternalStorage({ drivers: [driver] }) })
  })

  test('are fetched and decrypted, unless the references are to be kept', async () => {
    const one = reference('planted-driver', 'large')
    expect(await answered(`${url}/decode`, [one, plain])).toEqual([plain, plain])
    expect(await answered(`${url}/download`, [one])).toEqual([plain])
    expect(await answered(`${url}/decode?preserveStorageRefs=true`, [one, plain])).toEqual([one, plain])
  })

  test('need their driver', async () => {
    const body = JSON.stringify({ payloads: [reference('other', 'large')] })
    const response = await post(`${url}/download`, { body })
    expect([response.status, await response.text()]).toEqual([
      400,
      'a payload lies in the external storage "other", for which DATA_CONVERTER has no driver here',
    ])
  })
})

const start = (env: Readonly<Record<string, string>>) =>
  new WorkerProcess({ PAYLOAD_KEYS: asEnvironment, CODEC_LISTEN: '127.0.0.1:0', ...env }, 'src/codec-server.ts')

describe('as a process', () => {
  test("Temporal's command line reads a workflow by it", async () => {
    const server = start({ CODEC_TOKEN: token })
    await server.said('codec server ready')
    const [, port] = /"port":(\d+)/.exec(server.log) ?? []
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    const client = new Client({ connection, dataConverter: { payloadCodecs: codecs } })
    const [workflowId, taskQueue] = [randomUUID(), randomUUID()]
    await client.workflow.start('watchRun', {
      workflowId,
      taskQueue,
      args: ['planted'],
      memo: { planted: 'planted too' },
    })
    const shown = async (...more: string[]) => {
      const args = [
        'workflow',
        'describe',
        '--address',
        inject('temporalAddress'),
        '--workflow-id',
        workflowId,
        ...more,
      ]
      const { stdout } = await promisify(execFile)(await findTemporal('cli'), [...args, '--output', 'json'])
      return stdout
    }
    const codec = ['--codec-endpoint', `http://127.0.0.1:${port}/{namespace}`]
    expect(await shown()).not.toContain('planted too')
    expect(await shown(...codec, '--codec-auth', `Bearer ${token}`)).toContain('planted too')
    expect(await server.stop()).toEqual({ code: 0, signal: null })
    for (const secret of ['planted', token, asEnvironment.slice(2)]) expect(server.log).not.toContain(secret)
    await client.workflow.getHandle(workflowId).terminate()
    await connection.close()
  })

  test('an invalid configuration stops it, with every mistake and no value', async () => {
    const server = start({
      PAYLOAD_KEYS: 'planted',
      CODEC_TOKEN: 'planted',
      CODEC_ORIGIN: 'planted',
      CODEC_LISTEN: 'planted',
    })
    expect(await server.exited).toEqual({ code: 1, signal: null })
    expect(server.stderr).toMatch(
      /^ConfigError: The configuration has 4 mistakes:\n- CODEC_LISTEN [^]*\n- PAYLOAD_KEYS: [^]*\n- CODEC_TOKEN [^]*\n- CODEC_ORIGIN /,
    )
    expect(server.stderr).not.toContain('planted')
  })
})
