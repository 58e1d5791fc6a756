import type { RetrievalStrategy } from './defaults.ts'
import type { Cancellation } from './creation.ts'
import type { Interrupt, Interrupts, Json } from './run.ts'
import type { WatchState } from './state.ts'

/** One invocation of a retrieval strategy. */
export interface RetrievalAttempt {
  readonly strategy: RetrievalStrategy
  readonly outcome: 'used' | 'missing' | 'failed' | 'too_large' | 'timed_out'
  /** Why the strategy gave nothing; at most 1 KB. */
  readonly reason?: string
}

export interface RetrievalMetadata {
  readonly strategy_used?: RetrievalStrategy
  readonly retrieval_duration_seconds: number
  /** ISO 8601 UTC. */
  readonly timestamp: string
  readonly checkpoint_id?: string
  readonly attempts: readonly RetrievalAttempt[]
}

/** A result that is too large for Temporal is kept here, in LangGraph. */
export interface ResultReference {
  readonly thread_id: string
  readonly checkpoint_id?: string
  readonly bytes: number
}

/** A result that is kept in the result store of the workers. */
export interface StoredResultReference {
  /** `s3://bucket/…` or `file:///…`: the object holds the result alone, as JSON. */
  readonly url: string
  /** Of the object, in hex. */
  readonly sha256: string
  readonly bytes: number
  readonly content_type: 'application/json'
  readonly checkpoint_id?: string
}

/** A result, or where it is kept. */
type ResultOrReference<Result> =
  | {
      /** That run's own last values, any JSON. */
      readonly result: Result
      readonly result_reference?: never
    }
  | {
      /** Only with a result store, and if the reader has not fetched the result from there. */
      readonly result_reference: StoredResultReference
      readonly result?: never
    }

interface PollingMetadata {
  /** Polls made. */
  readonly poll_count: number
  /** With `retry`: how many runs there were in which the graph was tried, the first one included. */
  readonly attempts?: number
  /** ISO 8601 UTC. */
  readonly timestamp: string
}
type Completed = PollingMetadata & { readonly completion_time_seconds: number }

/** One run of a chain: each but the first continues the one before. */
export interface ChainedRun {
  readonly run_id: string
  /** How it ended. */
  readonly status: string
  /** What continued it: the update `resume`, `retry` after it had failed, or somebody else (LangGraph Studio). */
  readonly continued_by?: 'resume' | 'retry' | 'elsewhere'
  /** With `retry`: why it failed. At most 1 KB. */
  readonly error?: string
}

interface AnyOutcome {
  /** The run that the outcome is about: of a chain the last one. Absent if `executeRun` could create none. */
  readonly run_id?: string
  /** Absent if it is not known: no run was created, and the thread was to be a new one. */
  readonly thread_id?: string
  /** With `onInterrupt: 'wait'` or `retry`: all runs, the first one first. */
  readonly runs?: readonly ChainedRun[]
  /** The run was cancelled. Absent if somebody else cancelled it, and the server calls it failed and keeps no word of that. */
  readonly cancelled?: true
  /** What came of cancelling the run, if the watch was to cancel it; `cancel_unconfirmed` also if an unknown run may exist. */
  readonly cancellation?: Cancellation
  /** Present, and false, if LangGraph would not say, or does not show, how the run ended: only its status is known. */
  readonly ending_verified?: false
  /**
   * The result or the interrupts hold integers beyond 2^53 at these paths, which JavaScript has rounded: `order.id` in the
   * result, `interrupts[0].value.id`. At most 20.
   */
  readonly inexact_numbers?: readonly string[]
}

/**
 * How a watch ended. snake_case as the LangGraph API; absent fields are absent.
 *
 * @typeParam Result what the caller takes the run's values for; nothing checks them
 */
