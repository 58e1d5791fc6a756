import { logLevels } from '../config/log.ts'
import type { LogConfig } from '../config/log.ts'
import { jsonLine, textLine } from './log-line.ts'
import type { Entry } from './log-line.ts'

/**
 * Writes entries to stderr. On Linux and macOS a write to a pipe, a file or a terminal is done when it returns, so nothing
 * is lost at the end of the process.
 */
export function logOutput({ format, level }: LogConfig): (entry: Entry) => void {
  const least = logLevels.indexOf(level)
  const line = format === 'json' ? jsonLine : textLine
  return (entry) => {
    if (logLevels.findIndex((known) => known.toUpperCase() === entry.level) >= least)
      process.stderr.write(`${line(entry)}\n`)
  }
}
