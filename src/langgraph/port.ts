import type { CancelAction, NewRun } from '../domain/creation.ts'
import type { Retrieved } from '../domain/retrieved.ts'
import type { Json, RunEnding, RunLook, RunRef } from '../domain/run.ts'

/** The run's own values, before projection and measuring. */
export type OwnValues = Exclude<Retrieved, { found: 'too_large' }>

/** A look without the ending. */
export type StatusLook = Omit<RunLook, 'ending'>

/** One run of a thread, as far as a list tells. */
export interface ListedRun {
  readonly runId: string
  readonly status: string
  /** Every text in it. A thread hands its metadata on to the runs that come after, so a key in it may be an older run's. */
  readonly metadata: Readonly<Record<string, string>>
  /** When it was made, not when it begins: of `after_seconds` servers say the latter where they can. */
  readonly madeAtMs: number
}

/** The options of a run that a run which continues it must have as well: without its breakpoints it would run through. */
export type InheritedOptions = Omit<NewRun, 'input' | 'command' | 'multitaskStrategy' | 'metadata' | 'afterSeconds'>

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
  /** All runs of a thread, in the order in which they begin; none where the thread is not there. */
  listRuns(threadId: string, signal: AbortSignal): Promise<readonly ListedRun[]>
  /**
   * Creates a run, and the thread where it is not there. Not repeatable: the answer may be lost.
   *
   * @returns the run's id
   * @throws LangGraphError with `httpStatus` where the server refuses; 409, and 422 on some servers, also mean that
   *   another run is at work on the thread
   */
  createRun(
    threadId: string,
    run: NewRun & { readonly metadata: Readonly<Record<string, Json>> },
    signal: AbortSignal,
  ): Promise<string>
  /** Whether a run resumes, or goes on past a breakpoint: it has no input of its own. */
  isContinuation(run: RunRef, signal: AbortSignal): Promise<boolean>
  /** What a run was created with. */
  readOptions(run: RunRef, signal: AbortSignal): Promise<InheritedOptions>
  /** Asks for it, and no more: some servers say yes and change nothing. A run that is not there, or has ended, is no error. */
  cancelRun(run: RunRef, action: CancelAction, signal: AbortSignal): Promise<void>
}

/** The servers that a worker may talk to, by name. Throws `UnknownDeployment` for a name that is not configured. */
export type Deployments = (name: string) => LangGraph
