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
import type { Cancellation } from '../domain/creation.ts'
import { parseCancelRunInput } from '../domain/input.ts'
import type { CancelRunInput, RunRequest } from '../domain/input.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import type { EndedRun, RunRef } from '../domain/run.ts'
import { cancelAndConfirm } from './cancel-and-confirm.ts'
import { createOnce, findUnanswered } from './create-once.ts'
import { accepted, failure, withoutStack } from './failures.ts'
import * as outcomes from './outcomes.ts'
import { pollUntilTerminal, scheduleNextPoll } from './poll-until-terminal.ts'
import { acceptAnswers } from './question.ts'
import type { Question } from './question.ts'
import { retrieveInOrder } from './retrieve-in-order.ts'
import { verdictOn } from './verdict.ts'
import { continuation, creationKey, waitForHuman } from './wait-for-human.ts'
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
    watch.isRestarting = true
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
    }
    const { question } = state
    const end = await waitForHuman(watch, question, run, restart)
    if (end.kind === 'unanswered') return outcomes.unanswered(watch, question, end.why)
    follow(watch, question, end.run, end.by)
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
      return outcomes.pollingTimedOut(watch, await cancelAtTimeout(watch, request))
    case 'cancelled':
      return outcomes.pollingRefused(watch, 'The run was cancelled before it was created')
    case 'refused':
      return outcomes.pollingRefused(watch, `The run could not be created: ${end.reason}`)
    case 'overtaken':
      throw new Error('a run that continues none cannot be overtaken')
  }
}

async function cancelAtTimeout(watch: Watch, request: RunRequest): Promise<Cancellation | undefined> {
  if (watch.options.onPollTimeout === 'leave') return undefined
  const run = await findUnanswered(watch, { ...request, key: creationKey() })
  return run ? (await cancelAndConfirm(run, 'interrupt')).cancellation : undefined
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
  const verdict = verdictOn(look, watch.state.cancelAsked !== undefined)
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
  const sinceMs = Date.now()
  return {
    interrupts,
    ...(truncated && { truncated }),
    next,
    sinceMs,
    ...(Number.isFinite(options.humanTimeoutMs) && { untilMs: sinceMs + options.humanTimeoutMs }),
    answers: {},
    goOn: false,
    looks: 0,
  }
}

/** The run that goes on is another one; the time that the human took does not count. */
function follow(watch: Watch, question: Question, run: RunRef, by: 'resume' | 'elsewhere'): void {
  const { state } = watch
  const before = { run_id: runOf(watch).runId, status: 'interrupted', continued_by: by }
  state.chain = [...(state.chain ?? []), before]
  state.humanMs = (state.humanMs ?? 0) + Date.now() - question.sinceMs
  delete state.question
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
  const { state } = watch
  setHandler(
    cancelRunUpdate,
    async (input) => {
      const { action } = accepted(cancelRunUpdateName, parseCancelRunInput(input))
      state.cancelAsked = action
      // A creation that is under way ends first, with a run or without.
      state.wakeRequested = true
      await condition(() => state.run !== undefined || watch.isRestarting).catch((error: unknown) => {
        throw withoutStack(error)
      })
      if (!state.run) return { result: 'not_created' }
      const { cancellation } = await cancelAndConfirm(state.run, action)
      state.wakeRequested = true
      return cancellation
    },
    { validator: (input) => void accepted(cancelRunUpdateName, parseCancelRunInput(input)) },
  )
}

/** The workflow was cancelled: the run is too, or goes on, as `onCancel` says. */
async function endCancelled({ watch, request }: Work): Promise<void> {
  const { state, options } = watch
  const cancellation = options.onCancel === 'leave' ? left(watch) : await cancelWhatRuns(watch, request)
  watch.enter('done', outcomes.cancellationDetails(cancellation))
  log.info('watch cancelled', { result: cancellation.result, status: cancellation.status })
  // Temporal gives a cancelled workflow no result, and this SDK no details.
  if (patched('cancellation-memo')) upsertMemo({ cancellation })
  watch.isRestarting = true
  await condition(allHandlersFinished)
  state.wakeRequested = false
}

function left({ state: { run, status } }: Watch): Cancellation {
  return { result: run ? 'left' : 'not_created', ...idsOf(run), ...(status !== undefined && { status }) }
}

async function cancelWhatRuns(watch: Watch, request: RunRequest | undefined): Promise<Cancellation> {
  const { state } = watch
  const asked = state.run ? continuation(watch) : request && { ...request, key: creationKey() }
  const run = (asked && (await findUnanswered(watch, asked))) ?? state.run
  if (run) return (await cancelAndConfirm(run, state.cancelAsked ?? 'interrupt')).cancellation
  if (state.unansweredUntilMs === undefined) return { result: 'not_created' }
  return { result: 'cancel_unconfirmed', error: `A run may have been created: ${state.lastError}` }
}

function idsOf(run: RunRef | undefined) {
  return run && { run_id: run.runId, thread_id: run.threadId }
}
