import { CancellationScope, condition, log, sleep, workflowInfo } from '@temporalio/workflow'
import { failureTypes, langGraphFailureTypes } from '../domain/contract.ts'
import type { Continuation, CreateRunRequest, Created, LaterRun, NewRun, StateNow } from '../domain/creation.ts'
import { creationTimeoutMs } from '../domain/defaults.ts'
import type { RunRequest } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { RunRef } from '../domain/run.ts'
import { createRun, offered } from './activities.ts'
import { momentMs } from './clock.ts'
import { failure, noAnswer, noRunCreated } from './failures.ts'
import type { NoAnswer } from './failures.ts'
import { answersOf, isAnswered } from './question.ts'
import { notifyOfOutage, outageNews } from './notifying.ts'
import type { Question } from './question.ts'
import { aboutRun } from './watch-events.ts'
import type { Watch } from './watch.ts'

const mostLooks = 3

export type CreationEnd =
  | {
      readonly kind: 'created'
      readonly run: RunRef
      readonly asksAgain?: true | undefined
      /** By Temporal's clock; absent if the activity does not say it. */
      readonly askedAtMs?: number | undefined
    }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Whether there is a run cannot be found out. */
  | { readonly kind: 'unproven'; readonly reason: string; readonly threadId: string }
  /** The update `cancelRun` came before a run existed. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timed_out'; readonly lastError: string }
  // Only a run that continues another can end as these.
  /** Another run, which somebody else made, has continued it. */
  | { readonly kind: 'overtaken'; readonly by: LaterRun }
  /** The thread's state was edited, and does not ask this question any more. */
  | { readonly kind: 'edited'; readonly now: StateNow }

type FirstEnd = Exclude<CreationEnd, { readonly kind: 'overtaken' | 'edited' }>
export type FoundRun = Extract<CreationEnd, { readonly kind: 'created' | 'overtaken' }>

interface FirstRun extends CreateRunRequest {
  readonly run: NewRun
}

type Try =
  | { readonly kind: 'answered'; readonly creation: Created }
  | { readonly kind: 'failed'; readonly failed: NoAnswer }

/**
 * Tries until a run exists, the server says no for good, or the deadline has passed. A busy thread is waited for, and
 * so is a server that is away. Every try first looks for what an earlier one has created.
 */
export function createOnce(watch: Watch, request: FirstRun): Promise<FirstEnd>
export function createOnce(watch: Watch, request: CreateRunRequest): Promise<CreationEnd>
export async function createOnce(watch: Watch, request: CreateRunRequest): Promise<CreationEnd> {
  for (;;) {
    const slept = await watch.untilNextPoll()
    const isLastTry = (await watch.untilNothingArrives()) === 'overdue' || slept === 'overdue'
    // Last chance to be cancelled: the request below is shielded, so a cancelled workflow must stop here. A condition
    // that is met at once still throws then.
    await condition(() => true)
    if (watch.memory.cancelling) return (await findRun(watch, request)) ?? { kind: 'cancelled' }
    const tried = await tryOnce(watch, request)
    const end = tried.kind === 'answered' ? endOf(watch, request, tried.creation) : refusalOf(watch, tried.failed)
    const notice = tried.kind === 'failed' ? outageNews(watch, tried.failed) : undefined
    if (notice !== undefined) await notifyOfOutage(watch, notice)
    if (end) return end
    if (watch.memory.cancelling) continue
    if (isLastTry) return { kind: 'timed_out', lastError: watch.memory.polls.lastError ?? 'no answer' }
    watch.scheduleNextPoll(tried.kind === 'failed' ? tried.failed.retryAfterMs : undefined)
    await watch.restartWhereLong()
  }
}

/**
 * After a cancellation: the run that a try created without saying so, or that somebody else made as its continuation.
 *
 * @returns `undefined` if none exists, and if that could not be found out: then `whatIsUnknown` says so
 */
export function findRun(
  watch: Watch,
  request: FirstRun,
): Promise<Extract<FoundRun, { readonly kind: 'created' }> | undefined>
export function findRun(watch: Watch, request: CreateRunRequest): Promise<FoundRun | undefined>
export async function findRun(watch: Watch, request: CreateRunRequest): Promise<FoundRun | undefined> {
  if (!watch.mayHaveCreated && !('continues' in request.run)) return undefined
  let unasked = 0
  for (let look = 1; ; look += 1) {
    await watch.untilNothingArrives()
    const tried = await tryOnce(watch, { ...request, findOnly: true })
    if (tried.kind === 'answered') {
      const end = endOf(watch, request, tried.creation)
      return end?.kind === 'created' || end?.kind === 'overtaken' ? end : undefined
    }
    watch.noteError(tried.failed.message)
    const { type, isNotAsked = false, retryAfterMs } = tried.failed
    const hasNotLooked = isNotAsked || type === failureTypes.unknownDeployment
    const mayLookAgain = hasNotLooked ? await watch.untilConfigured(unasked, retryAfterMs) : look < mostLooks
    if (!mayLookAgain) {
      watch.runNotFoundOut(tried.failed.message)
      return undefined
    }
    if (hasNotLooked) {
      unasked += 1
      look -= 1
      continue
    }
    await sleep(1000 * 2 ** (look + 1), { summary: 'until the run is looked for again' })
  }
}

