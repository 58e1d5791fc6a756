import { ApplicationFailure } from '@temporalio/common'
import { DefaultLogger } from '@temporalio/worker'
import type { LogEntry } from '@temporalio/worker'
import type { LogConfig } from '../config/log.ts'
import { logOutput } from './log-output.ts'

/** The logger of a worker's Temporal runtime. */
export function workerLogger(config: LogConfig): DefaultLogger {
  const write = logOutput(config)
  return new DefaultLogger('TRACE', (entry) => write({ ...entry, level: levelOf(entry) }))
}

/**
 * A poll that gets no answer is a failed activity, of which Temporal's SDK warns. Watches wait it out, and the log says when
 * a deployment's outage begins and ends.
 */
function levelOf({ level, message, meta }: LogEntry): LogEntry['level'] {
  const isExpected = message === 'Activity failed' && meta?.['error'] instanceof ApplicationFailure
  return isExpected ? 'DEBUG' : level
}
