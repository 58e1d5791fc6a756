import { execFile } from 'node:child_process'
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { ApplicationFailure } from '@temporalio/common'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fetchResult, resultStore } from '../../src/client.ts'
import type { ResultStore, StoredResultReference } from '../../src/client.ts'

const execute = promisify(execFile)
const run = { deployment: 'default', threadId: 't', runId: 'r' }
const soon = () => AbortSignal.timeout(30_000)
const chunks = (value: unknown) => [Buffer.from(JSON.stringify(value))]

let place: string
let folder: string
let store: ResultStore
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-store-'))
  folder = join(place, 'results')
  await mkdir(folder)
  store = resultStore(pathToFileURL(folder).href)
})
afterEach(() => rm(place, { recursive: true, force: true }))

const keep = (value: unknown, of = store) => of.keep('default', run, chunks(value), soon())
const pathOf = ({ url }: StoredResultReference) => fileURLToPath(url)
async function files(): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
}

/** What it fails with, which never says where the store is beyond its url, nor what the system said. */
async function failureOf(attempt: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await attempt.then(
    () => new Error('no failure'),
    (failure: unknown) => failure,
  )
  if (!(error instanceof ApplicationFailure)) throw error
  expect(error.cause).toBeUndefined()
  expect(error.stack).toBe(`${error.type}: ${error.message}`)
  expect(error.message).not.toMatch(/syscall|no such file|\bopen\b|\n/)
  return error
}

/** In a process of its own, what keeping 1 MB there comes to. */
async function keptBy(
  shell: string,
  before: string,
  method = `keep('default', ${JSON.stringify(run)}, chunks, signal)`,
) {
  const script = `
    import { resultStore } from '${new URL('../../src/client.ts', import.meta.url).pathname}'
    ${before}
    const store = resultStore('${pathToFileURL(folder).href}')
    const [chunks, signal] = [[Buffer.alloc(1e6, 'x')], AbortSignal.timeout(30000)]
    store.${method}.then(() => console.log('kept'), ({ type, message }) => console.log(type, message))`
  const file = join(place, 'keep.mts')
  await writeFile(file, script)
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout } = await execute('sh', ['-c', `${shell} exec "${process.execPath}" --import tsx "${file}"`], {
    cwd,
  })
  return stdout
}

