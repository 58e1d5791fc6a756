import { DefaultLogger } from '@temporalio/worker'
import { logLine } from './log-line.ts'

/** Temporal's own logger; `logLine` makes its entries safe to show. */
export function workerLogger(): DefaultLogger {
  return new DefaultLogger('INFO', (entry) => process.stderr.write(`${logLine(entry)}\n`))
}
