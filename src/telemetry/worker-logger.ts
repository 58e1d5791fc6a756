import { ApplicationFailure, SdkComponent } from '@temporalio/common'
import { DefaultLogger } from '@temporalio/worker'
import type { LogEntry } from '@temporalio/worker'
import type { LogConfig } from '../config/log.ts'
import { logOutput } from './log-output.ts'
import { onceAMinute } from './once-a-minute.ts'

/** The logger of a worker's Temporal runtime. */
export function workerLogger(config: LogConfig): DefaultLogger {
  const write = logOutput(config)
  const heldBack = onceAMinute()
  return new DefaultLogger('TRACE', (entry) => {
    const held = isOfCore(entry) ? heldBack(entry.message.replaceAll(/\d+/g, '#')) : 0
    if (held === undefined) return
    write({ ...entry, level: levelOf(entry), ...(held > 0 && { meta: { ...entry.meta, heldBack: held } }) })
  })
}

/** While Temporal is away, its native part has a line for each try of each of its 30 polls. */
function isOfCore({ meta }: LogEntry): boolean {
  return meta?.['sdkComponent'] === SdkComponent.core
}

/**
 * A poll that gets no answer is a failed activity, of which Temporal's SDK warns. Watches wait it out, and the log says when
 * a deployment's outage begins and ends.
 */
function levelOf({ level, message, meta }: LogEntry): LogEntry['level'] {
  const isExpected = message === 'Activity failed' && meta?.['error'] instanceof ApplicationFailure
  return isExpected ? 'DEBUG' : level
}