/** A cancellation does not stop it: whether a run exists now must be known. */
async function tryOnce(watch: Watch, request: CreateRunRequest): Promise<Try> {
  watch.tryBegins()
  watch.enter('creating')
  const summary = request.findOnly ? 'look for the run' : 'create the run'
  const options = { summary, ...offered(watch.memory.polls.failedInARow) }
  try {
    const asked = watch.mayHaveCreated ? { ...request, mayExist: true as const } : request
    const creation = await CancellationScope.nonCancellable(() =>
      createRun.executeWithOptions(options, [{ ...asked, ...watch.unanswered }]),
    )
    return { kind: 'answered', creation }
  } catch (error) {
    const failed = noAnswer(error)
    if (failed.shown) watch.mayShow(failed.shown)
    if (failed.mayHaveCreated && !request.findOnly) {
      watch.creationUnanswered(failed.message)
      watch.mayArriveFor(failed.mayArriveForMs ?? creationTimeoutMs)
    }
    return { kind: 'failed', failed }
  }
}

function endOf(watch: Watch, { deployment }: CreateRunRequest, creation: Created): CreationEnd | undefined {
  watch.mayShow(creation)
  watch.creationAnswered(creation)
  const { threadId, askedAtMs } = creation
  switch (creation.kind) {
    case 'created':
      log.info('run created', { deployment, thread_id: threadId, run_id: creation.runId })
      return {
        kind: 'created',
        run: { threadId, runId: creation.runId, deployment },
        ...present({ asksAgain: creation.asksAgain, askedAtMs }),
      }
    case 'busy':
      return undefined
    case 'not_found':
      return { kind: 'cancelled' }
    case 'foreign':
      throw failure(failureTypes.differentRequest, ofAnotherRequest(creation.runId, threadId))
    case 'overtaken':
    case 'unproven':
    case 'edited':
    case 'refused':
      return creation
  }
}

function ofAnotherRequest(runId: string, threadId: string): string {
  const { workflowId } = workflowInfo()
  return `Workflow id "${workflowId}" belongs to another request, for which run ${runId} of thread ${threadId} was created. Take another workflow id for another run`
}

function refusalOf(watch: Watch, failed: NoAnswer): CreationEnd | undefined {
  const { type, message, isNotAsked } = failed
  watch.pollFailed(message, momentMs(), isNotAsked)
  const details = watch.memory.run || watch.mayHaveCreated ? [] : [noRunCreated]
  if (watch.outages.isMisspelt(failed)) throw failure(failureTypes.unknownDeployment, message, ...details)
  const { polls } = watch.memory
  log.debug('the run could not be created', { ...aboutRun(watch), failedInARow: polls.failedInARow, type })
  const isFinalHere = type === langGraphFailureTypes.tooLarge || watch.outages.isFinal(failed)
  return isFinalHere && !watch.mayHaveCreated ? { kind: 'refused', reason: message } : undefined
}

/** What creates the run of an execution. */
export function creationOf(request: RunRequest): FirstRun {
  return { ...request, key: creationKey() }
}

/** What finds a run that somebody else made as the continuation of this one. */
export function later({ deployment, threadId, runId }: RunRef): CreateRunRequest {
  return { deployment, threadId, key: `${creationKey()}#`, run: { continues: runId }, findOnly: true }
}

/** What creates the run that continues after the answers; while some are missing it can only be looked for. */
export function continuation(watch: Watch, question: Question, run: RunRef): CreateRunRequest {
  const { interrupts, truncated, next } = question
  const asked = { interrupts, next, ...present({ truncated }) }
  const how: Continuation = { continues: run.runId, asked, ...present({ resume: answersOf(question) }) }
  const request = { deployment: run.deployment, threadId: run.threadId, key: keyOfNext(watch), run: how }
  return isAnswered(question) ? request : { ...request, findOnly: true }
}

/** What creates the run that continues a failed one. */
export function nextAttempt(watch: Watch): CreateRunRequest {
  const { deployment, threadId, runId } = watch.run
  const failedAfter = watch.memory.chain.map(({ run_id }) => run_id)
  return { deployment, threadId, key: keyOfNext(watch), run: { continues: runId, failedAfter } }
}

/** A watch of the same run may have been there before, with the same id, and another answer. */
function keyOfNext({ questionNumber }: Watch): string {
  return `${creationKey()}/${workflowInfo().firstExecutionRunId}#${questionNumber + 1}`
}

/** `<namespace>/<workflowId>`, in the metadata of the run that the workflow creates. */
function creationKey(): string {
  const { namespace, workflowId } = workflowInfo()
  return `${namespace}/${workflowId}`
}
