import { allHandlersFinished, condition, patched } from '@temporalio/workflow'
import type { Cancellation } from '../domain/creation.ts'
import { present } from '../domain/json.ts'
import type { RunRef } from '../domain/run.ts'
import { cancelAndConfirm } from './cancel-and-confirm.ts'
import { continuation, creationOf, findRun, later, nextAttempt } from './create-once.ts'
import { describeCancellation } from './details.ts'
import { notifies, notifyOfEnd } from './notifying.ts'
import { lookAtShownAgain } from './shown.ts'
import { noteEnd } from './watch-events.ts'
import type { Watch } from './watch.ts'

/** The workflow was cancelled: `onCancel` says whether the run is cancelled too. */
export async function endCancelled(watch: Watch): Promise<void> {
  const cancellation = watch.options.onCancel === 'leave' ? leftAlone(watch) : await cancelWhatRuns(watch)
  watch.conclude({ state: 'cancelled', error: cancellation.error }, describeCancellation(cancellation))
  noteEnd(watch, 'cancelled')
  await lookAtShownAgain(watch)
  // Temporal gives a cancelled workflow no result, and this SDK no details.
  watch.publish(patched('cancellation-memo') ? { cancellation } : {})
  if (notifies(watch)) await notifyOfEnd(watch, { cancellation })
  watch.ends()
  await condition(allHandlersFinished)
}

function leftAlone(watch: Watch): Cancellation {
  const { run, polls } = watch.memory
  const unknown = watch.whatIsUnknown()
  if (!run && !unknown) return { result: 'not_created' }
  return {
    ...unknown,
    result: 'left',
    ...present({ run_id: run?.runId, thread_id: run?.threadId, status: polls.seen?.status }),
  }
}

async function cancelWhatRuns(watch: Watch): Promise<Cancellation> {
  let run = await findWhatRuns(watch)
  for (;;) {
    const unknown = watch.whatIsUnknown()
    if (unknown) return unknown
    if (!run) return { result: 'not_created' }
    const { cancellation } = await cancelAndConfirm(watch, run, watch.memory.cancelling?.action ?? 'interrupt')
    const hasFailed = watch.memory.retry !== undefined
    if (cancellation.result !== 'had_ended' || watch.options.onInterrupt === 'return' || hasFailed) return cancellation
    // It may have stopped to ask, and somebody else may have answered.
    const next = await findRun(watch, later(run))
    if (next?.kind !== 'overtaken' || !next.by.resumes) return watch.whatIsUnknown() ?? cancellation
    run = { ...run, runId: next.by.runId }
  }
}

/** The run that the watch knows, unless another one continues it by now, whoever made that. */
async function findWhatRuns(watch: Watch): Promise<RunRef | undefined> {
  const { run, question, retry } = watch.memory
  if (!run) return watch.request && (await findRun(watch, creationOf(watch.request)))?.run
  if (retry && watch.mayHaveCreated) {
    const begun = await findRun(watch, nextAttempt(watch))
    return begun?.kind === 'created' ? begun.run : run
  }
  const found = question && (await findRun(watch, continuation(watch, question, run)))
  if (found?.kind === 'created') return found.run
  return found?.by.resumes ? { ...run, runId: found.by.runId } : run
}
