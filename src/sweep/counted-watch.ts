import { runInWorkflowId } from '../domain/contract.ts'
import { isRecord } from '../domain/json.ts'
import { isEndedState, isOpenState } from '../domain/state.ts'
import type { CountedWatch } from '../telemetry/sweep-metrics.ts'

interface Listed {
  readonly workflowId: string
  readonly startedAtMs: number
  /** Anything: whoever starts a workflow may give it any memo. */
  readonly memo: unknown
}

/** Where a listed workflow is, by its memo. @returns `undefined` if it is no open watch of this deployment */
export function countedWatch(deployment: string, { workflowId, startedAtMs, memo }: Listed): CountedWatch | undefined {
  const named = runInWorkflowId(workflowId)
  const given = isRecord(memo) ? memo : {}
  if ((named?.deployment ?? given['deployment']) !== deployment) return undefined
  const { state: word, state_since: since } = given
  if (isEndedState(word)) return undefined
  const sinceMs = typeof since === 'string' ? Date.parse(since) : NaN
  // Watches of an earlier version name no state.
  const usual = (named ?? given['run_id']) ? 'waiting' : 'creating'
  const state = isOpenState(word) ? word : usual
  return { state, sinceMs: Number.isNaN(sinceMs) ? startedAtMs : sinceMs }
}
