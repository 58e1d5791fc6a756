import type { Asked, Interrupt, Json, Shown, Swept } from './run.ts'

/** A run to create, as `runs.create` of the LangGraph SDK takes it; what is absent is not sent. */
export interface NewRun {
  readonly assistantId: string
  readonly multitaskStrategy: 'reject' | 'enqueue' | 'interrupt' | 'rollback'
  readonly input?: Json
  readonly command?: Readonly<Record<string, Json>>
  readonly config?: Readonly<Record<string, Json>>
  readonly context?: Json
  readonly metadata?: Readonly<Record<string, Json>>
  readonly interruptBefore?: '*' | readonly string[]
  readonly interruptAfter?: '*' | readonly string[]
  readonly durability?: 'sync' | 'async' | 'exit'
  readonly streamResumable?: boolean
  readonly afterSeconds?: number
  readonly webhook?: string
}

/** A run that continues an earlier one from its last step, with the options of that one. */
export interface Continuation {
  readonly continues: string
  /** What the run was waiting on. */
  readonly asked?: StateNow
  /** By the question's id; for a question without an id the answer itself; absent at a breakpoint. */
  readonly resume?: Json
  /** The run has failed, and continues from its last checkpoint, which one of these runs before it may have written. */
  readonly failedAfter?: readonly string[]
}

export function isContinuation(run: NewRun | Continuation): run is Continuation {
  return 'continues' in run
}

/** What the activity `createRun` is asked for. */
export interface CreateRunRequest {
  readonly deployment: string
  /** Absent: derived from the namespace, the deployment and the workflow id. */
  readonly threadId?: string
  /** Stands in the run's metadata, by which the run is found again. */
  readonly key: string
  /** A hash of what decides the run; absent for a continuation, whose key no other request has. */
  readonly requestHash?: string
  readonly run: NewRun | Continuation
  /** Looks whether an earlier try has created it, and creates nothing. */
  readonly findOnly?: true
  /** An earlier try was sent and got no answer. */
  readonly mayExist?: true
  /** Tries in a row, before this one, without an answer. */
  readonly unanswered?: number
}

/** What became of the request. If the server could not be asked, that is thrown. */
export type Creation =
  | {
      readonly kind: 'created'
      readonly threadId: string
      readonly runId: string
      /** It was created without the answers: after an edit of the state the graph has to ask again first. */
      readonly asksAgain?: true
    }
  /** Another run is running on the thread. */
  | { readonly kind: 'busy'; readonly threadId: string; readonly reason: string }
  /** Only with `findOnly`. */
  | { readonly kind: 'not_found'; readonly threadId: string }
  /** Another run, which somebody else made, has continued the run that was to be continued. */
  | { readonly kind: 'overtaken'; readonly threadId: string; readonly by: LaterRun }
  /** Only with `mayExist`: the server does not show which run is whose, and a run of the thread may be this one. */
  | { readonly kind: 'unproven'; readonly threadId: string; readonly reason: string }
  /** Somebody has edited the thread's state, which does not ask this question any more. */
  | { readonly kind: 'edited'; readonly threadId: string; readonly now: StateNow }
  /** The key belongs to another request, which has its run. */
  | { readonly kind: 'foreign'; readonly threadId: string; readonly runId: string }
  /** The server says no, and would say it again. */
  | { readonly kind: 'refused'; readonly threadId: string; readonly reason: string }

/** What a try has come to, with what its watch may show. */
export type Created = Asked<Creation> & Shown

/** A run on the same thread that came after. */
export interface LaterRun {
  readonly runId: string
  /** It resumes, or continues past a breakpoint; false: it started over with an input of its own. */
  readonly resumes: boolean
  /** It is the same request once more: a proxy has delivered the creation of the first run twice. */
  readonly isOwn?: true
}

/** What a thread's newest state is waiting on. */
export interface StateNow {
  readonly interrupts: readonly Interrupt[]
  readonly next: readonly string[]
}

/** What has become of a run that waits. */
export type Later =
  | { readonly kind: 'none' }
  | { readonly kind: 'later'; readonly by: LaterRun }
  /** Somebody has edited the thread's state, which asks something else now, or nothing. */
  | { readonly kind: 'edited'; readonly now: StateNow }
  /** The run is not on the thread any more; `threadMissing`: nothing shows that the server has the thread. */
  | { readonly kind: 'gone'; readonly threadMissing?: true }

/** A look of a watch, with what it is told of the sweep, and of what it may show. */
export type Looked = Later & Swept & Shown

export type CancelAction = 'interrupt' | 'rollback'

export interface Cancellation {
  /**
   * `cancelled`: it has stopped, or is gone. `had_ended`: it ended by itself, before. `cancel_unconfirmed`: it did not stop
   * within 30 s, could not be asked to, or may exist without being known. `not_created`: no run existed. `left`: it
   * continues, as asked.
   */
  readonly result: 'cancelled' | 'had_ended' | 'cancel_unconfirmed' | 'not_created' | 'left'
  readonly run_id?: string
  readonly thread_id?: string
  /** The run's last known status. */
  readonly status?: string
  /** Why it is unconfirmed. */
  readonly error?: string
}