describe('a folder of results', () => {
  test('keeps the same result once, whoever keeps it', async () => {
    const references = await Promise.all(Array.from({ length: 10 }, () => keep({ a: 1 })))
    expect(new Set(references.map(({ url }) => url)).size).toBe(1)
    await keep({ a: 1 })
    expect(await files()).toEqual([`${references[0]?.sha256}.json`])
    expect(await fetchResult(references[0] as StoredResultReference, store)).toEqual({ a: 1 })
  })

  test('shows nobody a part of a result, also if its worker dies while it writes', async () => {
    const reference = await keep({ whole: true })
    // What such a worker leaves behind.
    await writeFile(join(folder, '.unfinished', 'half'), '{"who')
    await rm(pathOf(reference))
    expect(await keep({ whole: true })).toEqual(reference)
    expect(await fetchResult(reference, store)).toEqual({ whole: true })
  })

  test('makes as new what is kept once more, so that nobody deletes it as old', async () => {
    const reference = await keep({ a: 1 })
    const old = new Date('2001-01-01T00:00:00Z')
    await utimes(pathOf(reference), old, old)
    expect(await keep({ a: 1 })).toEqual(reference)
    expect((await stat(pathOf(reference))).mtime.getUTCFullYear()).toBeGreaterThan(2001)
    expect(await files()).toEqual([`${reference.sha256}.json`])
  })

  test('heals what a crash of the machine has cut', async () => {
    const reference = await keep({ a: 'b' })
    await writeFile(pathOf(reference), '{"a"')
    expect(await failureOf(fetchResult(reference, store))).toMatchObject({ type: 'StoredResultAltered' })
    await keep({ a: 'b' })
    expect(await fetchResult(reference, store)).toEqual({ a: 'b' })
  })

  test('is closed to others on its machine', async () => {
    const reference = await keep({ a: 1 })
    const { stdout } = await execute('find', [folder, '-perm', '/o+rwx', '!', '-path', folder])
    expect(stdout).toBe('')
    expect(await readFile(pathOf(reference), 'utf8')).toBe('{"a":1}')
  })

  test('that does not exist is not made: it may be a volume that is not there', async () => {
    await rename(folder, join(place, 'elsewhere'))
    expect(await failureOf(keep({ a: 1 }))).toMatchObject({
      type: 'ResultStoreUnavailable',
      nonRetryable: false,
      message: `The result store ${pathToFileURL(folder).href} does not exist: is the volume mounted? Create the folder, which nothing else does`,
    })
    expect(await readdir(place)).toEqual(['elsewhere'])
  })

  test('that is full keeps nothing, and says so', async () => {
    // The system lets this process write files of 64 KB: as on a full disk, the rest is refused.
    const said = await keptBy('ulimit -f 128 &&', `process.on('SIGXFSZ', () => {})`)
    expect(said).toContain('ResultStoreUnavailable The result store')
    expect(said).toContain('is full: ')
    expect(await files()).toEqual([])
  })

  test.each([undefined, 'tryOut(signal)'])('that may not be written says so (%s)', async (method) => {
    await chmod(folder, 0o500)
    // The mode says nothing to root.
    const said = await keptBy('', 'if (process.getuid() === 0) process.seteuid(65534)', method)
    expect(said).toContain('ResultStoreUnavailable The result store')
    expect(said).toContain('may not be used by this user: check the owner and the mode of the folder')
    expect(await files()).toEqual([])
  })

  test('is tried out by a small object, which is written each time and read by others', async () => {
    expect(await store.canRead(soon())).toBe(false)
    await store.tryOut(soon())
    expect(await store.canRead(soon())).toBe(true)
    await writeFile(join(folder, 'doctor.json'), '{}')
    expect(await store.canRead(soon())).toBe(false)
    await store.tryOut(soon())
    expect(await store.canRead(soon())).toBe(true)
  })

  test('whose worker is told to stop leaves nothing behind', async () => {
    const cancelled = AbortSignal.abort(new Error('cancelled'))
    await expect(store.keep('default', run, chunks({ a: 1 }), cancelled)).rejects.toThrow('cancelled')
    const late = AbortSignal.abort(new DOMException('late', 'TimeoutError'))
    expect(await failureOf(store.keep('default', run, chunks({ a: 1 }), late))).toMatchObject({
      type: 'ResultStoreUnavailable',
      message: expect.stringContaining('did not answer in time'),
    })
    expect(await files()).toEqual([])
  })
})

