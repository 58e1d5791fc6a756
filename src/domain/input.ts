import type { RetrievalStrategy } from './defaults.ts'
import type { CancelAction, NewRun } from './creation.ts'
import type { PollInterval } from './poll-interval.ts'
import type { RetryOptions } from './retry.ts'

type Second = 's' | 'sec' | 'secs' | 'second' | 'seconds'
type Minute = 'm' | 'min' | 'mins' | 'minute' | 'minutes'
type Hour = 'h' | 'hr' | 'hrs' | 'hour' | 'hours'
type Unit = 'ms' | Second | Minute | Hour | 'd' | 'day' | 'days' | 'w' | 'week' | 'weeks' | 'y' | 'year' | 'years'

/**
 * A Temporal duration: `'10s'`, `'5 minutes'`, `'1.5h'`, or a number of milliseconds. Temporal's own type takes any text
 * in a project that is compiled for ES modules.
 */
export type Duration = number | `${number}` | `${number}${Unit}` | `${number} ${Unit}`

/** Which run. `null` anywhere in an input means "not given"; unknown fields are refused. */
export interface RunInput {
  /** UUID. */
  readonly threadId: string
  /** UUID. */
  readonly runId: string
  /** A name from the worker's configuration, never a URL or a key. Default `'default'`. */
  readonly deployment?: string | null
}

/** How to read the result. */
interface RetrievalInput {
  /** 1-3 strategies, no repeats. Default `['stream_values', 'thread_state', 'join_stream']`. */
  readonly retrievalOrder?: readonly RetrievalStrategy[] | null
  /** Over all strategies, 1 s to 1 h. Default `'30s'`. */
  readonly retrievalTimeout?: Duration | null
  /**
   * Keep only these fields of the run's whole state; absent ones are left out. 1-100. Default: the output that the graph
   * declares, or the whole state if it declares none or the server does not tell.
   */
  readonly resultKeys?: readonly string[] | null
}

/** The argument of `readRunStatus`. */
export type ReadRunStatusInput = RunInput

/** The argument of `retrieveRunResult`. */
export interface RetrieveRunResultInput extends RunInput, RetrievalInput {}

/** How to wait. Durations are Temporal durations: `'10s'`, or milliseconds; above 0, at most 365 days. */
interface WaitingInput extends RetrievalInput {
  /**
   * One duration: every sleep alike. Or n-th sleep = min(initialInterval · backoffCoefficientⁿ, maximumInterval), each
   * ±10 %. Default `{ initialInterval: '1s', backoffCoefficient: 1.5, maximumInterval: '10s' }`. Below 1 s acts as 1 s.
   */
  readonly pollInterval?:
    | Duration
    | {
        readonly initialInterval?: Duration | null
        /** 1-10. */
        readonly backoffCoefficient?: number | null
        readonly maximumInterval?: Duration | null
      }
    | null
  /**
   * How long to wait for the run, counted from the watch's first start, or from when the run is due if that is later;
   * `'none'`: no deadline. It restarts when an answer continues the run. Default `'10m'`.
   */
  readonly maxPollTime?: Duration | 'none' | null
  /**
   * Gives the run up when LangGraph has not changed it (`updated_at`) for this long, counted from when it is due:
   * `error` / `polling_error`. Servers change a run when its status changes, not while a node is running, so choose more
   * than the longest run. Default: never.
   */
  readonly stuckAfter?: Duration | null
  /**
   * Default `'return'`: the outcome is the workflow's result. `'fail'`: anything but a result fails the workflow with it.
   * An `executeRun` whose run was refused fails either way, as `RunNotCreated`, so that its id may be tried again.
   */
  readonly onUnsuccessful?: 'return' | 'fail' | null
  /**
   * What happens to the run if the workflow is cancelled. `'cancel_run'`: it is cancelled too, and read until it has
   * stopped. Default: `'leave'` for `watchRun`, `'cancel_run'` for `executeRun`.
   */
  readonly onCancel?: 'leave' | 'cancel_run' | null
  /** The same if the run has not ended at `maxPollTime`. Default `'leave'`. */
  readonly onPollTimeout?: 'leave' | 'cancel_run' | null
  /**
   * Default `'return'`: a run that waits for a human ends the watch, as `interrupted`. `'wait'`: the workflow stays open
   * for the update `resume`, and continues with the run that the answer creates.
   */
  readonly onInterrupt?: 'return' | 'wait' | null
  /** How long to wait for a human, each time; `'none'`: no limit. `maxPollTime` does not run meanwhile. Default `'7 days'`. */
  readonly humanTimeout?: Duration | 'none' | null
  /** Continues a run that ends in `error`, or by LangGraph's own time limit, from where it failed. Default: it does not. */
  readonly retry?: RetryInput | null
}

