import { defineQuery, defineSignal, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow'
import { progressQueryName, wakeSignalName } from '../domain/contract.ts'
import type { WatchOptions } from '../domain/input.ts'
import type { ChainedRun, WatchProgress } from '../domain/outcome.ts'
import type { CancelAction } from '../domain/creation.ts'
import type { RunRef } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { openInterrupts } from './question.ts'
import type { HandledResume, Question } from './question.ts'

/** Of one question, for the Web UI: the query `progress` has all of it. */
const maxShownBytes = 4096

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
  /** The run that is waited for; absent until `executeRun` has created it. */
  run?: RunRef
  /** The runs before it, where it continues them. */
  chain?: ChainedRun[]
  /** Where `executeRun` creates it, as soon as the server has answered. */
  threadId?: string
  /** A try to create a run got no answer: the run may be there, and until this time it may come yet. */
  unansweredUntilMs?: number
  /** Set while the run waits for a human. */
  question?: Question
  /** From here on `maxPollTime` runs, anew for every run that goes on; absent: from the start. */
  timeFromMs?: number
  /** The updates `resume` that were accepted: Temporal forgets them at continue-as-new. */
  handledResumes?: HandledResume[]
  /** What the update `cancelRun` asked for, until it turns out that the run goes on. */
  cancelAsked?: CancelAction
  /** The server was asked to cancel the run while it was at work. */
  cancelSent?: boolean
}

/** From here on another run is waited for, and the sleeps begin anew. */
export function waitForRun(state: WatchState, run: RunRef): void {
  state.run = run
  state.sleeps = 0
  state.failedInARow = 0
  state.unreadableInARow = 0
  state.lastError = undefined
  delete state.status
  delete state.updatedAt
  delete state.unchangedSinceMs
}

/** One watch at work: its options, its memory, and what it shows. */
export interface Watch {
  readonly options: WatchOptions
  readonly state: WatchState
  /** `Infinity`: none. It moves when a human has answered. */
  readonly deadlineMs: number
  /** It continues as new as soon as all update handlers have returned: none may wait for more. */
  isRestarting: boolean
  /** Its end is known: what an update asks for now comes too late. */
  isEnding: boolean
  /** Changes what `progress` and the Web UI say. */
  enter(phase: WatchProgress['phase'], details?: string): void
}

/** Takes up a watch, new or carried over, and answers `wake` and `progress` from here on. */
export function openWatch(options: WatchOptions, carried?: WatchState, run?: RunRef): Watch {
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
  if (run) state.run ??= run
  // What the workflow id says already is not said again.
  const isKnown = () => state.run === undefined || state.run.runId === run?.runId
  let phase: WatchProgress['phase'] = 'waiting'
  setHandler(wakeSignal, () => {
    state.wakeRequested = true
  })
  setHandler(progressQuery, () => progress(state, phase, isKnown()))
  return {
    options,
    state,
    isRestarting: false,
    isEnding: false,
    get deadlineMs() {
      return (state.timeFromMs ?? state.startedAtMs) + options.maxPollTimeMs
    },
    enter(next, details) {
      phase = next
      setCurrentDetails(details ?? describe(progress(state, phase, isKnown()), workflowInfo().workflowId))
    },
  }
}

function progress(state: WatchState, phase: WatchProgress['phase'], isRunKnown: boolean): WatchProgress {
  const { run, question } = state
  return {
    phase,
    ...(state.status !== undefined && { status: state.status }),
    poll_count: state.pollCount,
    elapsed_seconds: (Date.now() - state.startedAtMs) / 1000,
    ...(phase === 'waiting' &&
      state.nextPollAtMs !== undefined && { next_poll_at: new Date(state.nextPollAtMs).toISOString() }),
    ...(state.lastError !== undefined && { last_error: state.lastError }),
    ...(state.updatedAt !== undefined && { updated_at: state.updatedAt }),
    ...(!isRunKnown && run && { run_id: run.runId, thread_id: run.threadId }),
    ...(question && {
      interrupts: openInterrupts(question),
      ...(question.truncated && { truncated: question.truncated }),
      next: question.next,
      ...(question.refused !== undefined && { answer_refused: question.refused }),
      ...(question.untilMs !== undefined && { human_deadline_at: new Date(question.untilMs).toISOString() }),
    }),
  }
}

/** For the Web UI, as markdown. */
function describe(shown: WatchProgress, workflowId: string): string {
  const { phase, status, poll_count, next_poll_at, last_error, updated_at, run_id, thread_id, interrupts, next } = shown
  return [
    `**${phase}**, ${poll_count} polls`,
    run_id && `run \`${run_id}\` of thread \`${thread_id}\``,
    status && `run status: \`${status}\`${updated_at ? `, unchanged since ${updated_at}` : ''}`,
    next_poll_at && `next poll: ${next_poll_at}`,
    last_error && `last poll got no answer: ${last_error}`,
    shown.answer_refused && `the last answer was refused: ${shown.answer_refused}`,
    interrupts &&
      `waits for a human before ${next?.join(', ')}, until ${shown.human_deadline_at ?? 'somebody answers'}`,
    ...(interrupts ?? []).map(
      (interrupt) => `\`\`\`json\n${bounded(JSON.stringify(interrupt), maxShownBytes)}\n\`\`\``,
    ),
    interrupts && `to answer: \`langgraph-runs resume --id ${workflowId}\``,
  ]
    .filter(Boolean)
    .join('\n\n')
}
