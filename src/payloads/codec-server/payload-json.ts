import type { Payload } from '@temporalio/common'
import { isRecord } from '../../domain/json.ts'

/** A payload, and the JSON that it came as. */
export interface Received {
  readonly payload: Payload
  readonly json: unknown
}

/** Reads `{ "payloads": […] }`, protobuf's JSON. @returns `undefined` if it is something else */
export function payloadsIn(text: string): readonly Received[] | undefined {
  const body = parsed(text)
  const list: unknown = isRecord(body) ? body['payloads'] : undefined
  if (!Array.isArray(list)) return undefined
  const received = list.map(receivedOf)
  return received.every((one) => one !== undefined) ? received : undefined
}

function receivedOf(json: unknown): Received | undefined {
  if (!isRecord(json)) return undefined
  const { metadata = {}, data = '' } = json
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
