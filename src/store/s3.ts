import { Readable } from 'node:stream'
import type * as S3 from '@aws-sdk/client-s3'
import { present } from '../domain/json.ts'
import { missingPackage } from '../missing-package.ts'
import type { StoreAddress } from './address.ts'
import { unavailable } from './failures.ts'
import { TooLong } from './port.ts'
import type { Content, ObjectStore } from './port.ts'

type S3Address = Extract<StoreAddress, { kind: 's3' }>
type Sdk = Pick<typeof S3, 'S3Client' | 'PutObjectCommand' | 'GetObjectCommand'>
interface Connection {
  readonly sdk: Sdk
  readonly client: S3.S3Client
}

const connectTimeoutMs = 3000
/** Of an answer that is no result. What S3 says then takes less than 1 KB. */
const maxAnswerBytes = 64 * 1024

/** A bucket of any S3. Its credentials are found by the AWS SDK, which is loaded with the first request. */
export function s3Store(address: S3Address): ObjectStore {
  const { url, prefix } = address
  let connecting: Promise<Connection> | undefined
  const connection = () => (connecting ??= connect(address))
  const putOnce: ObjectStore['put'] = async (key, content, signal) => {
    const { sdk, client } = await connection()
    await asking(url, signal, () => put(sdk, client, address.bucket, prefix + key, content, signal))
  }
  return {
    url,
    urlOf: (key) => `${url}/${key}`,
    keyIn: (of) => (of.startsWith(`${url}/`) ? of.slice(url.length + 1) : undefined),
    load: async () => {
      await connection()
    },
    put: putOnce,
    // An answer that it is there already shows as well that the credentials may write.
    tryOut: putOnce,
    get: async (key, maxBytes, signal) => {
      const { sdk, client } = await connection()
      return asking(url, signal, async () => {
        const command = new sdk.GetObjectCommand({ Bucket: address.bucket, Key: prefix + key })
        const { Body } = await client.send(command, { abortSignal: signal }).catch(ifMissing)
        return Body instanceof Readable ? contentOf(Body, maxBytes) : undefined
      })
    },
  }
}

async function connect({ url, endpoint, region, forcePathStyle }: S3Address): Promise<Connection> {
  const sdk = await sdkFor(url)
  const client = new sdk.S3Client({
    ...present({ endpoint, region: region ?? (endpoint === undefined ? undefined : 'us-east-1') }),
    forcePathStyle,
    // Retries live in Temporal.
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Otherwise the SDK writes to the console.
    logger: silent,
    requestHandler: { connectionTimeout: connectTimeoutMs },
  })
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const answer = await next(args)
        if (commandName !== 'GetObjectCommand' || !isResult(answer.response)) shorten(answer.response)
        return answer
      },
    { step: 'deserialize', priority: 'low', name: 'shortAnswers' },
  )
  return { sdk, client }
}

/** Only a result is read within bounds here: the SDK takes into memory whatever else comes, however long it is. */
function isResult(response: unknown): boolean {
  return Reflect.get(Object(response), 'statusCode') === 200
}

function shorten(response: unknown): void {
  const body: unknown = Reflect.get(Object(response), 'body')
  if (body instanceof Readable) Object.assign(Object(response), { body: Readable.from(beginOf(body)) })
}

async function* beginOf(body: Readable): AsyncGenerator<Buffer> {
  let bytes = 0
  // Leaving the loop closes the connection.
  for await (const chunk of body) {
    const part = Buffer.from(chunk)
    bytes += part.length
    if (bytes > maxAnswerBytes) return
    yield part
  }
}

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

async function sdkFor(url: string): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-s3')
  } catch (error) {
    const missing = missingPackage(error)
    if (missing === undefined) throw error
    const what = `needs the package ${missing}, which is not installed: npm install @aws-sdk/client-s3`
    throw unavailable(url, what)
  }
}

async function put(
  { PutObjectCommand }: Sdk,
  client: S3.S3Client,
  bucket: string,
  key: string,
  { chunks, bytes, sha256 }: Content,
  signal: AbortSignal,
): Promise<void> {
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: Readable.from(chunks, { objectMode: false }),
    ContentLength: bytes,
    ContentType: 'application/json',
    ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
    IfNoneMatch: '*',
  })
  // The SDK would hash the content once more, or leave it out of the signature.
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign(Object(Reflect.get(args.request ?? {}, 'headers')), { 'x-amz-content-sha256': sha256 })
      return next(args)
    },
    { step: 'build', name: 'knownHash' },
  )
  await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
    // It is there, and its name says what is in it.
    if (statusOf(error) !== 412) throw error
  })
}

function ifMissing(error: unknown): { readonly Body?: undefined } {
  if (nameOf(error) === 'NoSuchKey') return {}
  throw error
}

async function contentOf(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop closes the connection.
  for await (const chunk of body) {
    const part = Buffer.from(chunk)
    chunks.push(part)
    bytes += part.length
    if (bytes > maxBytes) throw new TooLong()
  }
  return Buffer.concat(chunks)
}

async function asking<T>(url: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof TooLong) throw error
    if (signal.aborted) throw timeoutOr(signal.reason, url)
    throw unavailable(url, wordsOf(error))
  }
}

function timeoutOr(reason: unknown, url: string): unknown {
  const isTimeout = reason instanceof Error && reason.name === 'TimeoutError'
  return isTimeout ? unavailable(url, 'did not answer in time') : reason
}

const checkKey =
  'check the credentials that the AWS SDK finds here (AWS_ACCESS_KEY_ID, a profile, a role), their policy, and the bucket'

/** What the store or the SDK say may hold keys and hosts, so none of it is repeated. */
function wordsOf(error: unknown): string {
  const name = nameOf(error)
  const status = statusOf(error)
  if (name === 'CredentialsProviderError') return `has no credentials: ${checkKey}`
  if (name === 'NoSuchBucket') return 'has no such bucket: create it, or correct its name'
  if (name === 'PermanentRedirect' || status === 301) return 'is in another region: add "?region=…" to its url'
  if (status === 401 || status === 403) return `refuses the credentials (HTTP ${status}): ${checkKey}`
  if (status === 404) return 'is not there (HTTP 404): check the bucket and the endpoint'
  if (status === 507) return 'is full (HTTP 507)'
  if (status !== undefined) return `answers HTTP ${status}`
  if (isRegionMissing(error)) return 'has no region: add "?region=…" to its url, or set AWS_REGION'
  return 'does not answer: is it running, and is its endpoint right?'
}

function isRegionMissing(error: unknown): boolean {
  return error instanceof Error && error.message === 'Region is missing'
}

function nameOf(error: unknown): string | undefined {
  return error instanceof Error ? error.name : undefined
}

function statusOf(error: unknown): number | undefined {
  const status: unknown = Reflect.get(Object(Reflect.get(Object(error), '$metadata')), 'httpStatusCode')
  return typeof status === 'number' ? status : undefined
}
