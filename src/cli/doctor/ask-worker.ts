import { setTimeout as pause } from 'node:timers/promises'
import { WorkflowFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { ActivityFailure, ApplicationFailure } from '@temporalio/common'
import { v4 } from 'uuid'
import { diagnosisWorkflowId, workflowTypes } from '../../domain/contract.ts'
import type { WorkerReport } from '../../domain/diagnosis.ts'
import { messageOf } from '../../domain/json.ts'
import { keyErrorIn } from '../../payloads/key-error.ts'
import type { Temporal } from '../temporal.ts'

export type Answer =
  | { readonly kind: 'report'; readonly report: WorkerReport }
  /** A worker took the question, but does not know it. */
  | { readonly kind: 'too_old' }
  | { readonly kind: 'silent' }
  /** It has answered, encrypted with a key that is not here. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

const betweenLooksMs = 500
/** The question ends by itself if nobody is left to end it. */
const longestLife = '30s'

type Question = WorkflowHandle<() => Promise<WorkerReport>>

/** Asks one worker of the task queue, whichever takes the question. */
export async function askWorker(temporal: Temporal, withinMs: number): Promise<Answer> {
  const question: Question = await temporal.ask(() =>
    temporal.client.workflow.start(workflowTypes.diagnose, {
      taskQueue: temporal.taskQueue,
      workflowId: diagnosisWorkflowId(v4()),
      workflowExecutionTimeout: longestLife,
      args: [],
    }),
  )
  const over = new AbortController()
  try {
    const { signal } = over
    return await Promise.race([answerTo(question), ifUnknown(question, signal), silence(withinMs, signal)])
  } finally {
    over.abort()
    // One that has ended is not there to be ended.
    await temporal.ask(() => question.terminate('its worker gave no answer')).catch(() => undefined)
  }
}

async function answerTo(question: Question): Promise<Answer> {
  try {
    return { kind: 'report', report: await question.result() }
  } catch (error) {
    const keyError = keyErrorIn(error)
    if (keyError) return { kind: 'unreadable', reason: keyError.message }
    const cause = error instanceof WorkflowFailedError ? error.cause : error
    const reason = cause instanceof ActivityFailure ? cause.cause : cause
    if (!(reason instanceof ApplicationFailure)) return { kind: 'silent' }
    if (/is not registered on this Worker/.test(reason.message)) return { kind: 'too_old' }
    return { kind: 'failed', reason: messageOf(reason) }
  }
}

/** A worker that does not know the workflow fails its first task, and Temporal tries again for ever. */
async function ifUnknown(question: Question, signal: AbortSignal): Promise<Answer> {
  for (;;) {
    await pause(betweenLooksMs, undefined, { signal })
    const { events } = await question.fetchHistory()
    const failures = events?.map((event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? '')
    if (failures?.some((message) => message.includes('no such function is exported'))) return { kind: 'too_old' }
  }
}

async function silence(ms: number, signal: AbortSignal): Promise<Answer> {
  await pause(ms, undefined, { signal })
  return { kind: 'silent' }
}
