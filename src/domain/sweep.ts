/** Why a sweep's activity has ended. */
export type SweepEnd =
  /** A day is over: the workflow continues as new. */
  | 'continues'
  /** No watch is open. */
  | 'idle'
  /** The server cannot search threads by ids. */
  | 'unsearchable'

/** What a sweep says in its heartbeats. */
export interface SweepHeartbeat {
  /** Whether watches may rely on it: it has lately listed them and looked at their threads. */
  readonly sees: boolean
}
