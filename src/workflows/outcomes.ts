import { failureTypes } from '../domain/contract.ts'
import { maxErrorBytes, maxReasonBytes } from '../domain/defaults.ts'
import type { Cancellation } from '../domain/creation.ts'
import { present } from '../domain/json.ts'
import { onOneLine } from '../domain/printable.ts'
import { questionText } from '../domain/question-text.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import type { KnownEnding, ReadInterrupts, RunEnding } from '../domain/run.ts'
import { bounded, seconds, utf8Bytes } from '../domain/text.ts'
import { iso, momentMs } from './clock.ts'
import type { Retrieval } from './retrieve-in-order.ts'
import type { FailedOutcome } from './memory.ts'
import type { Verdict } from './verdict.ts'
import type { HumanEnd } from './wait-for-human.ts'
import type { Watch } from './watch.ts'

type Unanswered = Extract<HumanEnd, { readonly kind: 'unanswered' }>

interface Refusal {
  readonly reason: string
  readonly isCancelled?: true
  readonly cancellation?: Cancellation
}

/** A run's own checkpoint proves how it ended; its status on the wire alone does not. */
const notVerified = { ending_verified: false } as const

/** The run succeeded, and the strategies were asked for its values. */
export function retrieved(watch: Watch, retrieval: Retrieval, ending: RunEnding | undefined): WatchOutcome {
  const base = { ...ids(watch), ...(ending?.kind === 'unreadable' && notVerified) }
  const { metadata: retrieval_metadata } = retrieval
  switch (retrieval.found) {
    case 'result':
      return {
        polling_result: 'success_with_results',
        status: 'success',
        ...base,
        result: retrieval.result,
        ...present({ inexact_numbers: retrieval.inexactNumbers }),
        retrieval_metadata,
        polling_metadata: completed(watch),
      }
    case 'stored':
      return {
        polling_result: 'success_with_results',
        status: 'success',
        ...base,
        result_reference: retrieval.reference,
        retrieval_metadata,
        polling_metadata: completed(watch),
      }
    case 'interrupts':
      return waiting(watch, retrieval, retrieval.next, base)
    case 'nothing': {
      if (ending?.kind === 'hidden') return unproven(watch, ending.reason, retrieval.error)
      const result_retrieval_error = bounded(retrieval.error, maxErrorBytes)
      return {
        polling_result: 'success_no_results',
        status: 'success',
        ...base,
        error: bounded(`Result retrieval failed: ${retrieval.error}`, maxErrorBytes),
        ...present({ result_reference: retrieval.reference }),
        retrieval_metadata,
        polling_metadata: { ...completed(watch), result_retrieval_error },
      }
    }
  }
}

/** The run stopped in `interrupt()` or at a breakpoint, whatever its status on the wire. */
export function interrupted(watch: Watch, ending: KnownEnding): WatchOutcome {
  const error =
    ending.overwritten && 'The run asked a human, or stopped at a breakpoint: a later run has overwritten what it asked'
  return waiting(watch, ending, ending.next.length > 0 ? ending.next : undefined, {
    ...ids(watch),
    ...present({ error }),
  })
}

/** It succeeded by its status, which says no more than that it stopped: it may wait for a human. */
function unproven(watch: Watch, reason: string, retrievalError: string): WatchOutcome {
  const error = `The run has ended, but whether it finished or waits for a human cannot be proven: ${reason}. ${retrievalError}`
  return { ...pollingRefused(watch, { reason: error }), ...notVerified }
}

