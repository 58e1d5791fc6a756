import type { Retrieved } from '../domain/retrieved.ts'
import type { RunEnding, RunLook, RunRef } from '../domain/run.ts'

/** The run's own values, before projection and measuring. */
export type OwnValues = Exclude<Retrieved, { found: 'too_large' }>

/** A look without the ending. */
export type StatusLook = Omit<RunLook, 'ending'>

/**
 * One LangGraph server, whatever its dialect. Nothing outside `src/langgraph` asks which server it is.
 *
 * "Not there" is a value; everything else rejects with a `LangGraphError`, or with the signal's reason.
 */
export interface LangGraph {
  /** The status alone: one request. */
  readStatus(run: RunRef, signal: AbortSignal): Promise<StatusLook>
  /** How a terminal run ended: one request, and up to two more where a failed run's checkpoint holds no error. */
  readEnding(run: RunRef, seen: StatusLook, signal: AbortSignal): Promise<RunEnding>
  /** The values of the run's newest own checkpoint. */
  readOwnState(run: RunRef, signal: AbortSignal): Promise<OwnValues>
  /** The last values of the run's own stream: replayed from its begin, or joined where it is now. */
  readOwnStream(run: RunRef, from: 'begin' | 'now', signal: AbortSignal): Promise<OwnValues>
  /** Whether the thread is there: tells a deleted run from a deleted thread. */
  hasThread(threadId: string, signal: AbortSignal): Promise<boolean>
}

/** The servers that a worker may talk to, by name. Throws `UnknownDeployment` for a name that is not configured. */
export type Deployments = (name: string) => LangGraph
