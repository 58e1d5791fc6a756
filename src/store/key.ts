import { createHash } from 'node:crypto'
import type { RunRef } from '../domain/run.ts'

/** File systems end a name at 255 bytes. */
const longestPart = 200

/** `<namespace>/<deployment>/<threadId>/<runId>/<sha256>.json`, whatever is in the names. */
export function keyOf(namespace: string, { deployment, threadId, runId }: RunRef, sha256: string): string {
  return [...[namespace, deployment, threadId, runId].map(keyPart), `${sha256}.json`].join('/')
}

/** Letters, digits, "-", "_" and "." stay; of anything else the bytes, as in `!2F`. No part is "." or "..". */
function keyPart(name: string): string {
  const isDots = /^\.*$/.test(name)
  const plain = isDots ? /[\w-]/ : /[\w.-]/
  const text = Array.from(name, (char) => (plain.test(char) ? char : escaped(char))).join('')
  if (text.length <= longestPart) return text === '' ? '!' : text
  return `${text.slice(0, 100)}!!${createHash('sha256').update(name).digest('hex').slice(0, 32)}`
}

function escaped(char: string): string {
  return Array.from(Buffer.from(char), (byte) => `!${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}

const part = '(?!\\.+/)[\\w.!-]{1,210}'
const pattern = new RegExp(`^(?:${part}/){4}([0-9a-f]{64})\\.json$`)

/** Whether `keyOf` may have made it for content of this hash. */
export function isKey(key: string, sha256: string): boolean {
  return pattern.exec(key)?.[1] === sha256
}
