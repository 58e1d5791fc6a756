import { isRecord } from '../domain/json.ts'
import type { Json } from '../domain/run.ts'

/** Total readers of what a server sent: a field of another type reads as absent. */

export function recordOf(wire: unknown): Readonly<Record<string, unknown>> {
  return isRecord(wire) ? wire : {}
}

export function listOf(wire: unknown): readonly unknown[] {
  return Array.isArray(wire) ? wire : []
}

export function textOf(wire: unknown): string | undefined {
  return typeof wire === 'string' ? wire : undefined
}

/** ISO 8601 UTC. A time without a zone is UTC too, and not of whatever zone the worker is in. */
export function utcTime(wire: unknown): string | undefined {
  const text = textOf(wire)
  if (text === undefined) return undefined
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`)
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString()
}

/** For what came out of `JSON.parse`, which TypeScript cannot know. */
export function json(wire: unknown): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return wire as Json
}
