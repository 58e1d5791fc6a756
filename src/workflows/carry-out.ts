import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
} from '@temporalio/workflow'
import type { RunRequest } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import type { EndedRun, RunRef } from '../domain/run.ts'
import { stateOf } from '../domain/state.ts'
import { utf8Bytes } from '../domain/text.ts'
import { cancelAndConfirm } from './cancel-and-confirm.ts'
import { acceptCancellation } from './cancel-update.ts'
import { createOnce, creationOf, findRun } from './create-once.ts'
import { momentMs } from './clock.ts'
import { describeEnd, describeFailure } from './details.ts'
import { endCancelled } from './end-cancelled.ts'
import { failure, noRunCreated } from './failures.ts'
import { notifies, notifyOfEnd } from './notifying.ts'
import * as outcomes from './outcomes.ts'
import { pollUntilTerminal } from './poll-until-terminal.ts'
import { questionIn } from './question.ts'
import { acceptAnswers } from './resume-update.ts'
import { retryAfter, runAgain } from './run-again.ts'
import { retrieveInOrder } from './retrieve-in-order.ts'
import type { Retrieval, Slip } from './retrieve-in-order.ts'
import { verdictOn } from './verdict.ts'
import { waitForHuman } from './wait-for-human.ts'
import { noteEnd } from './watch-events.ts'
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
    return await deliver(watch, { ...outcome, ...outcomes.chain(watch, outcome) })
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => endCancelled(watch))
    else if (error instanceof ApplicationFailure && !watch.display.hasConcluded) {
      watch.conclude({ state: 'polling_error', error: error.message }, describeFailure(error.message))
      watch.publish()
      if (notifies(watch)) await notifyOfEnd(watch, {})
      noteEnd(watch, 'polling_error')
    }
    throw error
  }
}

async function outcomeOf(watch: Watch): Promise<WatchOutcome> {
  const refused = await createRunIfNone(watch)
  if (refused) return refused
  for (;;) {
    const { run } = watch
    if (!watch.memory.question && !watch.memory.retry) {
      const outcome = await outcomeOfRun(watch, run)
      const end = endAfter(watch, outcome)
      if (end) return end
    }
    if (watch.memory.retry) {
      const end = await runAgain(watch)
      if (end.kind === 'given_up') return end.outcome
      watch.retried(end.run)
      watch.scheduleNextPoll()
      continue
    }
    const end = await waitForHuman(watch)
    watch.humanIsNotAwaited()
    if (end.kind === 'unanswered') return outcomes.unanswered(watch, end)
    watch.follow(end.run, end.by, momentMs())
    watch.scheduleNextPoll()
  }
}

/** @returns the outcome, unless a human is to be asked, or the run is to be continued */
function endAfter(watch: Watch, outcome: WatchOutcome): WatchOutcome | undefined {
  const retry = retryAfter(watch, outcome)
  if (retry) {
    watch.failed(retry)
    return undefined
  }
  const question = questionIn(watch.options, outcome, momentMs())
  if (!question) return outcome
  watch.asked(question)
  watch.grows(utf8Bytes(JSON.stringify(question)))
  return undefined
}

/** @returns the outcome if no run is to be waited for */
async function createRunIfNone(watch: Watch): Promise<WatchOutcome | undefined> {
  const { request } = watch
  if (watch.memory.run || !request) return undefined
  const end = await createOnce(watch, creationOf(request))
  switch (end.kind) {
    case 'created':
      watch.turnTo(end.run)
      if (request.run.afterSeconds !== undefined) {
        watch.dueAt((end.askedAtMs ?? watch.memory.startedAtMs) + request.run.afterSeconds * 1000)
      }
      watch.scheduleNextPoll()
      return undefined
    case 'timed_out':
      return concludeTimeoutOfCreation(watch, request)
    case 'cancelled':
      return outcomes.cancelledBefore(watch, watch.whatIsUnknown())
    case 'unproven': {
      const reason = `A run may have been created on thread ${end.threadId}: ${end.reason}`
      return outcomes.pollingRefused(watch, { reason, ...present({ cancellation: watch.whatIsUnknown() }) })
    }
    case 'refused':
      return outcomes.pollingRefused(watch, { reason: `The run could not be created: ${end.reason}` })
  }
}

