import { CancellationScope, log, startChild, uuid4, workflowInfo } from '@temporalio/workflow'
import { workflowTypes } from '../domain/contract.ts'
import type { Cancellation } from '../domain/creation.ts'
import { maxErrorBytes, maxReasonBytes } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import { notifyWorkflowId, withoutResult } from '../domain/notification.ts'
import type { Notification } from '../domain/notification.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import { questionText } from '../domain/question-text.ts'
import type { Interrupt } from '../domain/run.ts'
import { bounded, inJson, utf8Bytes } from '../domain/text.ts'
import { iso, momentMs } from './clock.ts'
import type { NoAnswer } from './failures.ts'
import { openInterrupts } from './question.ts'
import type { notifyRun } from './notify-run.ts'
import type { Watch } from './watch.ts'

// Each of these is awaited only if it has something to do: even an `await` of nothing could reorder commands in the
// replay of a watch whose worker notifies nobody.

const mostInterruptsBytes = 8192

/** Whether the worker notifies somebody, by the last word of an activity. */
export function notifies({ memory }: Watch): boolean {
  return memory.shown?.notifies === true
}

/** The watch has ended, and shows how. */
export function notifyOfEnd(
  watch: Watch,
  ended: { readonly outcome?: WatchOutcome; readonly cancellation?: Cancellation },
) {
  const { outcome, cancellation } = ended
  const asked = outcome?.polling_result === 'interrupted' && outcome.interrupts ? outcome : undefined
  return notify(watch, 'run.ended', {
    ...(asked && questionOf({ interrupts: asked.interrupts ?? [], next: asked.next ?? [] })),
    ...present({ outcome: outcome && withoutResult(outcome), cancellation }),
  })
}

/** Whether the question, as it is now, is news to the receiver. */
export function isQuestionNews(watch: Watch): boolean {
  const { question } = watch.memory
  return notifies(watch) && watch.display.state === 'human' && question !== undefined && question.isNotified !== true
}

export function notifyOfQuestion(watch: Watch): Promise<void> {
  const { question } = watch.memory
  watch.questionNotified()
  const open = question && { interrupts: openInterrupts(question), next: question.next }
  return notify(watch, 'run.waiting_for_human', { ...(open && questionOf(open)) })
}

/** Which outage this watch is to tell of, for all watches of its deployment. */
export function outageNews(watch: Watch, { shown }: NoAnswer): string | undefined {
  return watch.display.state === 'outage' ? shown?.outageNotice : undefined
}

export function notifyOfOutage(watch: Watch, notice: string): Promise<void> {
  return notify(watch, 'run.outage', {}, notice)
}

/**
 * Starts the workflow that delivers it, which outlives this one, and waits only until it has started.
 *
 * @param id of a notification that others may have started as well: then there is only one
 */
async function notify(
  watch: Watch,
  type: Notification['type'],
  more: Partial<Notification['data']>,
  id = uuid4(),
): Promise<void> {
  const notification = { id, type, timestamp: iso(momentMs()), data: { ...about(watch), ...more } }
  // It starts and ends in this history too.
  watch.grows(utf8Bytes(inJson(notification)))
  watch.grows(0)
  try {
    await CancellationScope.nonCancellable(() =>
      startChild<typeof notifyRun>(workflowTypes.notifyRun, {
        workflowId: notifyWorkflowId(id),
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        parentClosePolicy: 'ABANDON',
        cancellationType: 'ABANDON',
        staticSummary: type,
        args: [notification],
      }),
    )
  } catch (error) {
    log.info('a notification was not started', { type, reason: String(error) })
  }
}

function about(watch: Watch): Notification['data'] {
  const { namespace, workflowId, runId } = workflowInfo()
  const { state, deployment, threadId, assistant, error } = watch.display
  return {
    namespace,
    workflow_id: workflowId,
    workflow_run_id: runId,
    deployment,
    state,
    ...present({
      thread_id: threadId,
      run_id: watch.memory.run?.runId,
      assistant_id: assistant,
      error: error === undefined ? undefined : bounded(error, maxErrorBytes),
    }),
  }
}

function questionOf(asked: { readonly interrupts: readonly Interrupt[]; readonly next: readonly string[] }) {
  const { interrupts } = asked
  const isSmall = interrupts.length > 0 && utf8Bytes(inJson(interrupts)) <= mostInterruptsBytes
  return { question: questionText(asked, maxReasonBytes), ...(isSmall && { interrupts }) }
}
