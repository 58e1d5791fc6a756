import type { CancelAction, CreateRunRequest, Creation, Later, StateNow } from '../domain/creation.ts'
import type { RetrievalRequest, Retrieved } from '../domain/retrieved.ts'
import type { ReadInterrupts, RunEnding, RunLook, RunRef } from '../domain/run.ts'
import type { LargeJson } from './cut.ts'
import type { LargeValues } from './large-values.ts'

/** The run's own values, before they are measured: those that cannot be carried in any case are measured already. */
export type OwnValues =
  | Exclude<Retrieved, { readonly found: 'stored' }>
  /** As they were sent. Only for a reader that asked for `LargeValues`. */
  | { readonly found: 'large'; readonly json: LargeJson; readonly checkpointId?: string }

/** What a run's record says of how the run ended, without its values. */
export interface OwnWord {
  readonly error?: string
  /** Of several questions that were asked at once it may hold only the last. */
  readonly questions: ReadInterrupts
  /** It has values of its own. */
  readonly hasOutput: boolean
}

/** A look without the ending, and what the run's record says of that, and of whose run it is. */
export type StatusLook = Omit<RunLook, 'ending'> & { readonly ownWord?: OwnWord; readonly assistantId?: string }

/** What a server says before any run is asked for. */
export type FirstLook =
  | { readonly kind: 'ready'; readonly version?: string; readonly language?: 'JavaScript' | 'Python' }
  /** The key, or a header, is not accepted. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unanswered'; readonly reason: string }

/** The fields of a thread that change when something happens on it. */
export interface ThreadState {
  readonly threadId: string
  /** `busy`, `idle`, `interrupted`, `error`, or a word that nobody knows. */
  readonly status: string
  /** ISO 8601, or empty if the server does not say it. */
  readonly updatedAt: string
}

export type ThreadSearch =
  | { readonly kind: 'found'; readonly threads: readonly ThreadState[] }
  /** The server does not know the request, or answers with other threads. */
  | { readonly kind: 'unsearchable' }

/** A request whose thread is decided. */
export type RunToCreate = CreateRunRequest & {
  readonly threadId: string
  /** Only this workflow creates runs on it. */
  readonly isOwnThread: boolean
  readonly wake?: WakeAddress
  /** Called just before the run is created. @throws NotAsked if it must not be, since nobody would know of it */
  requireAwaited(): Promise<void>
}

/** An address that wakes the workflow: the run's webhook, unless it has one of its own. */
export interface WakeAddress {
  readonly url: string
  /** The part that all addresses of this workflow share, whatever their receiver and secret. */
  readonly path: string
  /** Called if the server refuses the address. It is a hint, so the run is created without it. */
  refused(reason: string): void
}

/**
 * One LangGraph server, whatever its dialect. Nothing outside `src/langgraph` asks which server it is.
 *
 * "Not there" is a value; everything else rejects with a `LangGraphError`, or with the signal's reason.
 */
export interface LangGraph {
  /** Whether it answers, takes the key, and which version it is. */
  firstLook(signal: AbortSignal): Promise<FirstLook>
  /** The states of up to 1,000 threads: one request. A thread that the server does not know is left out. */
  searchThreads(threadIds: readonly string[], signal: AbortSignal): Promise<ThreadSearch>
  /** The status alone: one request. */
  readStatus(run: RunRef, signal: AbortSignal): Promise<StatusLook>
  /** How a terminal run ended: one request, and more if its own checkpoint does not tell. */
  readEnding(run: RunRef, seen: StatusLook, signal: AbortSignal): Promise<RunEnding>
  /** The result in the run's newest own checkpoint. */
  readOwnState(request: RetrievalRequest, signal: AbortSignal, large?: LargeValues): Promise<OwnValues>
  /** The result in the last values of the run's own stream: replayed from its begin, or joined where it is now. */
  readOwnStream(
    request: RetrievalRequest,
    from: 'begin' | 'now',
    signal: AbortSignal,
    large?: LargeValues,
  ): Promise<OwnValues>
  /** Tells a deleted run from a deleted thread. */
  hasThread(threadId: string, signal: AbortSignal): Promise<boolean>
  /**
   * One try to create a run, and its thread if it does not exist. An earlier try's run is found and returned.
   *
   * @throws CreationUnanswered if the server was asked to create it and gave no answer that tells; after anything else that is
   *   thrown this try has created nothing
   */
  tryToCreate(request: RunToCreate, signal: AbortSignal): Promise<Creation>
  /** What has become of a run that waits: the run that began next on the thread, or an edit of the thread's state. */
  findLaterRun(run: RunRef, asked: StateNow, signal: AbortSignal): Promise<Later>
  /** Asks for it, and no more: some servers say yes and change nothing. A run that has ended, or is gone, is not an error. */
  cancelRun(run: RunRef, action: CancelAction, signal: AbortSignal): Promise<void>
}

/** On whose behalf a server is asked. */
export interface Caller {
  readonly namespace: string
  readonly taskQueue: string
}

/**
 * The servers that a worker may talk to, by name. Throws `UnknownDeployment` for a name that is not configured, or that is
 * not for this caller. Without a caller it is the worker itself that asks.
 */
export interface Deployments {
  (name: string, caller?: Caller): LangGraph
  /** Of all of them, whoever may use them. */
  readonly names?: readonly string[]
}
