import type { LogConfig } from '../config/log.ts'
import { logOutput } from './log-output.ts'
import { onceAMinute } from './once-a-minute.ts'

type Level = 'INFO' | 'WARN'
type Fields = Readonly<Record<string, unknown>>

export type Log = (level: Level, message: string, fields?: Fields) => void

/** The webhook receiver's log. A warning is repeated once a minute at most, since anybody can make the receiver warn. */
export function receiverLog(config: LogConfig): Log {
  const write = logOutput(config)
  const heldBack = onceAMinute()
  return (level, message, meta) => {
    const held = level === 'WARN' ? heldBack(message) : 0
    if (held === undefined) return
    const timestampNanos = BigInt(Date.now()) * 1_000_000n
    write({ level, timestampNanos, message, meta: { ...meta, ...(held > 0 && { heldBack: held }) } })
  }
}
