import { langGraphFailureTypes } from '../domain/contract.ts'
import { CreationUnanswered } from '../langgraph/creation.ts'
import { LangGraphError } from '../langgraph/errors.ts'
import type { LangGraph } from '../langgraph/port.ts'
import { withTimeout } from '../langgraph/with-timeout.ts'
import { requestTimeoutMs } from './time-limit.ts'

/** The answer was 404, and nothing shows that the server has the thread: the URL may be another server's. */
export class ThreadMissing extends LangGraphError {}

/** Whether the server has the thread, by one request. @returns `undefined` if that could not be found out */
export async function hasThread(
  langGraph: LangGraph,
  threadId: string,
  wholeTry: AbortSignal,
): Promise<boolean | undefined> {
  try {
    return await withTimeout(wholeTry, requestTimeoutMs, (limited) => langGraph.hasThread(threadId, limited))
  } catch (error) {
    if (error instanceof LangGraphError) return undefined
    throw error
  }
}

/** Does work on a thread that was there. @throws ThreadMissing instead of a 404 if nothing shows that it is there still */
export async function onThread<T>(
  langGraph: LangGraph,
  threadId: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CreationUnanswered || !isNotFound(error)) throw error
    if ((await hasThread(langGraph, threadId, signal)) === true) throw error
    throw new ThreadMissing(error.type, error.message, { status: error.httpStatus })
  }
}

export function isNotFound(error: unknown): error is LangGraphError {
  return error instanceof LangGraphError && error.type === langGraphFailureTypes.notFound
}
