import type { LoadedDataConverter, Payload } from '@temporalio/common'
import { runMemoKey } from '../../domain/contract.ts'
import { isRecord, present } from '../../domain/json.ts'
import { isEndedState, isOpenState } from '../../domain/state.ts'
import type { WatchMemo } from '../../domain/state.ts'
import { decoded } from '../../payload.ts'

/** The memo as Temporal sends it. */
export type RawMemo = Readonly<Record<string, Payload>> | null | undefined

/** What a watch shows of itself. Anybody may write a memo, so what is not as it should be is left out. */
export async function watchMemo(converter: LoadedDataConverter, memo: RawMemo): Promise<Partial<WatchMemo>> {
  // A codec that lacks the key throws.
  const value = await decoded(converter, memo?.[runMemoKey]).catch(() => undefined)
  if (!isRecord(value)) return {}
  const { state, state_since } = value
  return present({
    deployment: textIn(value['deployment']),
    thread_id: textIn(value['thread_id']),
    run_id: textIn(value['run_id']),
    assistant: textIn(value['assistant']),
    state: isOpenState(state) || isEndedState(state) ? state : undefined,
    state_since: timeIn(state_since),
    question: textIn(value['question']),
    attempt: numberIn(value['attempt']),
    next_attempt_at: timeIn(value['next_attempt_at']),
    error: textIn(value['error']),
  })
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function numberIn(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? Number(value) : undefined
}

function timeIn(value: unknown): string | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString()
}
