/** What one worker says of itself, and of what only a worker can reach. A later version may add fields. */
export interface WorkerReport {
  /** Of this package; absent if it was bundled without its package.json. */
  readonly version?: string
  readonly host: string
  readonly pid: number
  /** Those that the asking task queue may use. */
  readonly deployments: readonly DeploymentReport[]
  /** False: off on this worker. Absent: its version does not tell. */
  readonly search_attributes?: boolean
  /** Absent: this worker has no sweep. */
  readonly sweep_interval_ms?: number
  /** Absent: the runs that it creates call no receiver. */
  readonly webhook?: WebhookReport
  /** Absent: it has no result store, or is of a version that does not tell. */
  readonly store?: StoreReport
  /** Absent: it is of a version that does not tell. */
  readonly payloads?: PayloadReport
}

export type DeploymentReport =
  | {
      readonly name: string
      readonly kind: 'ready'
      /** Not every server tells these two. */
      readonly version?: string
      readonly language?: string
      /** Whether it can search threads by their ids; absent if it did not answer that. */
      readonly sweepable?: boolean
    }
  | {
      readonly name: string
      /** It does not take the key, or gives no usable answer. */
      readonly kind: 'refused' | 'unanswered'
      readonly reason: string
    }

export interface WebhookReport {
  readonly url: string
  /** What the receiver answered to a wake of the asking workflow; absent if it did not answer. */
  readonly http_status?: number
}

export interface StoreReport {
  /** Without what only the workers need. */
  readonly url: string
  readonly above_bytes: number
  /** Why it has not taken an object of the worker's; absent if it has. */
  readonly error?: string
}

/** How payloads are written, as far as it can be told. */
export interface PayloadReport {
  /** The first encrypts. They are no secret: every payload shows its own. */
  readonly key_ids: readonly string[]
  /** Codecs of the user's own. */
  readonly own_codecs: boolean
}