/** The run ended badly. */
export function unsuccessful(
  watch: Watch,
  { status, error, failedNodes, isCancelled }: Verdict & { kind: 'unsuccessful' },
  ending: RunEnding | undefined,
): WatchOutcome {
  const known = ending?.kind === 'known' ? ending : undefined
  const base = {
    ...ids(watch),
    ...((ending?.kind === 'unreadable' || ending?.kind === 'hidden') && notVerified),
    error: bounded(error, maxErrorBytes),
    ...present({ cancelled: isCancelled }),
  }
  const failed = present({ failed_nodes: known?.failedNodes ?? failedNodes })
  const polling_metadata = completed(watch)
  switch (status) {
    case 'error':
      return { polling_result: 'error', status, ...base, ...failed, polling_metadata }
    case 'timeout':
      return { polling_result: 'timeout', status, ...base, ...failed, polling_metadata }
    case 'interrupted': {
      const next = known && known.next.length > 0 ? { next: known.next } : {}
      return { polling_result: 'interrupted', status, ...base, ...next, polling_metadata }
    }
  }
}

/** Nobody answered the run's question, or nobody can any more. */
export function unanswered(watch: Watch, { question, why, isCancelled }: Unanswered): WatchOutcome {
  const cancelled = present({ cancelled: isCancelled })
  return waiting(watch, question, question.next, { ...ids(watch), error: bounded(why, maxErrorBytes), ...cancelled })
}

/** The run has failed, and is not continued although it was to be. */
export function notContinued(
  watch: Watch,
  failed: FailedOutcome,
  { why, isCancelled }: { readonly why: string; readonly isCancelled?: true },
): WatchOutcome {
  const addition = bounded(`; it was not continued: ${why}`, maxErrorBytes / 2)
  const error = `${bounded(failed.error, maxErrorBytes - utf8Bytes(addition))}${addition}`
  return { ...failed, error, ...present({ cancelled: isCancelled }), polling_metadata: completed(watch) }
}

/** All runs of a chain. */
export function chain({ memory, options }: Watch, outcome: WatchOutcome): Pick<WatchOutcome, 'runs'> {
  const { run_id, status } = outcome
  if ((options.onInterrupt === 'return' && !options.retry) || run_id === undefined) return {}
  const hasFailed = status === 'error' || status === 'timeout'
  const error = options.retry && hasFailed ? (memory.retry?.failed.error ?? outcome.error) : undefined
  const last = {
    run_id,
    status,
    ...present({ error: error === undefined ? undefined : bounded(error, maxReasonBytes) }),
  }
  return { runs: [...memory.chain, last] }
}

export function pollingTimedOut(watch: Watch, cancellation?: Cancellation): WatchOutcome {
  const { options } = watch
  const { count: polls, lastError, seen } = watch.memory.polls
  const error = [
    `Polling timed out after ${seconds(options.maxPollTimeMs)} (${count(polls, 'poll')})`,
    ...(lastError === undefined ? [] : [`last error: ${lastError}`]),
    ...(isCreationUnknown(watch) ? ['a run may have been created all the same'] : []),
    ...(seen ? [`last status: ${seen.status}${seen.updatedAt ? `, unchanged since ${seen.updatedAt}` : ''}`] : []),
  ].join('; ')
  return {
    polling_result: 'timeout',
    status: 'polling_timeout',
    ...ids(watch),
    error,
    ...present({ cancellation, cancelled: cancellation?.result === 'cancelled' ? (true as const) : undefined }),
    polling_metadata: {
      poll_count: polls,
      elapsed_seconds: elapsedSeconds(watch),
      max_poll_time: options.maxPollTimeMs / 1000,
      ...attempts(watch),
      timestamp: timestamp(),
    },
  }
}

/** LangGraph gave a final answer that is no status. */
export function pollingRefused(watch: Watch, { reason, isCancelled, cancellation }: Refusal): WatchOutcome {
  return {
    polling_result: 'error',
    status: 'polling_error',
    ...ids(watch),
    error: bounded(reason, maxErrorBytes),
    ...present({ cancellation, cancelled: isCancelled }),
    polling_metadata: completed(watch),
  }
}

