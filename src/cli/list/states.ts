import { endedStates, openStates } from '../../domain/state.ts'
import type { WatchState } from '../../domain/state.ts'

/** Temporal's words, by the numbers of its protocol, in lower case. */
const statuses = [
  'unspecified',
  'running',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'continued_as_new',
  'timed_out',
  'paused',
] as const

export type TemporalStatus = (typeof statuses)[number]

/** What a list calls the state of a watch that did not say itself how it ended, or where it is. */
const temporalWords = [
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timed_out',
] as const satisfies readonly TemporalStatus[]

export type ListedState = WatchState | TemporalStatus

export const openWords: readonly ListedState[] = [...openStates, 'running', 'paused']

/** No result, whoever is the reason. */
export const failedWords: readonly ListedState[] = [
  'error',
  'timeout',
  'no_result',
  'polling_error',
  'polling_timeout',
  'failed',
  'terminated',
  'timed_out',
]

export const allWords: readonly ListedState[] = [...new Set([...openStates, ...endedStates, ...temporalWords])]

export function temporalStatus(code: number | null | undefined): TemporalStatus {
  return statuses[code ?? 0] ?? 'unspecified'
}
