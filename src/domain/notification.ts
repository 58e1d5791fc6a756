import type { Cancellation } from './creation.ts'
import type { WatchOutcome } from './outcome.ts'
import type { Interrupt } from './run.ts'
import type { WatchState } from './state.ts'

export const notificationTypes = ['run.waiting_for_human', 'run.ended', 'run.outage'] as const

/** What a receiver of notifications is told, as the body of a Standard Webhook. snake_case as outcomes; absent fields are absent. */
export interface Notification {
  readonly type: (typeof notificationTypes)[number]
  /** When it happened. ISO 8601 UTC. */
  readonly timestamp: string
  readonly data: {
    readonly namespace: string
    readonly workflow_id: string
    /** Temporal's id of the execution. */
    readonly workflow_run_id: string
    readonly deployment: string
    readonly thread_id?: string
    readonly run_id?: string
    /** Of `executeRun`. */
    readonly assistant_id?: string
    readonly state: WatchState
    /** What a human is asked: readable text, at most 1 KB. */
    readonly question?: string
    /** The same as LangGraph has it, if it takes at most 8 KB; for buttons. */
    readonly interrupts?: readonly Interrupt[]
    /** Why there is no result, or no answer; at most 4 KB. */
    readonly error?: string
    /** Of `run.ended`: the outcome without its result. Absent if the workflow was cancelled, or failed without an outcome. */
    readonly outcome?: Readonly<Record<string, unknown>>
    /** Of `run.ended`: what became of the run of a cancelled workflow. */
    readonly cancellation?: Cancellation
  }
}

/** A notification with the id that all its deliveries have. */
export interface NumberedNotification extends Notification {
  readonly id: string
}

/** `notify-run/<id>`: it needs no part of the watch's id, which may be as long as Temporal allows. */
export function notifyWorkflowId(id: string): string {
  return `notify-run/${id}`
}

const notified = [
  'polling_result',
  'status',
  'cancelled',
  'cancellation',
  'ending_verified',
  'failed_nodes',
  'next',
] as const

/** The outcome without its result, and without what the notification says beside it. */
export function withoutResult(outcome: WatchOutcome): Readonly<Record<string, unknown>> {
  const { polling_metadata } = outcome
  const fields = Object.entries(outcome).filter(([name]) => notified.some((known) => known === name))
  return { ...Object.fromEntries(fields), polling_metadata }
}
