import { messageOf } from '../domain/json.ts'
import { aboveRule, isAbove, ResultStore } from '../store/result-store.ts'
import type { StoreKey } from '../store/sealed.ts'
import { read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

/** Where results are kept that are too large for Temporal; `undefined`: in LangGraph alone. */
export function optionalStore(
  env: Environment,
  found: Findings,
  keys: readonly StoreKey[] = [],
): ResultStore | undefined {
  const { mistakes } = found
  const url = read(env, 'RESULT_STORE', found)
  const above = read(env, 'RESULT_STORE_ABOVE', found)
  if (above !== undefined && url === undefined) mistakes.push('RESULT_STORE_ABOVE is set without RESULT_STORE')
  const bytes = above === undefined ? undefined : Number(above)
  if (bytes !== undefined && !isAbove(bytes)) mistakes.push(`RESULT_STORE_ABOVE must be ${aboveRule}`)
  if (url === undefined) return undefined
  try {
    return new ResultStore(url, { keys, ...(isAbove(bytes) && { above: bytes }) })
  } catch (error) {
    mistakes.push(`RESULT_STORE ${messageOf(error)}`)
    return undefined
  }
}
