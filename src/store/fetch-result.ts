import { refuse } from '../client/arguments.ts'
import type { ResultReference, StoredResultReference } from '../domain/outcome.ts'
import type { Json } from '../domain/run.ts'
import { found } from '../domain/text.ts'
import { isStored, ResultStore } from './result-store.ts'
import type { ReadResult, ResultStoreOptions } from './result-store.ts'

/** A read takes no longer. */
const readTimeoutMs = 60_000

/**
 * The store in which workers keep results that are too large for Temporal: `RESULT_STORE` of the ready worker.
 *
 * @param url `file:///absolute/folder`, or `s3://bucket/prefix?endpoint=…&region=…&forcePathStyle=true`; credentials as the
 *   AWS SDK finds them
 * @throws ApplicationFailure of type `InvalidInput`
 */
export function resultStore(url: string, options: ResultStoreOptions = {}): ResultStore {
  try {
    return new ResultStore(url, options)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    refuse('resultStore', [why.startsWith('`') ? why : `\`url\` ${why}`])
    throw error
  }
}

interface FetchOptions {
  /** Aborting it gives up. A read ends after 60 s in any case. */
  readonly signal?: AbortSignal
}

/**
 * Reads a result that the workers have kept in their store, such as in an activity of a parent workflow, and checks that
 * it is what they kept. It reads nothing but results of this store, whatever the reference says.
 *
 * @throws ApplicationFailure of type `ResultStoreUnavailable`, which is worth another try, or one that is not:
 *   `StoredResultGone`, `StoredResultAltered`, `StoredResultSealed`, `StoredResultElsewhere`, `InvalidInput`
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows the graph's values
export async function fetchResult<Result = Json>(
  reference: StoredResultReference | ResultReference,
  store: ResultStore,
  options: FetchOptions = {},
): Promise<Result> {
  const { value } = await readResult(reference, store, options)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller knows the graph's values
  return value as Result
}

async function readResult(reference: unknown, store: ResultStore, { signal }: FetchOptions = {}): Promise<ReadResult> {
  refuse('fetchResult', [
    ...(isStored(reference) ? [] : [`\`reference\` is ${found(reference)}: must be { url, sha256, bytes, … }`]),
    ...(store ? [] : ['`store` is missing']),
    ...problemOfStore(store, 'store'),
  ])
  if (!isStored(reference)) throw new TypeError('unreachable')
  return withinLimit(signal, (limited) => store.read(reference, limited))
}

/** A timer holds the limit: Node may collect an `AbortSignal.timeout` below `AbortSignal.any` as garbage. */
async function withinLimit<T>(signal: AbortSignal | undefined, read: (limited: AbortSignal) => Promise<T>): Promise<T> {
  const limited = new AbortController()
  const abort = () => limited.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  const timer = setTimeout(() => limited.abort(new DOMException('no answer in time', 'TimeoutError')), readTimeoutMs)
  try {
    return await read(limited.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

/** Callers may be plain JavaScript, which gives the url itself. */
export function problemOfStore(store: unknown, name = 'resultStore'): string[] {
  return store === undefined || store instanceof ResultStore
    ? []
    : [`\`${name}\` must be one that \`resultStore(url)\` has made`]
}

/** An answer of a workflow with its result in the place of the reference, if it has one and the store is known. */
export async function withResult<Answer>(answer: Answer, store: ResultStore | undefined): Promise<Answer> {
  const { result_reference: reference }: { readonly result_reference?: unknown } = Object(answer)
  if (!store || !isStored(reference)) return answer
  const { value, paths } = await readResult(reference, store)
  const { result_reference: _, ...rest } = Object(answer)
  return { ...rest, result: value, ...(paths.length > 0 && { inexact_numbers: paths }) }
}
