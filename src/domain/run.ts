/** One LangGraph run: which thread, which run, on which of the worker's deployments. Ids are lower-case UUIDs. */
export interface RunRef {
  readonly threadId: string
  readonly runId: string
  readonly deployment: string
}

const terminalStatuses = ['success', 'error', 'timeout', 'interrupted'] as const

/** How a LangGraph run can end. */
export type TerminalStatus = (typeof terminalStatuses)[number]

/** A status that this application does not know is not terminal: it might be a new word for "still running". */
export function isTerminal(status: string): status is TerminalStatus {
  return terminalStatuses.some((terminal) => terminal === status)
}

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A question that a graph put to a human with `interrupt()`. */
export interface Interrupt {
  /** A resume refers to it; absent on servers that give interrupts no id. */
  readonly id?: string
  readonly value: Json
  /** The node that asked. */
  readonly node?: string
}

/** A set of interrupts in an outcome: at most 256 KB of JSON in all. */
export interface Interrupts {
  readonly interrupts: readonly Interrupt[]
  /** True if questions were left out because together they are too large. */
  readonly truncated?: true
}

export interface ReadInterrupts extends Interrupts {
  /** Where they hold integers that JavaScript has rounded: `interrupts[0].value.id`; at most 20. */
  readonly inexactNumbers?: readonly string[]
}

/** How a run ended, read from its newest own checkpoint (never from its values). */
export type KnownEnding = {
  readonly kind: 'known'
  /** Nodes that would have run next. If it names any, the run stopped before its end. */
  readonly next: readonly string[]
  /** The graph's own error, readable: "ValueError: boom for AAPL". */
  readonly error?: string
  /** The nodes that failed. */
  readonly failedNodes?: readonly string[]
  readonly checkpointId?: string
  /** A later run continued from the same checkpoint: it may have written over this run's error, or some of its questions. */
  readonly overwritten?: true
  /** How it ended before somebody cancelled it: some servers then change its status. */
  readonly endedAs?: 'success' | 'error'
} & ReadInterrupts

/** No checkpoint of the thread belongs to the run, so nothing proves how it ended. */
interface Unproven {
  readonly kind: 'unproven'
  readonly reason: string
  readonly error?: string
  /** It continued a run that had failed: what stands where both stopped is its own error, or still that of the run before. */
  readonly sharedError?: { readonly error: string; readonly failedNodes?: readonly string[] }
  readonly endedAs?: 'error'
}

/** The server reads the thread through another graph than the run's, so it does not show how the run ended. */
interface Hidden {
  readonly kind: 'hidden'
  readonly reason: string
  readonly error?: string
}

export type RunEnding =
  | KnownEnding
  | Unproven
  | Hidden
  /** The server could not be asked. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly retryAfterMs?: number }

/** One look at a run. */
export interface RunLook {
  /** The server's word, which may be one that nobody knows. */
  readonly status: string
  /** ISO 8601: when the server last changed the run. */
  readonly updatedAt?: string
  /** ISO 8601: when the server made it; in the future if the run begins later. */
  readonly dueAt?: string
  /** Whether the run's stream was kept for replay; absent if the server does not say. */
  readonly resumable?: boolean
  /** When it has ended, the server deletes it together with its thread. */
  readonly isStateless?: boolean
  /** Only for a terminal run. */
  readonly ending?: RunEnding
  /** Only for a terminal run. */
  readonly origin?: RunOrigin
}

/** What a run was made of, as far as its ending and its values cannot be read without it; absent if the server does not say. */
export interface RunOrigin {
  readonly assistantId?: string
  readonly graphId?: string
  /** It has no input of its own: it continued an earlier run. */
  readonly continues?: boolean
  /** Its record holds the values that it ended with. */
  readonly holdsOutput?: true
}

/** What an activity answers, and when it was asked, by Temporal's clock. Activities of your own, in a test, need not say it. */
export type Asked<T> = T & { readonly askedAtMs?: number }

/** A look that a poll has made, with what its watch is told of the sweep, and of what it may show. */
export type Polled = Asked<RunLook> & Swept & Shown

/**
 * What a watch may show operators. It stands in the answers and failures of activities, and absent in those of earlier
 * workers, whose histories replay unchanged. Activities of your own, in a test, need not say it.
 */
export interface Shown {
  /** The watch keeps its memo up to date. */
  readonly memo?: true
  /** The namespace has the search attributes of `state.ts`. */
  readonly searchAttributes?: true
  /** The worker notifies somebody of what becomes of watches. */
  readonly notifies?: true
  /** Only in a failure: by it the watch tells of the outage of its deployment, for all its watches. */
  readonly outageNotice?: string
  /** Pages about the run, for the Web UI; no key is in them. */
  readonly links?: readonly string[]
}

export interface Swept {
  /** A sweep looks at the threads of the deployment, and wakes the watch. */
  readonly swept?: true
  /** Beside it: the workflow's id does not say which run it is, so its memo must. A replay may not know the id. */
  readonly isRunUnnamed?: true
}

/** A look at a run that has ended. */
export type EndedRun = RunLook & { readonly status: TerminalStatus }

export function hasEnded(look: RunLook): look is EndedRun {
  return isTerminal(look.status)
}

/** What stands for an error if a server says that the run was cancelled, in its stream or at its checkpoint. */
export const cancelledWords = {
  interrupt: 'The run was cancelled',
  rollback: 'The run was cancelled and rolled back',
} as const

/** The run stopped to be continued: a question to a human, or a breakpoint. Its wire status may still say `success`. */
export function isWaiting(ending: RunEnding | undefined): ending is KnownEnding {
  if (ending?.kind !== 'known' || ending.error !== undefined) return false
  // A question is known without its node if it is read from the thread.
  return ending.next.length > 0 || ending.interrupts.length > 0
}