export type WatchOutcome<Result = Json> = AnyOutcome &
  (
    | ({
        readonly polling_result: 'success_with_results'
        readonly status: 'success'
        readonly retrieval_metadata: RetrievalMetadata
        readonly polling_metadata: Completed
      } & ResultOrReference<Result>)
    | {
        readonly polling_result: 'success_no_results'
        readonly status: 'success'
        readonly error: string
        readonly result_reference?: ResultReference
        readonly retrieval_metadata: RetrievalMetadata
        readonly polling_metadata: Completed & { readonly result_retrieval_error: string }
      }
    | ({
        readonly polling_result: 'interrupted'
        readonly status: 'interrupted'
        /** Set if the run was cancelled, nobody answered, or a later run has overwritten what it asked; absent if it waits. */
        readonly error?: string
        /** The nodes that would run next. */
        readonly next?: readonly string[]
        readonly polling_metadata: Completed
      } & Partial<Interrupts>)
    | {
        readonly polling_result: 'error'
        /** `error`: the graph failed. `polling_error`: LangGraph gave a final answer that is no status. */
        readonly status: 'error' | 'polling_error'
        readonly error: string
        /** The nodes that failed, if the run's checkpoint names them. */
        readonly failed_nodes?: readonly string[]
        readonly polling_metadata: Completed
      }
    | {
        readonly polling_result: 'timeout'
        /** LangGraph ended the run at its own time limit. */
        readonly status: 'timeout'
        readonly error: string
        readonly failed_nodes?: readonly string[]
        readonly polling_metadata: Completed
      }
    | {
        readonly polling_result: 'timeout'
        /** The run had not ended at `maxPollTime`. */
        readonly status: 'polling_timeout'
        readonly error: string
        readonly polling_metadata: PollingMetadata & {
          readonly elapsed_seconds: number
          /** Seconds. */
          readonly max_poll_time: number
        }
      }
  )

/** What the query `progress` answers. */
export interface WatchProgress {
  readonly phase: 'waiting' | 'creating' | 'polling' | 'retrieving' | 'interrupted' | 'backing_off' | 'done'
  /** Where the watch is, or how it has ended, in one word. Absent in the answer of a worker of before. */
  readonly state?: WatchState
  /** The run's status at the last poll that was answered; `interrupted` while it waits for a human, whatever the server says. */
  readonly status?: string
  readonly poll_count: number
  /** When the watch first started. ISO 8601 UTC. */
  readonly started_at: string
  /** Since then, as of the workflow's last step. */
  readonly elapsed_seconds: number
  /** ISO 8601 UTC. */
  readonly next_poll_at?: string
  /** The sweep looks at the run's thread and wakes the watch: it sleeps 10 min, whatever its `pollInterval`. */
  readonly swept?: true
  /** In phase `backing_off` the next attempt, otherwise that which is running; absent before the first failure. */
  readonly attempt?: number
  /** In phase `backing_off`: when the next attempt begins. ISO 8601 UTC. */
  readonly next_attempt_at?: string
  /**
   * Why the last poll, the last try to create the run, or the last look for an answer given elsewhere failed. In phase
   * `backing_off` why the run failed.
   */
  readonly last_error?: string
  /** ISO 8601: when LangGraph last changed the run. An old time on a `running` run: it may be stuck. */
  readonly updated_at?: string
  /** The run that is waited for, if the workflow id does not name it: in `executeRun`, and after an answer. */
  readonly run_id?: string
  readonly thread_id?: string
  /** In phase `interrupted`: the open questions. Empty at a breakpoint. */
  readonly interrupts?: readonly Interrupt[]
  readonly truncated?: true
  /** In phase `interrupted`: the nodes that would run next. */
  readonly next?: readonly string[]
  /** In phase `interrupted`: why LangGraph refused the last answer. */
  readonly answer_refused?: string
  /** In phase `interrupted`: when `humanTimeout` is over. ISO 8601 UTC. */
  readonly human_deadline_at?: string
}

/** What the update `resume` answers. */
export interface ResumeReceipt {
  /** Questions that are still open: the run continues when all are answered. */
  readonly open_interrupts: number
  /** The run that continues; absent while it is not created yet. */
  readonly run_id?: string
  readonly thread_id: string
}

/** What `retrieveRunResult` returns. */
export type RetrievedResult<Result = Json> = ResultOrReference<Result> & {
  readonly retrieval_metadata: RetrievalMetadata
  /** The result holds integers at these paths that JavaScript has rounded: `order.id`. At most 20. */
  readonly inexact_numbers?: readonly string[]
}
