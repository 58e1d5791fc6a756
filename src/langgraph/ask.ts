import type { Client } from '@langchain/langgraph-sdk'
import type { RunRef } from '../domain/run.ts'
import { asLangGraphError } from './errors.ts'
import { withTimeout } from './with-timeout.ts'

/** One server's client, and the only way in which it is asked. */
export interface Connection {
  readonly client: Client
  readonly ask: Ask
}

/** One run on a server, and until when it is read. */
export interface RunAccess {
  readonly client: Client
  readonly run: RunRef
  readonly signal: AbortSignal
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

/** Shorter words of a header are no secrets, and hiding them would make every message unreadable. */
const shortestSecretPart = 6

/** @param secretHeaders values that no message may repeat */
export function askerOf(deployment: string, secretHeaders: readonly string[]): Ask {
  const secrets = secretsIn(secretHeaders)
  const ask: Ask = async (asked, signal, request) => {
    const { withinMs, ...subject } = typeof asked === 'string' ? { what: asked } : asked
    if (withinMs !== undefined) return withTimeout(signal, withinMs, (limited) => ask(subject, limited, request))
    try {
      const answer = await request(signal)
      // The SDK ends an aborted stream as if it were whole.
      signal.throwIfAborted()
      return answer
    } catch (error) {
      if (signal.aborted && !isTimeout(signal.reason)) throw signal.reason
      throw asLangGraphError(signal.aborted ? signal.reason : error, { ...subject, deployment, secrets })
    }
  }
  return ask
}

/** A server may repeat the token of `Bearer <token>` alone, so parts count too. Longest first: one may contain another. */
function secretsIn(values: readonly string[]): string[] {
  const parts = values.flatMap((value) => value.split(/\s+/)).filter((part) => part.length >= shortestSecretPart)
  return [...values, ...parts].filter((secret) => secret !== '').toSorted((a, b) => b.length - a.length)
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}
