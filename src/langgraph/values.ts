import { RawJson } from './cut.ts'
import type { OwnValues } from './port.ts'
import { json } from './wire.ts'

/** The one place where a run's values become objects. The text is what the server sent, so numbers are still exact in it. */
export function valuesIn(sent: unknown): Extract<OwnValues, { found: 'values' | 'too_large' }> {
  if (!(sent instanceof RawJson)) return { found: 'values', values: null }
  const { text, bytes } = sent
  return text === undefined ? { found: 'too_large', bytes } : { found: 'values', values: json(JSON.parse(text)) }
}
