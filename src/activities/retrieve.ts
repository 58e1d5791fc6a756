import { maxReasonBytes, maxResultBytes } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import type { Retrieved } from '../domain/retrieved.ts'
import type { Json } from '../domain/run.ts'
import type { OwnValues } from '../langgraph/port.ts'
import { bounded, utf8Bytes } from '../domain/text.ts'
import { isNotFound } from './missing-thread.ts'

/**
 * Reads the run's own values, keeps the fields asked for, and measures them before they go through Temporal.
 *
 * @param hasThread is asked if the server has nothing of the run, since the URL may be another server's
 */
export async function retrieve(
  resultKeys: readonly string[] | undefined,
  read: () => Promise<OwnValues>,
  hasThread: () => Promise<boolean | undefined>,
): Promise<Retrieved> {
  const own = await readOrMissing(read)
  if (own.found === 'nothing') return (await hasThread()) === false ? { ...own, threadMissing: true } : own
  if (own.found !== 'values') return own
  const values = resultKeys ? pick(own.values, resultKeys) : own.values
  if (values === undefined) return { found: 'nothing', reason: noneOf(resultKeys) }
  if (isEmpty(values)) return { found: 'nothing', reason: 'the values are empty' }
  const bytes = utf8Bytes(JSON.stringify(values))
  if (bytes <= maxResultBytes) return { ...own, values }
  return { found: 'too_large', bytes, ...present({ checkpointId: own.checkpointId }) }
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
