import {
  allHandlersFinished,
  condition,
  defineUpdate,
  log,
  patched,
  setHandler,
  upsertMemo,
} from '@temporalio/workflow'
import { cancelRunUpdateName } from '../domain/contract.ts'
import type { CancelAction, Cancellation } from '../domain/creation.ts'
import { parseCancelRunInput } from '../domain/parse-input.ts'
import type { CancelRunInput, RunRequest } from '../domain/input.ts'
import type { RunRef } from '../domain/run.ts'
import { cancelAndConfirm } from './cancel-and-confirm.ts'
import { findRun } from './create-once.ts'
import { accepted, withoutStack } from './failures.ts'
import * as outcomes from './outcomes.ts'
import { continuation, creationKey, later } from './wait-for-human.ts'
import type { Watch } from './watch.ts'

/** Cancels the run; the watch reports what became of it. */
const cancelRunUpdate = defineUpdate<Cancellation, [input: CancelRunInput | undefined]>(cancelRunUpdateName)

/** Takes the update `cancelRun` from here on. */
export function acceptCancellation(watch: Watch): void {
  let atWork = 0
  setHandler(
    cancelRunUpdate,
    async (input) => {
      const { action } = accepted(cancelRunUpdateName, parseCancelRunInput(input))
      atWork += 1
      try {
        return await cancelNow(watch, action, () => atWork === 1)
      } finally {
        atWork -= 1
      }
    },
    { validator: (input) => void accepted(cancelRunUpdateName, parseCancelRunInput(input)) },
  )
}

async function cancelNow(watch: Watch, action: CancelAction, isAlone: () => boolean): Promise<Cancellation> {
  const { state } = watch
  // Of several the one that undoes more.
  if (state.cancelAsked !== 'rollback') state.cancelAsked = action
  const isRunKnown = () => state.run !== undefined && state.question === undefined
  // A creation that is under way ends first, and the wait for a human, with a run that goes on or without.
  if (!isRunKnown()) state.wakeRequested = true
  await untilSo(() => watch.isEnding || isRunKnown())
  for (;;) {
    const unknown = notKnownToRun(watch)
    if (unknown) return unknown
    const { run } = state
    if (!run) return { result: 'not_created' }
    const cancellation = await cancelWatched(watch, run, action, isAlone)
    if (cancellation.result !== 'had_ended' || watch.options.onInterrupt === 'return') return cancellation
    // It may have stopped to ask, and somebody else may have answered: then the watch follows the run that goes on.
    await untilSo(() => watch.isEnding || (state.run !== run && isRunKnown()))
    if (state.run === run) return notKnownToRun(watch) ?? cancellation
  }
}

async function untilSo(isSo: () => boolean): Promise<void> {
  await condition(isSo).catch((error: unknown) => {
    throw withoutStack(error)
  })
}

/** Polls go on meanwhile: how the run ended is theirs to see. */
async function cancelWatched(
  { state }: Watch,
  run: RunRef,
  action: CancelAction,
  isAlone: () => boolean,
): Promise<Cancellation> {
  const { cancellation } = await cancelAndConfirm(run, action, () => {
    state.cancelSent = true
  })
  if (cancellation.result === 'cancel_unconfirmed' && isAlone()) {
    // Whatever becomes of the run now, it is not of this.
    delete state.cancelAsked
    delete state.cancelSent
  }
  state.wakeRequested = true
  return cancellation
}

/** The workflow was cancelled: the run is too, or goes on, as `onCancel` says. */
export async function endCancelled(watch: Watch, request: RunRequest | undefined): Promise<void> {
  const { options } = watch
  const cancellation = options.onCancel === 'leave' ? left(watch) : await cancelWhatRuns(watch, request)
  watch.enter('done', outcomes.cancellationDetails(cancellation))
  log.info('watch cancelled', { result: cancellation.result, status: cancellation.status })
  // Temporal gives a cancelled workflow no result, and this SDK no details.
  if (patched('cancellation-memo')) upsertMemo({ cancellation })
  watch.isEnding = true
  await condition(allHandlersFinished)
}

function left(watch: Watch): Cancellation {
  const { run, status } = watch.state
  const unknown = notKnownToRun(watch)
  if (!run && !unknown) return { result: 'not_created' }
  return { ...unknown, result: 'left', ...idsOf(run), ...(status !== undefined && { status }) }
}

async function cancelWhatRuns(watch: Watch, request: RunRequest | undefined): Promise<Cancellation> {
  const { state, options } = watch
  let run = await findWhatRuns(watch, request)
  for (;;) {
    const unknown = notKnownToRun(watch)
    if (unknown) return unknown
    if (!run) return { result: 'not_created' }
    const { cancellation } = await cancelAndConfirm(run, state.cancelAsked ?? 'interrupt')
    if (cancellation.result !== 'had_ended' || options.onInterrupt === 'return') return cancellation
    // It may have stopped to ask, and somebody else may have answered.
    const next = await findRun(watch, later(run))
    if (next?.kind !== 'overtaken' || !next.by.resumes) return notKnownToRun(watch) ?? cancellation
    run = { ...run, runId: next.by.runId }
  }
}

/** The run that the watch knows, unless one goes on from it by now, whoever made that. */
async function findWhatRuns(watch: Watch, request: RunRequest | undefined): Promise<RunRef | undefined> {
  const { run, question } = watch.state
  if (!run) {
    const found = request && (await findRun(watch, { ...request, key: creationKey() }))
    return found?.kind === 'created' ? found.run : undefined
  }
  const found = question && (await findRun(watch, continuation(watch, question, run)))
  if (found?.kind === 'created') return found.run
  return found?.by.resumes ? { ...run, runId: found.by.runId } : run
}

function idsOf(run: RunRef | undefined) {
  return run && { run_id: run.runId, thread_id: run.threadId }
}

/** Where no run is known: one may be there all the same. */
export function notKnownToRun({ state }: Watch): Cancellation | undefined {
  if (state.unansweredUntilMs === undefined) return undefined
  return { result: 'cancel_unconfirmed', error: `A run may have been created: ${state.lastError}` }
}
