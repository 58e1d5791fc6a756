import { formatWithOptions } from 'node:util'
import type { LogEntry } from '@temporalio/worker'
import { movedIn } from '../domain/printable.ts'
import { fieldsOf } from './log-fields.ts'

/** What a program logs about one event. */
export type Entry = Pick<LogEntry, 'level' | 'message' | 'timestampNanos'> & {
  readonly meta?: Readonly<Record<string, unknown>> | undefined
}

/**
 * One entry as one line of JSON: `time`, `level`, `message`, and flat fields. It holds no character that a terminal would
 * obey or an eye would not see, so no text of a graph can forge another line or another field.
 */
export function jsonLine(entry: Entry): string {
  const { level, message, meta = {} } = entry
  const head = { time: timeOf(entry), level: level.toLowerCase(), message }
  return JSON.stringify({ ...head, ...fieldsOf(meta, level === 'ERROR') }).replaceAll(unseen, escaped)
}

/** JSON itself escapes the control characters of ASCII only. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, n) => character.charCodeAt(n))
    .map((code) => `\\u${code.toString(16).padStart(4, '0')}`)
    .join('')
}

/** One entry as text. Line ends and escape sequences, which a graph's error may hold, cannot forge another entry. */
export function textLine(entry: Entry): string {
  const { level, message, meta } = entry
  const fields = meta === undefined ? {} : fieldsOf(meta, level === 'ERROR')
  const shown = Object.keys(fields).length === 0 ? '' : ` ${formatWithOptions({ colors: false }, fields)}`
  return movedIn(`${timeOf(entry)} [${level}] ${message}${shown}`, '    ')
}

function timeOf({ timestampNanos }: Entry): string {
  return new Date(Number(timestampNanos / 1_000_000n)).toISOString()
}
