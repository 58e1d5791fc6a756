import type { StoredResultReference } from './outcome.ts'
import type { Json, ReadInterrupts, RunOrigin, RunRef } from './run.ts'

/** What each retrieval activity is asked for. */
export interface RetrievalRequest extends RunRef {
  /** Keep only these fields, of the whole state. Absent: the output that the graph declares. */
  readonly resultKeys?: readonly string[]
  readonly origin?: RunOrigin
}

/** What a retrieval activity answers. "Could not ask" is not an answer: it is thrown, so that Temporal retries it. */
export type Retrieved =
  | {
      readonly found: 'values'
      readonly values: Json
      readonly checkpointId?: string
      /** Where they hold integers that JavaScript has rounded: `order.id`; at most 20. */
      readonly inexactNumbers?: readonly string[]
    }
  /** `threadMissing`: the server does not have the thread either. */
  | { readonly found: 'nothing'; readonly reason: string; readonly threadMissing?: true }
  /** The values are in the result store. */
  | { readonly found: 'stored'; readonly reference: StoredResultReference; readonly checkpointId?: string }
  | { readonly found: 'too_large'; readonly bytes: number; readonly checkpointId?: string }
  /** The run stopped to be continued, so its values are not its result. */
  | ({ readonly found: 'interrupts'; readonly next?: readonly string[] } & ReadInterrupts)
