import { log } from '@temporalio/workflow'
import { cameAfter } from '../domain/later-run.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import { namedError, pauseBeforeAttemptMs } from '../domain/retry.ts'
import type { RunRef } from '../domain/run.ts'
import { momentMs } from './clock.ts'
import { createOnce, findRun, nextAttempt } from './create-once.ts'
import type { FailedOutcome, Retry } from './memory.ts'
import * as outcomes from './outcomes.ts'
import { noErrorKept } from './verdict.ts'
import { aboutRun } from './watch-events.ts'
import type { Watch } from './watch.ts'

/** @returns `undefined` if the outcome is the end */
export function retryAfter(watch: Watch, outcome: WatchOutcome): Retry | undefined {
  const { retry } = watch.options
  if (!retry || !isFailureOfRun(outcome)) return undefined
  const attempt = watch.attempts + 1
  const isLast = attempt > retry.maximumAttempts
  if (isLast || namedError(outcome.error, retry.nonRetryableErrors) !== undefined) return undefined
  if (mayBeCancelled(watch, outcome)) return { attempt, mayBeCancelled: true, failed: outcome }
  return { attempt, dueAtMs: momentMs() + pauseBeforeAttemptMs(retry, attempt), failed: outcome }
}

/**
 * Some servers call a run that somebody else has cancelled failed, and keep no word of that. One that had ended before its
 * watch began is continued all the same: whoever has started the watch wants that.
 */
function mayBeCancelled({ request, memory }: Watch, { error }: FailedOutcome): boolean {
  const hadEnded = !request && memory.polls.seen?.hadEnded === true
  return error.endsWith(noErrorKept) && !hadEnded
}

function isFailureOfRun(outcome: WatchOutcome): outcome is FailedOutcome {
  const { polling_result, status, cancelled } = outcome
  return !cancelled && (polling_result === 'error' || polling_result === 'timeout') && status === polling_result
}

const notRead = 'where it stopped could not be read, perhaps because a later run has used its thread'
const inDoubt = 'somebody may have cancelled it on the server'

type AttemptEnd =
  | { readonly kind: 'created'; readonly run: RunRef }
  | { readonly kind: 'given_up'; readonly outcome: WatchOutcome }

/** Continues the failed run from its last checkpoint, after the pause. */
export async function runAgain(watch: Watch): Promise<AttemptEnd> {
  const { attempt, failed, mayBeCancelled: isInDoubt } = retryOf(watch)
  if (failed.ending_verified === false) return givenUp(watch, failed, notRead)
  const whatNow = isInDoubt ? 'run failed or was cancelled, and is not continued' : 'run failed, and is to be continued'
  log.info(whatNow, { ...aboutRun(watch), attempt })
  while (retryOf(watch).dueAtMs !== undefined && !watch.memory.cancelling) {
    if (await watch.untilNextAttempt()) watch.attemptBegins(momentMs())
    await watch.restartWhereLong()
  }
  // Without a try that got no answer no run can exist.
  if (watch.memory.cancelling && !watch.mayHaveCreated) return givenUpAsCancelled(watch, failed)
  const request = isInDoubt ? { ...nextAttempt(watch), findOnly: true as const } : nextAttempt(watch)
  const end = await createOnce(watch, request)
  switch (end.kind) {
    case 'created':
      return end
    case 'overtaken':
      return givenUp(watch, failed, cameAfter(end.by))
    case 'cancelled':
      return watch.memory.cancelling ? givenUpAsCancelled(watch, failed) : givenUp(watch, failed, inDoubt)
    case 'timed_out': {
      const found = watch.options.onPollTimeout === 'cancel_run' ? await findRun(watch, request) : undefined
      if (found?.kind === 'created') return found
      const why = `LangGraph could not be asked to within \`maxPollTime\`: ${watch.memory.polls.lastError ?? end.lastError}`
      return givenUp(watch, failed, `${why}${mayHaveBegun(watch)}`)
    }
    case 'unproven':
    case 'refused':
      return givenUp(watch, failed, end.reason)
    // It asks nobody.
    case 'edited':
      return givenUp(watch, failed, "the thread's state was edited by hand")
  }
}

function retryOf({ memory: { retry } }: Watch): Retry {
  if (!retry) throw new Error('nothing is to be continued')
  return retry
}

function mayHaveBegun(watch: Watch): string {
  return watch.mayHaveCreated ? ' (or it was, and the run that continues is not known)' : ''
}

function givenUp(watch: Watch, failed: FailedOutcome, why: string) {
  return { kind: 'given_up', outcome: outcomes.notContinued(watch, failed, { why }) } as const
}

function givenUpAsCancelled(watch: Watch, failed: FailedOutcome) {
  const why = `it was cancelled${mayHaveBegun(watch)}`
  return { kind: 'given_up', outcome: outcomes.notContinued(watch, failed, { why, isCancelled: true }) } as const
}
