import type { CancelAction } from '../domain/creation.ts'
import type { ChainedRun } from '../domain/outcome.ts'
import type { RunRef } from '../domain/run.ts'
import type { Question } from './question.ts'

/** All that a watch remembers, and what continue-as-new carries over. `Watch` alone changes it. */
export interface Memory {
  readonly startedAtMs: number
  /** The run that is waited for; absent until `executeRun` has created it. */
  readonly run?: RunRef | undefined
  /** The earlier runs, each of which the next one continues. */
  readonly chain: readonly ChainedRun[]
  readonly polls: Polls
  readonly creation: {
    /** Known as soon as the server has answered `executeRun`. */
    readonly threadId?: string | undefined
    /** A try to create a run got no answer: the run may exist, and its request may arrive until this time. */
    readonly unanswered?: { readonly untilMs: number; readonly error: string } | undefined
  }
  /** Set while the run waits for a human. */
  readonly question?: Question | undefined
  /** What the update `cancelRun` asked for, until the run turns out not to stop; `isSent`: the server was asked. */
  readonly cancelling?: { readonly action: CancelAction; readonly isSent: boolean } | undefined
  /** The updates `resume` that were accepted: Temporal forgets them at continue-as-new. */
  readonly handledResumes: readonly HandledResume[]
  readonly isWoken: boolean
  /** LangGraph has answered once: from then on a 401 is an outage, not a wrong key. */
  readonly hasBeenReached: boolean
}

export interface Polls {
  readonly count: number
  /** Sleeps so far: the back-off step. */
  readonly sleeps: number
  readonly failedInARow: number
  /** Times in a row that the run had ended and its ending could not be read. */
  readonly unreadableInARow: number
  /** The last status that was read. */
  readonly seen?: Seen | undefined
  /** Absent once LangGraph has answered again. */
  readonly lastError?: string | undefined
  readonly nextAtMs?: number | undefined
  readonly hintedAtMs?: number | undefined
  /** `maxPollTime` runs from here; absent: from the start. Each run that continues another has all of it. */
  readonly fromMs?: number | undefined
}

interface Seen {
  readonly status: string
  /** ISO 8601: when LangGraph last changed the run. */
  readonly updatedAt?: string | undefined
  /** The same as a time; if the server does not say it, when this status was first seen. */
  readonly sinceMs: number
}

export interface HandledResume {
  readonly id: string
  /** Which question it answered: the first run's is number 0. */
  readonly question: number
}

/** The memory as it was before it had groups, for watches that were open then. */
interface FlatMemory {
  readonly startedAtMs: number
  readonly pollCount: number
  readonly sleeps: number
  readonly failedInARow: number
  readonly unreadableInARow: number
  readonly answered: boolean
  readonly status?: string
  readonly updatedAt?: string
  readonly unchangedSinceMs?: number
  readonly lastError?: string
  readonly nextPollAtMs?: number
  readonly lastHintedPollAtMs?: number
  readonly wakeRequested: boolean
  readonly run?: RunRef
  readonly chain?: readonly ChainedRun[]
  readonly threadId?: string
  readonly unansweredUntilMs?: number
  readonly question?: Question
  readonly timeFromMs?: number
  readonly handledResumes?: readonly HandledResume[]
  readonly cancelAsked?: CancelAction
  readonly cancelSent?: boolean
}

export type Carried = Memory | FlatMemory

/** The memory of a watch that begins, or that an earlier execution has handed over. */
export function takeUp(carried: Carried | undefined, startedAtMs: number, run?: RunRef): Memory {
  const memory = carried === undefined ? beginning(startedAtMs) : 'polls' in carried ? carried : grouped(carried)
  return { ...memory, run: memory.run ?? run }
}

function beginning(startedAtMs: number): Memory {
  return {
    startedAtMs,
    chain: [],
    polls: { count: 0, sleeps: 0, failedInARow: 0, unreadableInARow: 0 },
    creation: {},
    handledResumes: [],
    isWoken: false,
    hasBeenReached: false,
  }
}

function grouped(flat: FlatMemory): Memory {
  const { startedAtMs, run, chain = [], question, handledResumes = [], cancelAsked, cancelSent = false } = flat
  const { status, unchangedSinceMs: sinceMs, unansweredUntilMs: untilMs } = flat
  return {
    startedAtMs,
    run,
    chain,
    polls: {
      count: flat.pollCount,
      sleeps: flat.sleeps,
      failedInARow: flat.failedInARow,
      unreadableInARow: flat.unreadableInARow,
      seen: status === undefined || sinceMs === undefined ? undefined : { status, updatedAt: flat.updatedAt, sinceMs },
      lastError: flat.lastError,
      nextAtMs: flat.nextPollAtMs,
      hintedAtMs: flat.lastHintedPollAtMs,
      fromMs: flat.timeFromMs,
    },
    creation: {
      threadId: flat.threadId,
      unanswered: untilMs === undefined ? undefined : { untilMs, error: flat.lastError ?? 'LangGraph did not answer' },
    },
    question,
    cancelling: cancelAsked && { action: cancelAsked, isSent: cancelSent },
    handledResumes,
    isWoken: flat.wakeRequested,
    hasBeenReached: flat.answered,
  }
}
