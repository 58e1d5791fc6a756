import { isRecord } from './json.ts'

/** JSON with its keys in order, so that two texts are equal if their values are. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, nested: unknown) => (isRecord(nested) ? ordered(nested) : nested))
}

function ordered(object: Readonly<Record<string, unknown>>): object {
  // A key such as "__proto__" stays a key.
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
