import type { CancelAction } from '../domain/creation.ts'
import type { ChainedRun, WatchOutcome } from '../domain/outcome.ts'
import type { RunRef, Shown } from '../domain/run.ts'
import type { Question } from './question.ts'

/** All that a watch remembers, and what continue-as-new carries over. `WatchMemory` alone changes it. */
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
    /** What is not known of the run: a try to create it got no answer, or it could not be looked for. */
    readonly unknown?: { readonly what: 'created' | 'continued'; readonly error: string } | undefined
  }
  /** Set while the run waits for a human. */
  readonly question?: Question | undefined
  /** Set from the failure of a run until the run that continues it exists. */
  readonly retry?: Retry | undefined
  /** What the update `cancelRun` asked for, until the run turns out not to stop; `isSent`: the server was asked. */
  readonly cancelling?: { readonly action: CancelAction; readonly isSent: boolean } | undefined
  /** The updates `resume` that were accepted: Temporal forgets them at continue-as-new. */
  readonly handledResumes: readonly HandledResume[]
  readonly isWoken: boolean
  /** LangGraph has answered once: from then on a 401 is an outage, not a wrong key. */
  readonly hasBeenReached: boolean
  /** A worker has known the deployment once: from then on one that does not is an outage, not a misspelt name. */
  readonly isDeploymentKnown: boolean
  /** What may be shown to operators, by the last answer or failure of an activity; absent if none has said it. */
  readonly shown?: Shown | undefined
}

/** What a run that has failed ends as, if it is not continued. */
export type FailedOutcome = Exclude<
  Extract<WatchOutcome, { readonly polling_result: 'error' | 'timeout' }>,
  { readonly status: 'polling_timeout' }
>

export interface Retry {
  /** Which attempt comes next; the first run is number 1. */
  readonly attempt: number
  /** When the pause is over; absent once it is. */
  readonly dueAtMs?: number | undefined
  /** It has no error, so it is not continued; only a run that continues it already is followed. */
  readonly mayBeCancelled?: true
  readonly failed: FailedOutcome
}

export interface Polls {
  readonly count: number
  /** Sleeps so far: the back-off step. */
  readonly sleeps: number
  readonly failedInARow: number
  /** Those of them to which LangGraph has given no answer, and when the first of them failed. */
  readonly unanswered?: { readonly inARow: number; readonly sinceMs: number } | undefined
  /** Times in a row that the run had ended and its ending could not be read. */
  readonly unreadableInARow: number
  /** The last status that was read. */
  readonly seen?: Seen | undefined
  /** Absent once LangGraph has answered again. */
  readonly lastError?: string | undefined
  /** The sleep before the next poll; absent: it comes at once. */
  readonly next?: { readonly sleepMs: number; readonly atMs: number } | undefined
  /** The last poll found that a sweep looks at the run's thread. */
  readonly swept?: true | undefined
  /** The last sleep was cut short by a hint. */
  readonly wasHinted: boolean
  /** `maxPollTime` runs from here; absent: from the start. Each run that continues another has all of it. */
  readonly fromMs?: number | undefined
}

interface Seen {
  readonly status: string
  /** ISO 8601: when LangGraph last changed the run. */
  readonly updatedAt?: string | undefined
  /** When the run has ended, it and its thread are gone. */
  readonly isStateless?: boolean | undefined
  /** All polls of the watch have found it so: it had ended before. */
  readonly hadEnded?: true | undefined
  /** The same as a time; if the server does not say it, when this status was first seen. Not before the run is due. */
  readonly sinceMs?: number | undefined
  /** When the poll was made that saw it, by Temporal's clock; absent if the activity does not say it. */
  readonly polledAtMs?: number | undefined
}

export interface HandledResume {
  readonly id: string
  /** Which question it answered: the first run's is number 0. */
  readonly question: number
}

/** The memory of a watch that begins. */
export function beginning(startedAtMs: number, run?: RunRef): Memory {
  return {
    startedAtMs,
    run,
    chain: [],
    polls: { count: 0, sleeps: 0, failedInARow: 0, unreadableInARow: 0, wasHinted: false },
    creation: {},
    handledResumes: [],
    isWoken: false,
    hasBeenReached: false,
    isDeploymentKnown: false,
  }
}
