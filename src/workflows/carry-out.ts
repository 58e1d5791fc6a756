import { allHandlersFinished, CancellationScope, condition, isCancellation, log } from '@temporalio/workflow'
import type { RunRequest } from '../domain/input.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import type { EndedRun, RunRef } from '../domain/run.ts'
import { cancelAndConfirm } from './cancel-and-confirm.ts'
import { acceptCancellation, endCancelled, notKnownToRun } from './cancel-watch.ts'
import { createOnce, findRun } from './create-once.ts'
import { failure } from './failures.ts'
import * as outcomes from './outcomes.ts'
import { pollUntilTerminal, scheduleNextPoll } from './poll-until-terminal.ts'
import { acceptAnswers } from './question.ts'
import type { Question } from './question.ts'
import { retrieveInOrder } from './retrieve-in-order.ts'
import { verdictOn } from './verdict.ts'
import { creationKey, waitForHuman } from './wait-for-human.ts'
import { waitForRun } from './watch.ts'
import type { Watch } from './watch.ts'

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
  acceptCancellation(watch)
  try {
    const outcome = await outcomeOf(work)
    watch.isEnding = true
    await condition(allHandlersFinished)
    return deliver(watch, { ...outcome, ...outcomes.chain(watch, outcome) })
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => endCancelled(watch, work.request))
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