/** The update `cancelRun` came before a run existed. */
export function cancelledBefore(watch: Watch, unknown: Cancellation | undefined): WatchOutcome {
  const refusal = unknown ? { cancellation: unknown } : { isCancelled: true as const }
  return pollingRefused(watch, { reason: 'The run was cancelled before it was created', ...refusal })
}

/** LangGraph has refused for good to create the run. */
export function isNotCreated({ status, run_id, cancelled, cancellation }: WatchOutcome): boolean {
  return status === 'polling_error' && run_id === undefined && !cancelled && !cancellation
}

/** The type of the failure under `onUnsuccessful: 'fail'`. */
export function failureType(outcome: WatchOutcome): string {
  const { polling_result, status } = outcome
  if (isNotCreated(outcome)) return failureTypes.runNotCreated
  switch (polling_result) {
    case 'error':
      return status === 'polling_error' ? failureTypes.runPollingFailed : failureTypes.runFailed
    case 'timeout':
      return status === 'polling_timeout' ? failureTypes.runPollingTimedOut : failureTypes.runTimedOut
    case 'interrupted':
      return failureTypes.runInterrupted
    case 'success_no_results':
    case 'success_with_results':
      return failureTypes.runResultMissing
  }
}

/** One line: what became of which run. */
export function summary(outcome: WatchOutcome): string {
  const { run_id, thread_id, polling_result, status } = outcome
  if (run_id === undefined) return onOneLine(`No run is known (${status})${why(outcome)}`)
  return onOneLine(`Run ${run_id} of thread ${thread_id} ended as ${polling_result} (${status})${why(outcome)}`)
}

/** Why a watch has ended without a result: what was asked, if a human was. */
export function reason(outcome: WatchOutcome): string | undefined {
  return asked(outcome) ?? (why(outcome).slice(2) || undefined)
}

function asked(outcome: WatchOutcome): string | undefined {
  if (outcome.polling_result !== 'interrupted' || outcome.error !== undefined) return undefined
  const { interrupts = [] } = outcome
  return interrupts.length > 0 ? questionText({ interrupts }, maxErrorBytes) : undefined
}

function why(outcome: WatchOutcome): string {
  if (outcome.polling_result === 'success_with_results') return ''
  if (outcome.error !== undefined) return `: ${outcome.error}`
  return `: it waits for a human before ${'next' in outcome ? names(outcome.next ?? []) : 'continuing'}`
}

function waiting(
  watch: Watch,
  { interrupts, truncated, inexactNumbers }: ReadInterrupts,
  next: readonly string[] | undefined,
  base: ReturnType<typeof ids> & { readonly error?: string; readonly cancelled?: true },
): WatchOutcome {
  return {
    polling_result: 'interrupted',
    status: 'interrupted',
    ...base,
    interrupts,
    ...present({ truncated, next, inexact_numbers: inexactNumbers }),
    polling_metadata: completed(watch),
  }
}

function names(nodes: readonly string[]): string {
  return nodes.length === 0 ? 'continuing' : `node ${nodes.map((node) => `"${node}"`).join(', ')}`
}

/** A try to create the run got no answer. */
function isCreationUnknown(watch: Watch): boolean {
  return !watch.memory.run && watch.mayHaveCreated
}

export function count(n: number, noun: string, nouns = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : nouns}`
}

function ids({ memory: { run, creation } }: Watch) {
  return present({ run_id: run?.runId, thread_id: run?.threadId ?? creation.threadId })
}

function completed(watch: Watch) {
  return {
    poll_count: watch.memory.polls.count,
    completion_time_seconds: elapsedSeconds(watch),
    ...attempts(watch),
    timestamp: timestamp(),
  }
}

function attempts(watch: Watch): { readonly attempts?: number } {
  return watch.options.retry ? { attempts: watch.attempts } : {}
}

function elapsedSeconds({ memory }: Watch): number {
  return (momentMs() - memory.startedAtMs) / 1000
}

function timestamp(): string {
  return iso(momentMs())
}
