/** A sweep's activity ends by itself after this, so that its workflow continues as new. */
export const longestSweepMs = 86_400_000

/** Why a sweep's activity has ended. */
export type SweepEnd =
  /** `longestSweepMs` are over. */
  | 'continues'
  /** No watch is open. */
  | 'idle'
  /** The server cannot search threads by ids. */
  | 'unsearchable'

/** What a sweep says in its heartbeats. */
export interface SweepHeartbeat {
  /** Whether watches may rely on it: it has lately listed them and looked at their threads. */
  readonly sees: boolean
  /** The server has searched threads, so a refusal now is that of a proxy. The next try of the activity reads it. */
  readonly found?: true
}

/** Type of the failure by which a sweep goes to another worker. */
export const workerStops = 'WorkerStops'
