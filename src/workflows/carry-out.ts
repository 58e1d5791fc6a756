import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineUpdate,
  isCancellation,
  log,
  patched,
  setHandler,
  upsertMemo,
} from '@temporalio/workflow'
import { cancelRunUpdateName } from '../domain/contract.ts'
import type { CancelAction, Cancellation } from '../domain/creation.ts'
import { parseCancelRunInput } from '../domain/input.ts'
import type { CancelRunInput, RunRequest } from '../domain/input.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import type { EndedRun, RunRef } from '../domain/run.ts'
import { cancelAndConfirm } from './cancel-and-confirm.ts'
import { createOnce, findRun } from './create-once.ts'
import { accepted, failure, withoutStack } from './failures.ts'
import * as outcomes from './outcomes.ts'
import { pollUntilTerminal, scheduleNextPoll } from './poll-until-terminal.ts'
import { acceptAnswers } from './question.ts'
import type { Question } from './question.ts'
import { retrieveInOrder } from './retrieve-in-order.ts'
import { verdictOn } from './verdict.ts'
import { continuation, creationKey, later, waitForHuman } from './wait-for-human.ts'
import { waitForRun } from './watch.ts'
import type { Watch } from './watch.ts'

/** Cancels the run; the watch reports what became of it. */
const cancelRunUpdate = defineUpdate<Cancellation, [input: CancelRunInput | undefined]>(cancelRunUpdateName)

/** What a watch needs beside its memory. */
export interface Work {
  readonly watch: Watch
  /** Which run to create; absent where there is one. */
  readonly request?: RunRequest
  restart(): Promise<never>
}

/** Creates the run if it is to be created, waits for it and for whom it waits for, and brings back the outcome. */
export async function carryOut(work: Work): Promise<WatchOutcome> {
  const { watch } = work
  acceptAnswers(watch)
  acceptCancellation(work)
  try {
    const outcome = await outcomeOf(work)
    watch.isEnding = true
    await condition(allHandlersFinished)
    return deliver(watch, { ...outcome, ...outcomes.chain(watch, outcome) })
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => endCancelled(work))
    throw error
  }
}

async function outcomeOf(work: Work): Promise<WatchOutcome> {
  const { watch, restart } = work
  const { state } = watch
  const refused = await createRunIfNone(work)
  if (refused) return refused
  for (;;) {
    const run = runOf(watch)
    if (!state.question) {
      const outcome = await outcomeOfRun(work, run)
      const question = questionIn(watch, outcome)
      if (!question) return outcome
      state.question = question
      delete state.nextPollAtMs
    }
    const { question } = state
    const end = await waitForHuman(watch, question, run, restart)
    if (end.kind === 'unanswered') return outcomes.unanswered(watch, question, end.why)
    follow(watch, end.run, end.by)
  }
}

/** @returns the outcome where there is no run to wait for */
async function createRunIfNone({ watch, request, restart }: Work): Promise<WatchOutcome | undefined> {
  const { state } = watch
  if (state.run || !request) return undefined
  const end = await createOnce(watch, { ...request, key: creationKey() }, restart)
  switch (end.kind) {
    case 'created':
      waitForRun(state, end.run)
      scheduleNextPoll(watch)
      return undefined
    case 'timed_out':
      return concludeTimeoutOfCreation(watch, request)
    case 'cancelled':
      return outcomes.pollingRefused(watch, 'The run was cancelled before it was created', notKnownToRun(watch))
    case 'refused':
      return outcomes.pollingRefused(watch, `The run could not be created: ${end.reason}`)
    case 'overtaken':
      throw new Error('a run that continues none cannot be overtaken')
  }
}

async function concludeTimeoutOfCreation(watch: Watch, request: RunRequest): Promise<WatchOutcome> {
  const { state, options } = watch
  if (options.onPollTimeout === 'leave') return outcomes.pollingTimedOut(watch)
  const found = await findRun(watch, { ...request, key: creationKey() })
  if (found?.kind !== 'created') return outcomes.pollingTimedOut(watch, notKnownToRun(watch))
  waitForRun(state, found.run)
  return concludeTimeout(watch, found.run)
}

