import { randomBytes, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns, fetchResult, resultStore } from '../../src/client.ts'
import type { ResultStore, StoredResultReference, WatchOutcome } from '../../src/client.ts'
import { CliProcess } from '../cli/cli-process.ts'
import { startEndedRuns } from '../support/ended-runs.ts'
import type { EndedRuns } from '../support/ended-runs.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { holding, WorkerStage } from '../support/worker-process.ts'
import { freePort } from '../support/free-port.ts'
import { startS3 } from './seaweedfs.ts'
import type { S3Server } from './seaweedfs.ts'
import type { WorkerProcess } from '../support/worker-process.ts'

const MB = 1024 * 1024
const bucket = 'results'
const langGraph = new LangGraphRuns(inject('langGraphUrl'))
let s3: S3Server
let proxy: TcpProxy
/** Each of its results has 10 MB. */
let tens: EndedRuns
let stage: WorkerStage
let store: ResultStore
let reading: BackgroundRuns

const urlOf = (to = bucket, endpoint = proxy.url) => `s3://${to}/lg?endpoint=${endpoint}&forcePathStyle=true`
const credentials = (secret = s3.credentials.secretAccessKey) => ({
  AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: secret,
})

beforeAll(async () => {
  s3 = await startS3(bucket)
  proxy = await TcpProxy.start(s3.endpoint)
  tens = await startEndedRuns(JSON.stringify({ final: 'done', blob: 'x'.repeat(10 * MB) }))
  stage = await WorkerStage.open(inject('langGraphUrl'), { tens: tens.url })
  for (const [name, value] of Object.entries(credentials())) vi.stubEnv(name, value)
  store = resultStore(urlOf())
  reading = new BackgroundRuns(stage.client, { taskQueue: stage.taskQueue, resultStore: store })
}, 180_000)
afterAll(async () => {
  await CliProcess.killAll()
  await stage.close()
  await Promise.all([proxy.stop(), tens.stop()])
  await s3.stop()
  vi.unstubAllEnvs()
})

const startWorker = (change: Readonly<Record<string, string>> = {}) =>
  stage.startWorker('default', { RESULT_STORE: urlOf(), ...credentials(), ...change })
const ended = (symbol: string, size = 3 * MB) => langGraph.ended('work', { symbol, size })
const options = { pollInterval: '1s', retrievalTimeout: '2m' } as const
const found = (symbol: string) => ({
  polling_result: 'success_with_results',
  result: expect.objectContaining({ final: `done ${symbol}`, blob: expect.stringMatching(/^x{9999}x*$/) }),
})

function referenceIn(outcome: WatchOutcome): StoredResultReference {
  if (outcome.polling_result !== 'success_with_results' || !outcome.result_reference)
    throw new Error('has no reference')
  return outcome.result_reference
}

const keyOf = ({ url }: StoredResultReference) => url.slice(`s3://${bucket}/`.length)

/** Until the watch has seen the store fail, in these words. */
async function untilFailed(run: Ids, words: string): Promise<void> {
  const { workflow } = stage.client
  const handle = workflow.getHandle(`watch-run/default/${run.threadId}/${run.runId}`)
  await vi.waitFor(async () => expect(JSON.stringify(await handle.fetchHistory(), bytes)).toContain(words), {
    timeout: 60_000,
    interval: 200,
  })
}

function bytes(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const raw = this[key]
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('utf8') : value
}

/** Neither keys nor hosts are anybody's business. */
function secrets(): string[] {
  const { accessKeyId, secretAccessKey } = s3.credentials
  const hosts = [s3.endpoint, proxy.url].map((url) => new URL(url).host)
  const words = ['SignatureDoesNotMatch', 'InvalidAccessKeyId', 'NoSuchBucket', 'ECONNREFUSED']
  return [accessKeyId, secretAccessKey, ...hosts, ...words]
}

