import { isRecord, present } from '../domain/json.ts'
import type { RetrievalMetadata, StoredResultReference, WatchOutcome } from '../domain/outcome.ts'
import type { Json } from '../domain/run.ts'

/** Which strategy found the result, how long that took, and when: ISO 8601 UTC. */
export type ResultMetadata = Pick<RetrievalMetadata, 'strategy_used' | 'retrieval_duration_seconds' | 'timestamp'>

/** A run's own last values. Values that are not an object (a list, a text, a number, false) come as `{ value }`. */
export type RunResult = { readonly [field: string]: Json } & { readonly _retrieval_metadata: ResultMetadata }

type WithResult = WatchOutcome & { readonly polling_result: 'success_with_results' }
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** How polling ended, with the keys of the Python poller's dict: what `watchRun` returns, its retrieval inside `result`. */
export type PollerOutcome =
  | (Without<WithResult, 'result' | 'result_reference' | 'retrieval_metadata'> & {
      /** Without values if there is a `result_reference`. */
      readonly result: RunResult
      /** The workers keep the result in their store, and this poller does not know it: give it their `resultStore`. */
      readonly result_reference?: StoredResultReference
    })
  | Without<Exclude<WatchOutcome, WithResult>, 'retrieval_metadata'>

export function pollerOutcome(outcome: WatchOutcome): PollerOutcome {
  switch (outcome.polling_result) {
    case 'success_with_results': {
      const { result, result_reference, retrieval_metadata, ...rest } = outcome
      if (result_reference) return { ...rest, result: runResult({}, retrieval_metadata), result_reference }
      return { ...rest, result: runResult(result, retrieval_metadata) }
    }
    case 'success_no_results': {
      const { retrieval_metadata: _, ...rest } = outcome
      return rest
    }
    case 'error':
    case 'timeout':
    case 'interrupted':
      return outcome
  }
}

export function runResult(values: Json, metadata: RetrievalMetadata): RunResult {
  const { strategy_used, retrieval_duration_seconds, timestamp } = metadata
  return {
    ...(isRecord(values) ? values : { value: values }),
    _retrieval_metadata: { ...present({ strategy_used }), retrieval_duration_seconds, timestamp },
  }
}