async function concludeTimeoutOfCreation(watch: Watch, request: RunRequest): Promise<WatchOutcome> {
  if (watch.options.onPollTimeout === 'leave') return outcomes.pollingTimedOut(watch)
  const found = await findRun(watch, creationOf(request))
  if (!found) return outcomes.pollingTimedOut(watch, watch.whatIsUnknown())
  watch.turnTo(found.run)
  return concludeTimeout(watch, found.run)
}

async function outcomeOfRun(watch: Watch, run: RunRef): Promise<WatchOutcome> {
  const end = await pollUntilTerminal(watch, run)
  switch (end.kind) {
    case 'timed_out':
      return concludeTimeout(watch, run)
    case 'refused':
      return outcomes.pollingRefused(watch, end)
    case 'terminal':
      return concludeRun(watch, run, end.look)
  }
}

async function concludeTimeout(watch: Watch, run: RunRef): Promise<WatchOutcome> {
  if (watch.options.onPollTimeout === 'leave') return outcomes.pollingTimedOut(watch)
  const { cancellation, ended } = await cancelAndConfirm(watch, run, 'interrupt')
  return ended ? concludeRun(watch, run, ended) : outcomes.pollingTimedOut(watch, cancellation)
}

/** Only a run that succeeded, and did not stop half-way, has a result to return. */
async function concludeRun(watch: Watch, run: RunRef, look: EndedRun): Promise<WatchOutcome> {
  const verdict = verdictOn(look, watch.memory.cancelling?.isSent, watch.isRetry)
  switch (verdict.kind) {
    case 'unsuccessful':
      return outcomes.unsuccessful(watch, verdict, look.ending)
    case 'waiting':
      return outcomes.interrupted(watch, verdict.ending)
    case 'success':
      watch.enter('retrieving')
      return outcomes.retrieved(watch, await retrieve(watch, run, look), look.ending)
  }
}

function retrieve(watch: Watch, run: RunRef, look: EndedRun): Promise<Retrieval> {
  return retrieveInOrder(run, watch.options.retrieval, look, {
    waitsOut: async (slip, message, n, retryAfterMs) => {
      if (!isWaitedOut(watch, slip, look)) return false
      watch.noteError(message)
      watch.enter('retrieving')
      watch.publish()
      await watch.untilConfigured(n, retryAfterMs)
      await watch.restartWhereLong()
      return true
    },
    pauses: () => watch.publish(),
    mayShow: (shown) => watch.mayShow(shown),
  })
}

/** What a worker's configuration lacks, forbids or has wrong is waited out, however long that takes. */
function isWaitedOut(watch: Watch, slip: Slip, { ending }: EndedRun): boolean {
  switch (slip) {
    case 'unknown deployment':
    case 'not asked':
      return true
    case 'refused key':
      // The last poll has read the state with it; otherwise it may be for the status alone.
      return ending?.kind !== 'unreadable'
    case 'missing thread':
      return !watch.outages.isThreadGone()
  }
}

async function deliver(watch: Watch, outcome: WatchOutcome): Promise<WatchOutcome> {
  watch.conclude(
    { state: stateOf(outcome), error: outcomes.reason(outcome) },
    describeEnd(outcome, watch.display.about),
  )
  watch.publish()
  if (notifies(watch)) await notifyOfEnd(watch, { outcome })
  noteEnd(watch, stateOf(outcome))
  const isReturned = watch.options.onUnsuccessful === 'return' && !outcomes.isNotCreated(outcome)
  if (isReturned || outcome.polling_result === 'success_with_results') return outcome
  const details = watch.memory.run || watch.mayHaveCreated ? [outcome] : [outcome, noRunCreated]
  throw failure(outcomes.failureType(outcome), outcomes.summary(outcome), ...details)
}
