import type { Payload } from '@temporalio/common'
import { isRecord } from '../../domain/json.ts'

/** A payload, and the JSON that it came as. */
export interface Received {
  readonly payload: Payload
  readonly json: unknown
}

/** Temporal's history has no event with as many. */
export const mostPayloads = 10_000
/** A payload is an object with an object in it, and may have fields that this server does not know. */
const mostContainers = 4 * mostPayloads

/** Before the text becomes objects, since 16 MB of `{}` would take gigabytes. Base64 holds no brackets. */
function holdsTooMany(text: string): boolean {
  let containers = 0
  for (const _ of text.matchAll(/[[{]/g)) {
    containers += 1
    if (containers > mostContainers) return true
  }
  return false
}

/** Reads `{ "payloads": […] }`, protobuf's JSON. @returns `undefined` if it is something else */
export function payloadsIn(text: string): readonly Received[] | 'too many' | undefined {
  if (holdsTooMany(text)) return 'too many'
  const body = parsed(text)
  const list: unknown = isRecord(body) ? body['payloads'] : undefined
  if (!Array.isArray(list)) return undefined
  if (list.length > mostPayloads) return 'too many'
  const received = list.map(receivedOf)
  return received.every((one) => one !== undefined) ? received : undefined
}

function receivedOf(json: unknown): Received | undefined {
  if (!isRecord(json)) return undefined
  // In protobuf's JSON `null` is what an absent field is.
  const { metadata, data } = { metadata: json['metadata'] ?? {}, data: json['data'] ?? '' }
  if (!isRecord(metadata) || typeof data !== 'string') return undefined
  const fields = Object.entries(metadata).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, bytesOf(value)] as const] : [],
  )
  if (fields.length !== Object.keys(metadata).length) return undefined
  return { json, payload: { metadata: Object.fromEntries(fields), data: bytesOf(data) } }
}

/** What was left as it is keeps fields that this server does not know. */
export function jsonOf(payload: Payload, received?: Received): unknown {
  if (payload === received?.payload) return received.json
  const metadata = Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, base64(value)] as const)
  return { metadata: Object.fromEntries(metadata), data: base64(payload.data) }
}

/** Protobuf's JSON may have the alphabet of URLs, which Node reads as well. */
function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

function base64(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
