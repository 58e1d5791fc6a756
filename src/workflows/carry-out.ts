import { allHandlersFinished, CancellationScope, condition, isCancellation, log } from '@temporalio/workflow'
import type { RunRequest } from '../domain/input.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import type { EndedRun, RunRef } from '../domain/run.ts'
import { cancelAndConfirm } from './cancel-and-confirm.ts'
import { acceptCancellation } from './cancel-update.ts'
import { createOnce, creationOf, findRun } from './create-once.ts'
import { endCancelled } from './end-cancelled.ts'
import { failure, noRunCreated } from './failures.ts'
import * as outcomes from './outcomes.ts'
import { pollUntilTerminal } from './poll-until-terminal.ts'
import { questionIn } from './question.ts'
import { acceptAnswers } from './resume-update.ts'
import { retrieveInOrder } from './retrieve-in-order.ts'
import { verdictOn } from './verdict.ts'
import { waitForHuman } from './wait-for-human.ts'
import type { Watch } from './watch.ts'

/** Creates the run if it is to be created, waits for it, and for any human it asks, and returns the outcome. */
export async function carryOut(watch: Watch): Promise<WatchOutcome> {
  watch.acceptHints()
  acceptAnswers(watch)
  acceptCancellation(watch)
  try {
    const outcome = await outcomeOf(watch)
    watch.ends()
    await condition(allHandlersFinished)
    return deliver(watch, { ...outcome, ...outcomes.chain(watch, outcome) })
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => endCancelled(watch))
    throw error
  }
}

async function outcomeOf(watch: Watch): Promise<WatchOutcome> {
  const refused = await createRunIfNone(watch)
  if (refused) return refused
  for (;;) {
    const { run } = watch
    if (!watch.memory.question) {
      const outcome = await outcomeOfRun(watch, run)
      const question = questionIn(watch.options, outcome, Date.now())
      if (!question) return outcome
      watch.asked(question)
    }
    const end = await waitForHuman(watch, run)
    if (end.kind === 'unanswered') return outcomes.unanswered(watch, end.question, end.why)
    watch.follow(end.run, end.by, Date.now())
    watch.scheduleNextPoll(Date.now())
  }
}

/** @returns the outcome if there is no run to wait for */
async function createRunIfNone(watch: Watch): Promise<WatchOutcome | undefined> {
  const { request } = watch
  if (watch.memory.run || !request) return undefined
  const end = await createOnce(watch, creationOf(request))
  switch (end.kind) {
    case 'created':
      watch.turnTo(end.run)
      watch.scheduleNextPoll(Date.now())
      return undefined
    case 'timed_out':
      return concludeTimeoutOfCreation(watch, request)
    case 'cancelled':
      return outcomes.pollingRefused(watch, 'The run was cancelled before it was created', watch.runMayExist())
    case 'unproven': {
      const reason = `A run may have been created on thread ${end.threadId}: ${end.reason}`
      return outcomes.pollingRefused(watch, reason, watch.runMayExist())
    }
    case 'refused':
      return outcomes.pollingRefused(watch, `The run could not be created: ${end.reason}`)
  }
}

async function concludeTimeoutOfCreation(watch: Watch, request: RunRequest): Promise<WatchOutcome> {
  if (watch.options.onPollTimeout === 'leave') return outcomes.pollingTimedOut(watch)
  const found = await findRun(watch, creationOf(request))
  if (!found) return outcomes.pollingTimedOut(watch, watch.runMayExist())
  watch.turnTo(found.run)
  return concludeTimeout(watch, found.run)
}

async function outcomeOfRun(watch: Watch, run: RunRef): Promise<WatchOutcome> {
  const end = await pollUntilTerminal(watch, run)
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

/** Only a run that succeeded, and did not stop half-way, has a result to return. */
async function concludeRun(watch: Watch, run: RunRef, look: EndedRun): Promise<WatchOutcome> {
  const verdict = verdictOn(look, watch.memory.cancelling?.isSent)
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

function deliver(watch: Watch, outcome: WatchOutcome): WatchOutcome {
  watch.enter('done', outcomes.details(outcome))
  const { polling_result, status, polling_metadata } = outcome
  log.info('watch ended', { pollingResult: polling_result, status, polls: polling_metadata.poll_count })
  if (watch.options.onUnsuccessful === 'return' || polling_result === 'success_with_results') return outcome
  const details = watch.memory.run || watch.runMayExist() ? [outcome] : [outcome, noRunCreated]
  throw failure(outcomes.failureType(outcome), outcomes.summary(outcome), ...details)
}
