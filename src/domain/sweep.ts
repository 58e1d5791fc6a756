/** Why a sweep's activity has ended. */
export type SweepEnd =
  /** After a day. */
  | 'continues'
  /** No watch is open. */
  | 'idle'
  /** The server cannot search threads by ids. */
  | 'unsearchable'

/** What a sweep says in its heartbeats. */
export interface SweepHeartbeat {
  /** Its watches may sleep: what changes is seen. */
  readonly sees: boolean
}