/** Where no run is known: one may be there all the same. */
function notKnownToRun({ state }: Watch): Cancellation | undefined {
  if (state.unansweredUntilMs === undefined) return undefined
  return { result: 'cancel_unconfirmed', error: `A run may have been created: ${state.lastError}` }
}

async function outcomeOfRun({ watch, restart }: Work, run: RunRef): Promise<WatchOutcome> {
  const end = await pollUntilTerminal(watch, run, restart)
  switch (end.kind) {
    case 'timed_out':
      return concludeTimeout(watch, run)
    case 'refused':
      return outcomes.pollingRefused(watch, end.reason)
    case 'terminal':
      return concludeRun(watch, run, end.look)
  }
}

async function concludeTimeout(watch: Watch, run: RunRef): Promise<WatchOutcome> {
  if (watch.options.onPollTimeout === 'leave') return outcomes.pollingTimedOut(watch)
  const { cancellation, ended } = await cancelAndConfirm(run, 'interrupt')
  return ended ? concludeRun(watch, run, ended) : outcomes.pollingTimedOut(watch, cancellation)
}

/** Only a run that succeeded, and did not stop half-way, has a result to bring back. */
async function concludeRun(watch: Watch, run: RunRef, look: EndedRun): Promise<WatchOutcome> {
  const verdict = verdictOn(look, watch.state.cancelSent)
  switch (verdict.kind) {
    case 'unsuccessful':
      return outcomes.unsuccessful(watch, verdict, look.ending)
    case 'waiting':
      return outcomes.interrupted(watch, verdict.ending)
    case 'success':
      watch.enter('retrieving')
      return outcomes.retrieved(watch, await retrieveInOrder(run, watch.options.retrieval, look), look.ending)
  }
}

/** What a human is to be waited for with; `undefined` where the outcome is the end. */
function questionIn({ options }: Watch, outcome: WatchOutcome): Question | undefined {
  const isQuestion = outcome.polling_result === 'interrupted' && outcome.interrupts !== undefined
  if (!isQuestion || options.onInterrupt === 'return') return undefined
  const { interrupts = [], truncated, next = [] } = outcome
  return {
    interrupts,
    ...(truncated && { truncated }),
    next,
    ...(Number.isFinite(options.humanTimeoutMs) && { untilMs: Date.now() + options.humanTimeoutMs }),
    answers: {},
    goOn: false,
    looks: 0,
  }
}

/** The run that goes on is another one. */
function follow(watch: Watch, run: RunRef, by: 'resume' | 'elsewhere'): void {
  const { state } = watch
  const before = { run_id: runOf(watch).runId, status: 'interrupted', continued_by: by }
  state.chain = [...(state.chain ?? []), before]
  delete state.question
  if (by === 'elsewhere') state.timeFromMs = Date.now()
  waitForRun(state, run)
  scheduleNextPoll(watch)
}

function runOf({ state }: Watch): RunRef {
  if (!state.run) throw new Error('there is no run yet')
  return state.run
}

function deliver(watch: Watch, outcome: WatchOutcome): WatchOutcome {
  watch.enter('done', outcomes.details(outcome))
  const { polling_result, status, polling_metadata } = outcome
  log.info('watch ended', { pollingResult: polling_result, status, polls: polling_metadata.poll_count })
  if (watch.options.onUnsuccessful === 'return' || polling_result === 'success_with_results') return outcome
  throw failure(outcomes.failureType(outcome), outcomes.summary(outcome), outcome)
}

/** Takes the update `cancelRun` from here on. */
function acceptCancellation({ watch }: Work): void {
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
async function endCancelled({ watch, request }: Work): Promise<void> {
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