describe('reading a result', () => {
  test.each([
    { what: 'other values', content: '{"a":2}' },
    { what: 'more', content: '{"a":1} ' },
    { what: 'less', content: '{"a":' },
    { what: 'nothing', content: '' },
  ])('finds out that there is $what in its place', async ({ content }) => {
    const reference = await keep({ a: 1 })
    await writeFile(pathOf(reference), content)
    expect(await failureOf(fetchResult(reference, store))).toMatchObject({
      type: 'StoredResultAltered',
      nonRetryable: true,
      message: expect.stringContaining('whose hash differs'),
    })
  })

  test('finds out that it is gone', async () => {
    const reference = await keep({ a: 1 })
    await rm(dirname(pathOf(reference)), { recursive: true })
    expect(await failureOf(fetchResult(reference, store))).toMatchObject({
      type: 'StoredResultGone',
      nonRetryable: true,
    })
  })

  test('reads nothing but results of its store, whatever the reference says', async () => {
    const own = await keep({ a: 1 })
    const base = pathToFileURL(folder).href
    await mkdir(join(place, 'other'))
    const other = await keep({ a: 1 }, resultStore(pathToFileURL(join(place, 'other')).href))
    await writeFile(join(place, 'secret.json'), '{"a":1}')
    const { sha256 } = own
    const urls = [
      other.url,
      pathToFileURL(join(place, 'secret.json')).href,
      `${base}/../secret.json`,
      `${base}/%2e%2e/secret.json`,
      `${base}/../other/default/default/t/r/${sha256}.json`,
      `${base}/default/default/t/../../../../other/default/default/t/r/${sha256}.json`,
      own.url.replace('file://', 'file://host'),
      own.url.replace('file://', 'http://127.0.0.1'),
      `${own.url}?x`,
      `s3://bucket/default/default/t/r/${sha256}.json`,
      '/etc/passwd',
      '',
    ]
    for (const url of urls) {
      const { type, nonRetryable, message } = await failureOf(fetchResult({ ...own, url }, store))
      expect({ url, type, nonRetryable }).toEqual({ url, type: 'StoredResultElsewhere', nonRetryable: true })
      expect(message).not.toContain('secret')
    }
    for (const wrong of [{ bytes: 1e12 }, { bytes: 0 }, { bytes: Number.NaN }, { sha256: 'b'.repeat(64) }]) {
      expect(await failureOf(fetchResult({ ...own, ...wrong }, store))).toMatchObject({ type: 'StoredResultElsewhere' })
    }
  })

  test('follows no links out of the folder, and writes through none', async () => {
    const own = await keep({ a: 1 })
    await writeFile(join(place, 'secret.json'), '{"a":1}')
    await rm(pathOf(own))
    await symlink(join(place, 'secret.json'), pathOf(own))
    expect((await failureOf(fetchResult(own, store))).message).toContain('links are not followed')
    await rm(join(folder, 'default'), { recursive: true })
    await mkdir(join(place, 'default', 'default', 't', 'r'), { recursive: true })
    await symlink(join(place, 'default'), join(folder, 'default'))
    await writeFile(join(place, 'default', 'default', 't', 'r', `${own.sha256}.json`), '{"a":1}')
    expect((await failureOf(fetchResult(own, store))).message).toContain('links are not followed')
    expect((await failureOf(keep({ b: 2 }))).message).toContain('links are not followed')
    expect(await readdir(join(place, 'default', 'default', 't', 'r'))).toEqual([`${own.sha256}.json`])
  })

  test('ends when its caller does not wait any more', async () => {
    const own = await keep({ a: 1 })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(fetchResult(own, store, { signal })).rejects.toThrow('enough')
    expect(await fetchResult(own, store, { signal: new AbortController().signal })).toEqual({ a: 1 })
  })

  test('waits for no pipe', async () => {
    const own = await keep({ a: 1 })
    await rm(pathOf(own))
    await execute('mkfifo', [pathOf(own)])
    await chmod(pathOf(own), 0o600)
    expect(await failureOf(fetchResult(own, store))).toMatchObject({ type: 'ResultStoreUnavailable' })
  })

  test.each([
    ['a text', 'file:///x'],
    ['nothing', undefined],
    ['where LangGraph keeps it', { thread_id: 't', bytes: 5 }],
  ])('refuses %s as a reference', async (_, reference) => {
    const failure = await failureOf(fetchResult(reference as never, store).catch(withoutPlace))
    expect(failure).toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('`reference` is ') })
  })

  test('refuses what is no store', async () => {
    const own = await keep({ a: 1 })
    const failure = await failureOf(fetchResult(own, store.url as never).catch(withoutPlace))
    expect(failure.message).toContain('`store` must be one that `resultStore(url)` has made')
  })
})

/** A mistake of the caller shows the caller's own code. */
function withoutPlace(error: unknown): never {
  if (error instanceof ApplicationFailure) error.stack = `${error.type}: ${error.message}`
  throw error
}
