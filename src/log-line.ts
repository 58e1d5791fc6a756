import { formatWithOptions } from 'node:util'
import type { LogEntry } from '@temporalio/worker'
import { movedIn } from './domain/printable.ts'

/** One entry of a log, in whose lines nobody else can write: a graph's error may hold line ends and escape sequences. */
export function logLine({ level, timestampNanos, message, meta }: LogEntry): string {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString()
  const fields = meta === undefined ? '' : ` ${formatWithOptions({ colors: false }, meta)}`
  return movedIn(`${time} [${level}] ${message}${fields}`, '    ')
}
