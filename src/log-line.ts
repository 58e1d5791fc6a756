import { formatWithOptions } from 'node:util'
import type { LogEntry } from '@temporalio/worker'
import { movedIn } from './domain/printable.ts'

/** One log entry as text. Line ends and escape sequences, which a graph's error may hold, cannot forge another entry. */
export function logLine({ level, timestampNanos, message, meta }: LogEntry): string {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString()
  const fields = meta === undefined ? '' : ` ${formatWithOptions({ colors: false }, meta)}`
  return movedIn(`${time} [${level}] ${message}${fields}`, '    ')
}
