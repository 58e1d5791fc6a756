import { isAbsolute } from 'node:path'
import { parseKeys } from '../payloads/keys.ts'
import type { PayloadKey } from '../payloads/keys.ts'
import { read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

/** How payloads are written to Temporal, and read. */
export interface PayloadConfig {
  /** The first encrypts, all decrypt. None: nothing is encrypted. */
  readonly keys: readonly PayloadKey[]
  /** A module that exports a `dataConverter` of the user's own. */
  readonly converterModule?: string
}

export function payloadConfig(env: Environment, found: Findings): PayloadConfig {
  const keys = payloadKeys(env, found)
  const path = read(env, 'DATA_CONVERTER', found)
  if (path === undefined) return { keys }
  if (!isAbsolute(path)) found.mistakes.push('DATA_CONVERTER must be the absolute path of a module')
  if (keys.length > 0) {
    found.mistakes.push(
      'DATA_CONVERTER and PAYLOAD_KEYS: give one of them. A data converter of your own encrypts by payloadCodecs() of langgraph-background-runs/payloads',
    )
  }
  return { keys, converterModule: path }
}

/** Empty without `PAYLOAD_KEYS`, and if they are wrong. */
function payloadKeys(env: Environment, { mistakes, warnings }: Findings): readonly PayloadKey[] {
  const text = read(env, 'PAYLOAD_KEYS', { mistakes, warnings })
  const parsed = text === undefined ? undefined : parseKeys(text)
  if (parsed?.kind === 'accepted') return parsed.keys
  for (const problem of parsed?.problems ?? []) mistakes.push(`PAYLOAD_KEYS: ${problem}`)
  return []
}
