import { logLine } from '../log-line.ts'

type Level = 'INFO' | 'WARN'
type Fields = Readonly<Record<string, unknown>>

export type Log = (level: Level, message: string, fields?: Fields) => void

const quietMs = 60_000

/** Logs to stderr. A warning is repeated once a minute at most, since anybody can make the receiver warn. */
export function receiverLog(): Log {
  const warnedAtMs = new Map<string, number>()
  return (level, message, fields) => {
    const nowMs = Date.now()
    if (level === 'WARN' && nowMs - (warnedAtMs.get(message) ?? -Infinity) < quietMs) return
    if (level === 'WARN') warnedAtMs.set(message, nowMs)
    const entry = { level, timestampNanos: BigInt(nowMs) * 1_000_000n, message, ...(fields && { meta: fields }) }
    process.stderr.write(`${logLine(entry)}\n`)
  }
}