/** As a worker would, with the credentials of this process. */
const keptIn = (url: string) =>
  resultStore(url).keep(
    'default',
    { ...ids, deployment: 'default' },
    [Buffer.from('{"a":1}')],
    AbortSignal.timeout(20_000),
  )
const ids = { threadId: 't', runId: 'r' }

describe('a result store on S3', { timeout: 120_000 }, () => {
  let worker: WorkerProcess
  beforeAll(async () => {
    worker = await startWorker()
  })

  test.each([3, 20, 60])('keeps a result of %i MB, which clients and the CLI read', async (size) => {
    const run = await ended(`S${size}`, size * MB)
    const unread = await stage.runs.watch({ ...run, ...options })
    const reference = referenceIn(unread)
    expect(reference.url).toMatch(
      new RegExp(`^s3://results/lg/default/default/${run.threadId}/${run.runId}/${reference.sha256}.json$`),
    )
    expect(await fetchResult(reference, store)).toMatchObject({ final: `done S${size}` })
    expect(await reading.retrieve(run)).toMatchObject({ result: { final: `done S${size}` } })
    expect(await s3.keys(bucket)).toContain(keyOf(reference))
  })

  test('is read by the CLI', async () => {
    const { threadId, runId } = await ended('CLI')
    const env = { TEMPORAL_TASK_QUEUE: stage.taskQueue, RESULT_STORE: urlOf(), ...credentials() }
    const { stdout } = await CliProcess.start(['retrieve', threadId, runId, '--json'], env).ended
    expect(JSON.parse(stdout)).toMatchObject({ result: { final: 'done CLI' } })
  })

  test('is asked again while it is away', async () => {
    const run = await ended('AWAY')
    await proxy.refuse()
    const watched = reading.watch({ ...run, ...options })
    await untilFailed(run, 'does not answer: is it running')
    await proxy.accept()
    expect(await watched).toMatchObject(found('AWAY'))
  })

  test('that hangs is given up in time, and the outcome says so', async () => {
    const run = await ended('HANGS')
    proxy.hold(/^PUT /)
    const outcome = await stage.runs.watch({
      ...run,
      pollInterval: '1s',
      retrievalTimeout: '3s',
      retrievalOrder: ['thread_state'],
    })
    proxy.release()
    expect(outcome).toMatchObject({
      polling_result: 'success_no_results',
      polling_metadata: {
        result_retrieval_error: expect.stringMatching(/The result store s3:\/\/results\/lg did not answer in time/),
      },
    })
  })

  test('is believed only as far as the hash goes', async () => {
    const run = await ended('ALTERED')
    const reference = referenceIn(await stage.runs.watch({ ...run, ...options }))
    const sameLength = JSON.stringify({ final: 'evil', pad: '' })
    const evil = JSON.stringify({ final: 'evil', pad: 'x'.repeat(reference.bytes - sameLength.length) })
    for (const content of [evil, `${evil} `, 'x'.repeat(reference.bytes + 10 * MB), '']) {
      await s3.overwrite(bucket, keyOf(reference), content)
      await expect(fetchResult(reference, store)).rejects.toMatchObject({
        type: 'StoredResultAltered',
        nonRetryable: true,
      })
    }
    await s3.remove(bucket, keyOf(reference))
    await expect(fetchResult(reference, store)).rejects.toMatchObject({ type: 'StoredResultGone', nonRetryable: true })
    // And the run can be retrieved again.
    expect(await reading.watch({ ...run, ...options })).toMatchObject(found('ALTERED'))
  })

  test('unpacks nothing: what is compressed is something else', async () => {
    const reference = await keptIn(urlOf())
    const bomb = gzipSync(Buffer.alloc(100 * MB, ' '))
    for (const packed of [bomb, gzipSync('{"a":1}')]) {
      await s3.overwriteCompressed(bucket, keyOf(reference), packed)
      await expect(fetchResult(reference, store)).rejects.toMatchObject({ type: 'StoredResultAltered' })
    }
    await s3.remove(bucket, keyOf(reference))
  })

  test('asks nobody else, whatever a reference says', async () => {
    const reference = await keptIn(urlOf())
    const rest = keyOf(reference).slice('lg/'.length)
    const asked = proxy.requests.length
    for (const url of [
      `s3://other/lg/${rest}`,
      `s3://${bucket}/${rest}`,
      `s3://${bucket}/lg/../lg/${rest}`,
      `s3://${bucket}/lg/${rest}?endpoint=http://127.0.0.1:1`,
      `s3://${bucket}/lg/x/${rest}`,
      `s3://${bucket}@evil/lg/${rest}`,
      `http://127.0.0.1:1/${rest}`,
      `file:///${rest}`,
    ]) {
      const refused = fetchResult({ ...reference, url }, store)
      await expect(refused).rejects.toMatchObject({ type: 'StoredResultElsewhere', nonRetryable: true })
    }
    expect(proxy.requests.length).toBe(asked)
    expect(await fetchResult(reference, store)).toEqual({ a: 1 })
  })

  test('keeps results with keys, which nobody else reads', async () => {
    const keys = [{ id: 'k1', key: randomBytes(32) }]
    const sealing = resultStore(urlOf(), { keys })
    const chunks = [Buffer.from(JSON.stringify({ planted: 'x'.repeat(3 * MB) }))]
    const reference = await sealing.keep(
      'default',
      { ...ids, deployment: 'default' },
      chunks,
      AbortSignal.timeout(30_000),
    )
    expect(await fetchResult(reference, sealing)).toEqual({ planted: expect.stringMatching(/^x+$/) })
    await expect(fetchResult(reference, store)).rejects.toMatchObject({ type: 'StoredResultSealed' })
  })

  test.each([
    // Some servers do not tell who may not make it that a bucket does not exist.
    { what: 'no such bucket', url: () => urlOf('no-such-bucket'), env: {}, words: ', and the bucket' },
    { what: 'no key', url: urlOf, env: { AWS_ACCESS_KEY_ID: undefined }, words: 'has no credentials' },
    {
      what: 'a wrong key',
      url: urlOf,
      env: { AWS_SECRET_ACCESS_KEY: 'wrong' },
      words: 'refuses the credentials (HTTP 403)',
    },
    { what: 'nobody there', url: () => urlOf(bucket, 'http://127.0.0.1:1'), env: {}, words: 'does not answer' },
  ])('says in words of our own that there is $what', async ({ url, env, words }) => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const failure: unknown = await keptIn(url()).catch((error: unknown) => error)
    for (const [name, value] of Object.entries(credentials())) vi.stubEnv(name, value)
    expect(failure).toMatchObject({
      type: 'ResultStoreUnavailable',
      nonRetryable: false,
      message: expect.stringContaining(words),
    })
    expect(inspect(failure, { depth: 9 })).not.toMatch(/planted|127\.0\.0\.1|https?:|AccessKeyId=|node_modules/)
  })

  test('says of a bucket that does not exist to a reader that it does not', async () => {
    const reference = await keptIn(urlOf())
    const elsewhere = resultStore(urlOf('no-such-bucket'))
    const there = { ...reference, url: reference.url.replace(bucket, 'no-such-bucket') }
    await expect(fetchResult(there, elsewhere)).rejects.toThrow('has no such bucket: create it, or correct its name')
  })

  test('keeps the same result once, from two workers at the same time', async () => {
    const run = await ended('TWICE')
    await startWorker()
    const before = (await s3.keys(bucket)).length
    const answers = await Promise.all(Array.from({ length: 6 }, () => stage.runs.retrieve(run)))
    expect(new Set(answers.map((answer) => answer.result_reference?.url)).size).toBe(1)
    // It is put there if it is absent.
    expect(proxy.statuses).toContain(412)
    expect(await s3.keys(bucket)).toHaveLength(before + 1)
  })

  test('has the result of workers that are killed before they could report it, once', async () => {
    const run = await ended('KILLED')
    const before = (await s3.keys(bucket)).length
    proxy.holdAnswers(/^PUT /)
    const watched = reading.watch({ ...run, ...options })
    await vi.waitFor(async () => expect(await s3.keys(bucket)).toHaveLength(before + 1), { timeout: 60_000 })
    await Promise.all(stage.workers.map((each) => each.kill()))
    proxy.release()
    worker = await startWorker(credentials('wrong'))
    await untilFailed(run, 'refuses the credentials (HTTP 403)')
    await worker.kill()
    await startWorker()
    expect(await watched).toMatchObject(found('KILLED'))
    expect(await s3.keys(bucket)).toHaveLength(before + 1)
  })

  test('takes 100 results of 10 MB at once, with a worker of less than 1 GB', { timeout: 600_000 }, async () => {
    // Without the proxy, through which 1 GB would go in this process.
    const direct = urlOf(bucket, s3.endpoint)
    const alone = await stage.startWorker('all', { RESULT_STORE: direct, ...credentials() })
    const others = stage.workers.filter((each) => each !== alone)
    await Promise.all(others.map((each) => each.kill()))
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () => {
        const id = randomUUID()
        const run = { deployment: 'tens', threadId: id, runId: id }
        return stage.runs.watch({ ...run, pollInterval: '1s', retrievalTimeout: '15m' })
      }),
    )
    expect(new Set(outcomes.map((outcome) => referenceIn(outcome).url)).size).toBe(100)
    expect(await fetchResult(referenceIn(outcomes[99] as WatchOutcome), store)).toMatchObject({ final: 'done' })
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${alone.pid}/status`, 'utf8')) ?? []
    expect(Number(kilobytes)).toBeLessThan(1024 * 1024)
  })

  test('is what `doctor` looks at: of the worker, and of the command line', async () => {
    const env = { TEMPORAL_TASK_QUEUE: stage.taskQueue, RESULT_STORE: urlOf(), AWS_EC2_METADATA_DISABLED: 'true' }
    const examined = async (own: Readonly<Record<string, string>>) => {
      const { stdout } = await CliProcess.start(['doctor', '--json'], { ...env, ...own }).ended
      const { checks }: { checks: { check: string }[] } = JSON.parse(stdout)
      return checks.find(({ check }) => check === 'result store')
    }
    const [reads, refused] = await Promise.all([examined(credentials()), examined(credentials('wrong'))])
    expect(reads).toMatchObject({ status: 'ok', found: expect.stringContaining('results can be read here') })
    expect(refused).toMatchObject({ status: 'failed', found: expect.stringContaining('(HTTP 403)') })
    await Promise.all(stage.workers.map((each) => each.kill()))
    await startWorker({ RESULT_STORE: urlOf('no-such-bucket') })
    expect(await examined(credentials())).toMatchObject({
      status: 'failed',
      found: expect.stringMatching(/^for the worker: The result store s3:\/\/no-such-bucket\/lg .*, and the bucket/),
      remedy: expect.stringContaining('RESULT_STORE, or the credentials that the AWS SDK finds there'),
    })
  })

  test('is seen in no history, no log, no metric and no failure, beyond its url', async () => {
    const run = await ended('METRICS')
    const port = await freePort()
    await Promise.all(stage.workers.map((each) => each.kill()))
    await startWorker({ METRICS_LISTEN: `127.0.0.1:${port}`, ...credentials('wrong') })
    const outcome = await stage.runs.watch({ ...run, pollInterval: '1s', retrievalTimeout: '1s' })
    expect(outcome).toMatchObject({ polling_result: 'success_no_results' })
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    expect(metrics).toContain('lg_watches_ended')
    expect(holding(new Map([['the metrics', metrics]]), secrets())).toEqual([])
    expect((await stage.traces()).size).toBeGreaterThan(10)
    expect(holding(await stage.traces(), secrets())).toEqual([])
  })
})
