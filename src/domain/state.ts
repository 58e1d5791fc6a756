import type { WatchOutcome } from './outcome.ts'
import { quoted } from './printable.ts'

/** Where an open watch is. */
export const openStates = [
  /** `executeRun` has not created its run yet. */
  'creating',
  'waiting',
  /** Three polls in a row, or tries to create the run, got no answer. */
  'outage',
  /** The run waits for a human. */
  'human',
  /** The run has failed, and is to be continued after a pause. */
  'backing_off',
  'retrieving',
] as const

/** How a watch has ended. */
export const endedStates = [
  'success',
  'no_result',
  'error',
  'timeout',
  'interrupted',
  'cancelled',
  'polling_timeout',
  'polling_error',
] as const

export type OpenState = (typeof openStates)[number]
export type EndedState = (typeof endedStates)[number]

/** Where a watch is, in one word: the same in `progress`, the search attribute, the memo, `list`, metrics and notifications. */
export type WatchState = OpenState | EndedState

export function isOpenState(state: unknown): state is OpenState {
  return openStates.some((open) => open === state)
}

export function isEndedState(state: unknown): state is EndedState {
  return endedStates.some((ended) => ended === state)
}

/** How a watch with this outcome has ended. */
export function stateOf(outcome: WatchOutcome): WatchState {
  if (outcome.cancelled) return 'cancelled'
  switch (outcome.polling_result) {
    case 'success_with_results':
      return 'success'
    case 'success_no_results':
      return 'no_result'
    case 'error':
    case 'interrupted':
    case 'timeout':
      return outcome.status
  }
}

/** Search attributes, each of type Keyword. */
export const searchAttributes = {
  thread: 'LangGraphThread',
  run: 'LangGraphRun',
  assistant: 'LangGraphAssistant',
  state: 'LangGraphState',
} as const
export const searchAttributeNames = Object.values(searchAttributes)

/** The type Keyword in Temporal's protocol: `INDEXED_VALUE_TYPE_KEYWORD`. */
export const keywordType = 2

/** For a shell: creates search attributes in a namespace. */
export function creatingCommand(namespace: string, names: readonly string[] = searchAttributeNames): string {
  const options = names.map((name) => `--name ${name} --type Keyword`).join(' ')
  return `temporal operator search-attribute create --namespace ${quoted(namespace)} ${options}`
}

/**
 * The memo `langgraph` of a watch: what the search attributes hold, for servers without them, and what a list shows. The
 * client gives what it knows at the start; the workflow changes it with the state.
 */
export interface WatchMemo {
  readonly deployment: string
  /** Absent until `executeRun` has created its run. */
  readonly thread_id?: string
  readonly run_id?: string
  /** Of `executeRun`. */
  readonly assistant?: string
  readonly state?: WatchState
  /** When this state began; ISO 8601 UTC. Absent in what a starter has given: then it is the workflow's start. */
  readonly state_since?: string
  /** What is asked, in state `human`: readable text, at most 1 KB. */
  readonly question?: string
  /** In `backing_off`: which attempt comes next, and when. ISO 8601 UTC. */
  readonly attempt?: number
  readonly next_attempt_at?: string
  /** In `outage` why the last poll got no answer; in `backing_off` why the run failed; after an end without a result why. At most 1 KB. */
  readonly error?: string
}
