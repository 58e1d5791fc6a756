import { condition, defineUpdate, setHandler } from '@temporalio/workflow'
import { cancelRunUpdateName } from '../domain/contract.ts'
import type { CancelAction, Cancellation } from '../domain/creation.ts'
import type { CancelRunInput } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import { parseCancelRunInput } from '../domain/parse-input.ts'
import type { RunRef } from '../domain/run.ts'
import { cancelAndConfirm } from './cancel-and-confirm.ts'
import { accepted, withoutStack } from './failures.ts'
import type { Watch } from './watch.ts'

/** Cancels the run; the watch reports what became of it. */
const cancelRunUpdate = defineUpdate<Cancellation, [input: CancelRunInput | undefined]>(cancelRunUpdateName)

/** Takes the update `cancelRun` from here on. */
export function acceptCancellation(watch: Watch): void {
  setHandler(
    cancelRunUpdate,
    async (input) => {
      const { action } = accepted(cancelRunUpdateName, parseCancelRunInput(input))
      watch.cancelAsked(action)
      try {
        return await cancelNow(watch, action)
      } finally {
        watch.cancelEnds()
      }
    },
    { validator: (input) => void accepted(cancelRunUpdateName, parseCancelRunInput(input)) },
  )
}

async function cancelNow(watch: Watch, action: CancelAction): Promise<Cancellation> {
  watch.grows(0)
  const isRunKnown = () => {
    const { run, question, retry } = watch.memory
    return run !== undefined && question === undefined && retry === undefined
  }
  // A creation that is under way ends first, and so does the wait for a human, with or without a run that continues.
  if (!isRunKnown()) watch.wake()
  await until(() => watch.isEnding || watch.isHistoryFull || isRunKnown())
  for (;;) {
    const unknown = watch.whatIsUnknown()
    if (unknown) return unknown
    const { run, retry } = watch.memory
    if (watch.isHistoryFull && !watch.isEnding && !isRunKnown()) return givenUp(run)
    if (!run) return { result: 'not_created' }
    // It had failed, and would have been continued.
    if (retry) return { result: 'cancelled', run_id: run.runId, thread_id: run.threadId, status: retry.failed.status }
    const cancellation = await cancelWatched(watch, run, action)
    if (cancellation.result !== 'had_ended' || watch.options.onInterrupt === 'return') return cancellation
    // It may have stopped to ask, and somebody else may have answered: then the watch follows the run that continues.
    await until(() => watch.isEnding || watch.isHistoryFull || (watch.memory.run !== run && isRunKnown()))
    if (watch.memory.run === run) return watch.whatIsUnknown() ?? cancellation
  }
}

/** The history has no room to wait until a creation has ended. */
function givenUp(run: RunRef | undefined): Cancellation {
  return {
    result: 'cancel_unconfirmed',
    ...present({ run_id: run?.runId, thread_id: run?.threadId }),
    error: "The workflow's history is full: a run that is being created may continue",
  }
}

async function until(isSo: () => boolean): Promise<void> {
  await condition(isSo).catch((error: unknown) => {
    throw withoutStack(error)
  })
}

/** Polls continue meanwhile: they see how the run ended. */
async function cancelWatched(watch: Watch, run: RunRef, action: CancelAction): Promise<Cancellation> {
  const { cancellation } = await cancelAndConfirm(watch, run, action, () => watch.cancelSent())
  if (cancellation.result === 'cancel_unconfirmed') watch.cancelFailed()
  watch.wake()
  return cancellation
}
