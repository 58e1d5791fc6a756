import type { Logger, LogLevel, LogMetadata } from '@temporalio/common'
import { ApplicationFailure, TemporalFailure } from '@temporalio/common'

const unsaid = 'its words are in the workflow, encrypted'

/**
 * A worker that encrypts keeps the words of failures out of its log as well: they may be those of a graph. What stays is
 * that something failed, and its type; the words are in the workflow. Of a reason the status stays, without what the answer
 * said.
 */
export function withoutFailureTexts(logger: Logger): Logger {
  const log = (level: LogLevel, message: string, meta?: LogMetadata) =>
    logger.log(level, message, meta && withoutWords(message, meta))
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  }
}

function withoutWords(message: string, meta: LogMetadata): LogMetadata {
  const { error, reason } = meta
  return {
    ...meta,
    ...(isOfFailure(message, error) && { error: wordless(error) }),
    ...(typeof reason === 'string' && { reason: withoutExcerpt(reason) }),
  }
}

/** A failure that comes out of the sandbox has lost its class. */
function isOfFailure(message: string, error: unknown): boolean {
  return message === 'Workflow failed' || error instanceof TemporalFailure
}

/** One of the same class, by which the log decides how much of a failure it shows. */
function wordless(failure: unknown): unknown {
  const type = typeOf(failure)
  if (!(failure instanceof ApplicationFailure)) return type
  const same = ApplicationFailure.create({ type, message: unsaid })
  same.stack = ''
  return same
}

function typeOf(failure: unknown): string {
  const { type, name }: { type?: unknown; name?: unknown } = Object(failure)
  return String(typeof type === 'string' ? type : name)
}

/** A reason quotes the body of an answer behind its status. */
function withoutExcerpt(reason: string): string {
  return reason.replace(/(HTTP \d{3}) ".*"/s, '$1')
}
