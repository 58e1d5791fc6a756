import { parsedWithRounded } from '../domain/inexact-numbers.ts'
import { LargeJson, RawJson } from './cut.ts'
import type { OwnValues } from './port.ts'
import { json } from './wire.ts'

/** The one place where a run's values become objects. The text is what the server sent, so its numbers are still exact. */
export function valuesIn(sent: unknown): Extract<OwnValues, { found: 'values' | 'large' | 'too_large' }> {
  if (sent instanceof LargeJson) return { found: 'large', json: sent }
  if (!(sent instanceof RawJson)) return { found: 'values', values: null }
  const { text, bytes } = sent
  if (text === undefined) return { found: 'too_large', bytes }
  const { value, paths } = parsedWithRounded(text)
  return { found: 'values', values: json(value), ...(paths.length > 0 && { inexactNumbers: paths }) }
}
