import { maxReasonBytes, maxResultBytes } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import type { Retrieved } from '../domain/retrieved.ts'
import type { StoredResultReference } from '../domain/outcome.ts'
import type { Json } from '../domain/run.ts'
import { LargeValues } from '../langgraph/large-values.ts'
import type { OwnValues } from '../langgraph/port.ts'
import { bounded } from '../domain/text.ts'
import { isNotFound } from './missing-thread.ts'

/** Keeps results of more bytes than `above` for the outcome to refer to. */
export interface Keeper {
  readonly above: number
  keep(chunks: readonly Uint8Array[]): Promise<StoredResultReference>
}

/**
 * Reads the run's own values, keeps the fields asked for, and measures them before they go through Temporal.
 *
 * @param hasThread is asked if the server has nothing of the run, since the URL may be another server's
 */
export async function retrieve(
  resultKeys: readonly string[] | undefined,
  read: (large?: LargeValues) => Promise<OwnValues>,
  hasThread: () => Promise<boolean | undefined>,
  keeper?: Keeper,
): Promise<Retrieved> {
  const large = keeper && new LargeValues(keeper.above)
  try {
    const own = await readOrMissing(() => read(large))
    if (own.found === 'nothing') return (await hasThread()) === false ? { ...own, threadMissing: true } : own
    if (own.found === 'large') return await kept(own, own.json, keeper)
    return own.found === 'values' ? await measured(own, resultKeys, keeper) : own
  } finally {
    large?.release()
  }
}

async function measured(
  own: Extract<OwnValues, { found: 'values' }>,
  resultKeys: readonly string[] | undefined,
  keeper: Keeper | undefined,
): Promise<Retrieved> {
  const values = resultKeys ? pick(own.values, resultKeys) : own.values
  if (values === undefined) return { found: 'nothing', reason: noneOf(resultKeys) }
  if (isEmpty(values)) return { found: 'nothing', reason: 'the values are empty' }
  const json = Buffer.from(JSON.stringify(values))
  if (json.length <= (keeper?.above ?? maxResultBytes)) return { ...own, values }
  return kept(own, { chunks: [json], bytes: json.length }, keeper)
}

async function kept(
  { checkpointId }: { readonly checkpointId?: string },
  { chunks, bytes }: { readonly chunks: readonly Uint8Array[]; readonly bytes: number },
  keeper: Keeper | undefined,
): Promise<Retrieved> {
  if (!keeper) return { found: 'too_large', bytes, ...present({ checkpointId }) }
  return { found: 'stored', reference: await keeper.keep(chunks), ...present({ checkpointId }) }
}

/** A value that is not there is an answer, not a failure: another strategy may have it. */
async function readOrMissing(read: () => Promise<OwnValues>): Promise<OwnValues> {
  try {
    return await read()
  } catch (error) {
    if (!isNotFound(error)) throw error
    return { found: 'nothing', reason: error.message }
  }
}

function pick(values: Json, keys: readonly string[]): Json | undefined {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) return undefined
  const kept = Object.entries(values).filter(([key]) => keys.includes(key))
  return kept.length > 0 ? Object.fromEntries(kept) : undefined
}

function noneOf(keys: readonly string[] = []): string {
  return bounded(`the values have none of the fields ${keys.join(', ')}`, maxReasonBytes)
}

function isEmpty(values: Json): boolean {
  if (values === null || values === '') return true
  return typeof values === 'object' && Object.keys(values).length === 0
}
