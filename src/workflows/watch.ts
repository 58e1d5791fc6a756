import { defineQuery, defineSignal, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow'
import { progressQueryName, wakeSignalName } from '../domain/contract.ts'
import type { WatchOptions } from '../domain/input.ts'
import type { WatchProgress } from '../domain/outcome.ts'

/** Poll now. A hint, never the truth: lost, late or repeated it costs at most one poll. */
const wakeSignal = defineSignal(wakeSignalName)
const progressQuery = defineQuery<WatchProgress>(progressQueryName)

/** All that a watch remembers; what continue-as-new carries over. */
export interface WatchState {
  readonly startedAtMs: number
  pollCount: number
  /** Sleeps so far: the back-off step. */
  sleeps: number
  failedInARow: number
  /** Times in a row that the run had ended and its ending could not be read. */
  unreadableInARow: number
  /** Whether LangGraph ever gave a status: from then on a 401 is an outage, not a wrong key. */
  answered: boolean
  status?: string
  /** ISO 8601: when LangGraph last changed the run. */
  updatedAt?: string
  /** The same as a time; where the server does not say, when this status was first seen. */
  unchangedSinceMs?: number
  /** `undefined` once a poll was answered again. */
  lastError: string | undefined
  nextPollAtMs?: number
  lastHintedPollAtMs?: number
  wakeRequested: boolean
}

/** One watch at work: its options, its memory, and what it shows. */
export interface Watch {
  readonly options: WatchOptions
  readonly state: WatchState
  /** `Infinity`: none. */
  readonly deadlineMs: number
  /** Changes what `progress` and the Web UI say. */
  enter(phase: WatchProgress['phase'], details?: string): void
}

/** Takes up a watch, new or carried over, and answers `wake` and `progress` from here on. */
export function openWatch(options: WatchOptions, carried?: WatchState): Watch {
  const state = carried ?? {
    startedAtMs: workflowInfo().startTime.getTime(),
    pollCount: 0,
    sleeps: 0,
    failedInARow: 0,
    unreadableInARow: 0,
    answered: false,
    lastError: undefined,
    wakeRequested: false,
  }
  let phase: WatchProgress['phase'] = 'waiting'
  setHandler(wakeSignal, () => {
    state.wakeRequested = true
  })
  setHandler(progressQuery, () => progress(state, phase))
  return {
    options,
    state,
    deadlineMs: state.startedAtMs + options.maxPollTimeMs,
    enter(next, details) {
      phase = next
      setCurrentDetails(details ?? describe(progress(state, phase)))
    },
  }
}

function progress(state: WatchState, phase: WatchProgress['phase']): WatchProgress {
  return {
    phase,
    ...(state.status !== undefined && { status: state.status }),
    poll_count: state.pollCount,
    elapsed_seconds: (Date.now() - state.startedAtMs) / 1000,
    ...(phase === 'waiting' &&
      state.nextPollAtMs !== undefined && { next_poll_at: new Date(state.nextPollAtMs).toISOString() }),
    ...(state.lastError !== undefined && { last_error: state.lastError }),
    ...(state.updatedAt !== undefined && { updated_at: state.updatedAt }),
  }
}

/** For the Web UI, as markdown. */
function describe({ phase, status, poll_count, next_poll_at, last_error, updated_at }: WatchProgress): string {
  return [
    `**${phase}**, ${poll_count} polls`,
    status && `run status: \`${status}\`${updated_at ? `, unchanged since ${updated_at}` : ''}`,
    next_poll_at && `next poll: ${next_poll_at}`,
    last_error && `last poll got no answer: ${last_error}`,
  ]
    .filter(Boolean)
    .join('\n\n')
}