/**
 * How a run that has failed is continued: by a follow-up run from its last checkpoint, with its options. Nodes that had
 * finished are not run again. The pause before the n-th attempt is min(initialInterval · backoffCoefficientⁿ⁻², maximumInterval).
 */
export interface RetryInput {
  /** 2-100: of all runs of the watch, the first one included. */
  readonly maximumAttempts: number
  /** Default `'10s'`. */
  readonly initialInterval?: Duration | null
  /** 1-10. Default 2. */
  readonly backoffCoefficient?: number | null
  /** Default `'5m'`. */
  readonly maximumInterval?: Duration | null
  /** Names of errors that end the watch at once, such as `ValueError`. 1-100. */
  readonly nonRetryableErrors?: readonly string[] | null
}

/** The argument of `watchRun`. */
export interface WatchRunInput extends RunInput, WaitingInput {}

/**
 * The argument of `executeRun`. Beside how to wait: what to run, as `runs.create` of the LangGraph SDK takes it. Fields
 * that are not given are not sent, but for `multitaskStrategy`, whose default differs from server to server.
 */
export interface ExecuteRunInput extends WaitingInput {
  /** Id of an assistant, or name of a graph. */
  readonly assistantId: string
  /**
   * UUID; the thread is created if it does not exist. Default: a thread of its own, whose id is made of the namespace, the
   * deployment and the workflow id.
   */
  readonly threadId?: string | null
  readonly deployment?: string | null
  /**
   * Any JSON, also of a type of your own; fields that are `undefined` are left out. Write integers beyond 2^53 as texts:
   * JSON in JavaScript rounds them.
   */
  readonly input?: unknown
  /** `{ resume }`, `{ update }` or `{ goto }`, instead of an input. */
  readonly command?: object | null
  readonly config?: object | null
  readonly context?: unknown
  /** `temporal_workflow` and `temporal_workflow_request` in it are this application's, so they are refused. */
  readonly metadata?: object | null
  /** Names of nodes, or `'*'`: a breakpoint before each. */
  readonly interruptBefore?: '*' | readonly string[] | null
  readonly interruptAfter?: '*' | readonly string[] | null
  readonly durability?: 'sync' | 'async' | 'exit' | null
  /** Keeps the run's stream, so that `stream_values` finds the result. */
  readonly streamResumable?: boolean | null
  /**
   * What happens while another run is running on the thread. Default `'reject'`: it is waited for, within `maxPollTime`.
   * With any other, and with a `threadId` that is given, a crash at the wrong moment may create the run twice.
   */
  readonly multitaskStrategy?: 'reject' | 'enqueue' | 'interrupt' | 'rollback' | null
  /** The run begins so many seconds later; `maxPollTime` and `stuckAfter` count from then. */
  readonly afterSeconds?: number | null
  /** A URL that LangGraph calls when the run has ended. */
  readonly webhook?: string | null
}

/** The argument of the update `cancelRun`. */
export interface CancelRunInput {
  /** `'rollback'` also undoes what the run left on the thread. Default `'interrupt'`. */
  readonly action?: CancelAction | null
}

/** The argument of the update `resume`. */
export interface ResumeInput {
  /** The answer, any JSON but null, also of a type of your own. At a breakpoint nothing is asked, so leave it out. */
  readonly value?: unknown
  /** Which question; not needed if only one is open. */
  readonly interruptId?: string | null
}

export interface RetrievalOptions {
  readonly order: readonly RetrievalStrategy[]
  readonly timeoutMs: number
  readonly resultKeys?: readonly string[]
}

export interface WatchOptions {
  readonly pollInterval: PollInterval
  /** `Infinity`: no deadline. */
  readonly maxPollTimeMs: number
  /** `Infinity`: never. */
  readonly stuckAfterMs: number
  readonly retrieval: RetrievalOptions
  readonly onUnsuccessful: 'return' | 'fail'
  readonly onCancel: 'leave' | 'cancel_run'
  readonly onPollTimeout: 'leave' | 'cancel_run'
  readonly onInterrupt: 'return' | 'wait'
  /** `Infinity`: no limit. */
  readonly humanTimeoutMs: number
  /** Absent: a run that has failed is not continued. */
  readonly retry?: RetryOptions
}

/** Which run to create. */
export interface RunRequest {
  readonly deployment: string
  readonly threadId?: string
  readonly run: NewRun
}
