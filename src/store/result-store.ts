import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { storeFailureTypes } from '../domain/contract.ts'
import { defaultStoreAboveBytes, maxResultBytes, maxStoredBytes } from '../domain/defaults.ts'
import { parsedWithRounded } from '../domain/inexact-numbers.ts'
import { isRecord } from '../domain/json.ts'
import type { StoredResultReference } from '../domain/outcome.ts'
import type { Json, RunRef } from '../domain/run.ts'
import { parseStoreUrl } from './address.ts'
import { storeFailure } from './failures.ts'
import { folderStore } from './folder.ts'
import { isKey, keyOf } from './key.ts'
import { TooLong } from './port.ts'
import type { Content, ObjectStore } from './port.ts'
import { s3Store } from './s3.ts'
import { isKeyForStore, keyIdIn, keyRule, opened, sealed } from './sealed.ts'
import type { StoreKey } from './sealed.ts'

export interface ResultStoreOptions {
  /** A worker keeps results of more bytes of JSON there. Default 1 MB; at most 1.5 MB, which is what fits through Temporal. */
  readonly above?: number
  /** The first one encrypts what is kept, and all of them decrypt. Default: results lie there in plain text. */
  readonly keys?: readonly StoreKey[]
}

/** What was read: the value, and where it holds integers that JavaScript has rounded. */
export interface ReadResult {
  readonly value: Json
  readonly paths: readonly string[]
}

/** No empty value is so long. */
const leastAbove = 1024

export const aboveRule = `a whole number of bytes from ${leastAbove} to ${maxResultBytes}`

export function isAbove(bytes: unknown): bytes is number {
  return Number.isInteger(bytes) && Number(bytes) >= leastAbove && Number(bytes) <= maxResultBytes
}

/** No result has such a key. */
const trialKey = 'doctor.json'
const trial = '{"written_by":"langgraph-runs doctor"}'

/** Where results that are too large for Temporal are kept: workers write them, clients read them. */
export class ResultStore {
  /** `s3://bucket/prefix` or `file:///folder`. */
  readonly url: string
  readonly above: number
  readonly #objects: ObjectStore
  readonly #keys: readonly StoreKey[]

  /** @throws Error that says what is wrong with the url, and repeats none of it */
  constructor(url: string, { above = defaultStoreAboveBytes, keys = [] }: ResultStoreOptions = {}) {
    if (!keys.every(isKeyForStore)) throw new Error(`\`keys\` must each have ${keyRule}`)
    if (!isAbove(above)) throw new Error(`\`above\` must be ${aboveRule}`)
    const address = parseStoreUrl(url)
    this.#objects = address.kind === 's3' ? s3Store(address) : folderStore(address)
    this.url = this.#objects.url
    this.above = above
    this.#keys = keys
  }

  /** Throws if a package is missing that it needs. No request is made. */
  load(): Promise<void> {
    return this.#objects.load()
  }

  /** Keeps a run's result. The same result is kept once, whoever keeps it and how often. */
  async keep(
    namespace: string,
    run: RunRef,
    chunks: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<StoredResultReference> {
    const content = await this.#sealed(await hashed(chunks))
    const key = keyOf(namespace, run, content.sha256)
    await this.#objects.put(key, content, signal)
    const { bytes, sha256 } = content
    return { url: this.#objects.urlOf(key), sha256, bytes, content_type: 'application/json' }
  }

  /** Writes `doctor.json`, which holds nothing: this shows whether results can be kept. */
  async tryOut(signal: AbortSignal): Promise<void> {
    await this.#objects.tryOut(trialKey, await hashed([Buffer.from(trial)]), signal)
  }

  /** @returns whether what a worker's `tryOut` wrote can be read here; `false`: it is not there */
  async canRead(signal: AbortSignal): Promise<boolean> {
    const found = await this.#objects.get(trialKey, trial.length, signal)
    return found?.toString() === trial
  }

  /** Reads only what this store has kept, and checks that it is that. */
  async read(reference: StoredResultReference, signal: AbortSignal): Promise<ReadResult> {
    const { url, sha256, bytes } = reference
    const key = this.#objects.keyIn(url)
    if (key === undefined || !isKey(key, sha256) || !(bytes > 0 && bytes <= maxStoredBytes)) throw elsewhere(this.url)
    const content = await this.#objects.get(key, bytes, signal).catch((error: unknown) => {
      throw error instanceof TooLong ? altered(this.url) : error
    })
    if (!content) throw gone(this.url)
    if (content.length !== bytes || (await hashed([content])).sha256 !== sha256) throw altered(this.url)
    const { value, paths } = parsedWithRounded(this.#opened(content).toString('utf8'))
    // What came out of `JSON.parse`, which TypeScript cannot know.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { value: value as Json, paths }
  }

  async #sealed(content: Content): Promise<Content> {
    const [key] = this.#keys
    return key ? hashed(sealed(content.chunks, key, content.sha256)) : content
  }

  #opened(object: Buffer): Buffer {
    const id = keyIdIn(object)
    if (id === undefined) return object
    const key = this.#keys.find((known) => known.id === id)
    const content = key && opened(object, key)
    if (!content) throw closed(this.url, id)
    return content
  }
}

/** Whether it refers to a store, and not to LangGraph. */
export function isStored(reference: unknown): reference is StoredResultReference {
  if (!isRecord(reference)) return false
  const { url, sha256, bytes } = reference
  return typeof url === 'string' && typeof sha256 === 'string' && typeof bytes === 'number'
}

/** In pieces, so that 64 MB do not keep the event loop from everything else. */
async function hashed(chunks: Iterable<Uint8Array>): Promise<Content> {
  const pieceBytes = 4 * 1024 * 1024
  const hash = createHash('sha256')
  let bytes = 0
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      const piece = chunk.subarray(at, at + pieceBytes)
      hash.update(piece)
      bytes += piece.length
      if (bytes % pieceBytes < piece.length) await turn()
    }
  }
  return { chunks, bytes, sha256: hash.digest('hex') }
}

function elsewhere(url: string): Error {
  const what = 'the reference is not one of it: give the store that the workers have (RESULT_STORE)'
  return storeFailure(storeFailureTypes.elsewhere, `The result store ${url} was not asked, since ${what}`)
}

function closed(url: string, keyId: string): Error {
  const what = `has the result encrypted, and the key "${keyId}" that is known here, if any, does not open it: give the key of that id`
  return storeFailure(storeFailureTypes.sealed, `The result store ${url} ${what}`)
}

function gone(url: string): Error {
  const what = 'does not have the result any more: it was deleted. Retrieve the run again, if LangGraph still has it'
  return storeFailure(storeFailureTypes.gone, `The result store ${url} ${what}`)
}

function altered(url: string): Error {
  const what =
    'has other bytes in the place of the result, whose hash differs: delete that object, and retrieve the run again'
  return storeFailure(storeFailureTypes.altered, `The result store ${url} ${what}`)
}
