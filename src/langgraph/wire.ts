import { isRecord } from '../domain/json.ts'
import type { Json } from '../domain/run.ts'
import { utf8Bytes } from '../domain/text.ts'
import { RawJson } from './cut.ts'
import { BadAnswer } from './errors.ts'

/** Total readers of what a server sent: a field of another type reads as absent. */

export function recordOf(wire: unknown): Readonly<Record<string, unknown>> {
  return isRecord(wire) ? wire : {}
}

export function listOf(wire: unknown): readonly unknown[] {
  return Array.isArray(wire) ? wire : []
}

export function textOf(wire: unknown): string | undefined {
  if (wire instanceof RawJson) return wire.string
  return typeof wire === 'string' ? wire : undefined
}

const maxIdBytes = 100

/** No server has longer ids, and they travel with everything that is said of a run. */
export function idOf(wire: unknown): string | undefined {
  const id = textOf(wire)
  if (id !== undefined && utf8Bytes(id) > maxIdBytes) throw new BadAnswer(`has an id of more than ${maxIdBytes} bytes`)
  return id
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

/** Its JSON, of long JSON the begin. */
export function jsonOf(wire: unknown): string {
  return wire instanceof RawJson ? wire.begin : JSON.stringify(wire ?? null)
}
