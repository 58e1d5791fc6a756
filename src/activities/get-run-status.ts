import { maxReasonBytes } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import { isTerminal } from '../domain/run.ts'
import type { RunEnding, RunLook, RunRef } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { LangGraphError } from '../langgraph/errors.ts'
import type { LangGraph, StatusLook } from '../langgraph/port.ts'
import { withTimeout } from '../langgraph/with-timeout.ts'
import { hasThread, isNotFound, ThreadMissing } from './missing-thread.ts'
import { requestTimeoutMs } from './time-limit.ts'

/** A look, and whose run it is. */
type Look = RunLook & Pick<StatusLook, 'assistantId'>

/** One look: the status, and how a terminal run ended. Never its input, never its values. */
export async function getRunStatus(langGraph: LangGraph, run: RunRef, wholePoll: AbortSignal): Promise<Look> {
  const seen = await readStatus(langGraph, run, wholePoll)
  const { ownWord: _, ...look } = seen
  if (!isTerminal(look.status)) return look
  const ending = await readEnding(langGraph, run, seen, wholePoll)
  const status = ('endedAs' in ending ? ending.endedAs : undefined) ?? look.status
  return { ...look, status, ending }
}

async function readStatus(langGraph: LangGraph, run: RunRef, wholePoll: AbortSignal): Promise<StatusLook> {
  try {
    return await withTimeout(wholePoll, requestTimeoutMs, (limited) => langGraph.readStatus(run, limited))
  } catch (error) {
    if (!isNotFound(error)) throw error
    const isThreadThere = await hasThread(langGraph, run.threadId, wholePoll)
    const failure = isThreadThere === true ? LangGraphError : ThreadMissing
    throw new failure(error.type, `${error.message}. ${whatIsGone(isThreadThere)}`, { status: error.httpStatus })
  }
}

function whatIsGone(isThreadThere: boolean | undefined): string {
  switch (isThreadThere) {
    case true:
      return 'Its thread is there: the run was deleted or rolled back, or it never was on this thread'
    case false:
      return "Its thread is not there either: the thread was deleted, the run was stateless and has finished, the ids are of another deployment, or the deployment's URL is that of another server"
    case undefined:
      return 'Whether its thread is there could not be found out'
  }
}

async function readEnding(
  langGraph: LangGraph,
  run: RunRef,
  look: StatusLook,
  wholePoll: AbortSignal,
): Promise<RunEnding> {
  const ending = await withTimeout(wholePoll, requestTimeoutMs, (limited) =>
    langGraph.readEnding(run, look, limited),
  ).catch(onlyLangGraphErrors)
  if (!(ending instanceof LangGraphError)) return ending
  const { message, retryAfterMs } = ending
  return { kind: 'unreadable', reason: bounded(message, maxReasonBytes), ...present({ retryAfterMs }) }
}

function onlyLangGraphErrors(error: unknown): LangGraphError {
  if (error instanceof LangGraphError) return error
  throw error
}
