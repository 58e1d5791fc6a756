import type { LogConfig } from '../config/log.ts'
import { jsonLine, textLine } from './log-line.ts'
import type { Entry } from './log-line.ts'

const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const

/**
 * Writes entries to stderr. On Linux and macOS a write to a pipe, a file or a terminal is done when it returns, so nothing
 * is lost at the end of the process.
 */
export function logOutput({ format, level }: LogConfig): (entry: Entry) => void {
  const least = levels.findIndex((known) => known.toLowerCase() === level)
  const line = format === 'json' ? jsonLine : textLine
  return (entry) => {
    if (levels.indexOf(entry.level) >= least) process.stderr.write(`${line(entry)}\n`)
  }
}
