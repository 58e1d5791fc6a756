import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fetchResult, resultStore } from '../../src/client.ts'
import type { StoredResultReference } from '../../src/client.ts'
import type { StoreKey } from '../../src/store/sealed.ts'

const run = { deployment: 'default', threadId: 't', runId: 'r' }
const keyNamed = (id: string) => ({ id, key: randomBytes(32) })
const [first, second] = [keyNamed('k1'), keyNamed('k2')]
const result = { planted: 'secret', blob: 'x'.repeat(3_000_000) }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-store-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const storeWith = (...keys: readonly StoreKey[]) => resultStore(pathToFileURL(folder).href, { keys })
const json = JSON.stringify(result)
/** In pieces, as results come. */
const chunks = [json.slice(0, 1_000_000), json.slice(1_000_000)].map((text) => Buffer.from(text))
const keep = (...keys: readonly StoreKey[]) =>
  storeWith(...keys).keep('default', run, chunks, AbortSignal.timeout(30_000))
const bytesAt = ({ url }: StoredResultReference) => readFile(fileURLToPath(url))

describe('a result store with keys', () => {
  test('keeps results that nobody else reads, each once', async () => {
    const reference = await keep(first)
    const object = await bytesAt(reference)
    expect(object.includes('planted')).toBe(false)
    expect(object.includes('xxxxxxxx')).toBe(false)
    expect(object.length).toBe(reference.bytes)
    expect(await keep(first)).toEqual(reference)
    expect(await fetchResult(reference, storeWith(first))).toEqual(result)
  })

  test('reads with every key that it knows, and also what was kept without any', async () => {
    const [old, plain] = [await keep(first), await keep()]
    expect(await fetchResult(old, storeWith(second, first))).toEqual(result)
    expect(await fetchResult(plain, storeWith(second, first))).toEqual(result)
    expect((await keep(second, first)).sha256).not.toBe(old.sha256)
  })

  test.each([
    { what: 'no key', keys: [] },
    { what: 'another key', keys: [second] },
    { what: 'a wrong key of the same id', keys: [{ ...second, id: 'k1' }] },
  ])('names the key that is missing to a reader with $what', async ({ keys }) => {
    const reference = await keep(first)
    await expect(fetchResult(reference, storeWith(...keys))).rejects.toMatchObject({
      type: 'StoredResultSealed',
      nonRetryable: true,
      message: expect.stringContaining('the key "k1"'),
    })
  })

  test.each([
    { what: 'a short key', key: { id: 'k1', key: randomBytes(16) } },
    { what: 'a text', key: { id: 'k1', key: 'x'.repeat(32) as never } },
    { what: 'no id', key: { id: '', key: randomBytes(32) } },
  ])('refuses $what', ({ key }) => {
    expect(() => storeWith(key)).toThrow('`keys` must each have an id')
  })

  test('finds out that an object was changed before it opens it', async () => {
    const reference = await keep(first)
    const object = await bytesAt(reference)
    object[object.length - 1] = (object.at(-1) ?? 0) ^ 1
    await writeFile(fileURLToPath(reference.url), object)
    await expect(fetchResult(reference, storeWith(first))).rejects.toMatchObject({ type: 'StoredResultAltered' })
  })
})
