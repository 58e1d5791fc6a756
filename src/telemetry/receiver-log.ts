import type { LogConfig } from '../config/log.ts'
import { logOutput } from './log-output.ts'

type Level = 'INFO' | 'WARN'
type Fields = Readonly<Record<string, unknown>>

export type Log = (level: Level, message: string, fields?: Fields) => void

const quietMs = 60_000

/** The webhook receiver's log. A warning is repeated once a minute at most, since anybody can make the receiver warn. */
export function receiverLog(config: LogConfig): Log {
  const write = logOutput(config)
  const warnedAtMs = new Map<string, number>()
  return (level, message, meta) => {
    const nowMs = Date.now()
    if (level === 'WARN' && nowMs - (warnedAtMs.get(message) ?? -Infinity) < quietMs) return
    if (level === 'WARN') warnedAtMs.set(message, nowMs)
    write({ level, timestampNanos: BigInt(nowMs) * 1_000_000n, message, meta })
  }
}
