import type { RunRef } from '../domain/run.ts'
import type { LangGraphClient } from './client.ts'
import { asLangGraphError } from './errors.ts'
import type { LargeValues } from './large-values.ts'
import type { Redaction } from './redaction.ts'
import { withTimeout } from './with-timeout.ts'

/** One server's client, and the only way in which it is asked. */
export interface Connection {
  readonly client: LangGraphClient
  readonly ask: Ask
}

/** One run on a server, and until when it is read. */
export interface RunAccess {
  readonly client: LangGraphClient
  readonly run: RunRef
  readonly signal: AbortSignal
  /** Whoever reads its values takes large ones as they were sent. */
  readonly large?: LargeValues | undefined
}

/** Makes one request, or some that belong together. It rejects with a `LangGraphError`, or with the signal's own reason. */
export type Ask = <T>(
  what: string | Subject,
  signal: AbortSignal,
  request: (signal: AbortSignal) => Promise<T>,
) => Promise<T>

interface Subject {
  readonly what: string
  /** What to do about an answer that says "not found". */
  readonly on404?: string
  readonly withinMs?: number
}

export function askerOf(deployment: string, redaction: Redaction): Ask {
  const ask: Ask = async (asked, signal, request) => {
    const { withinMs, ...subject } = typeof asked === 'string' ? { what: asked } : asked
    if (withinMs !== undefined) return withTimeout(signal, withinMs, (limited) => ask(subject, limited, request))
    try {
      return await request(signal)
    } catch (error) {
      if (signal.aborted && !isTimeout(signal.reason)) throw signal.reason
      throw asLangGraphError(signal.aborted ? signal.reason : error, { ...subject, deployment, redaction })
    }
  }
  return ask
}

export function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}
