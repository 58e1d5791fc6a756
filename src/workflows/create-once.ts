import { CancellationScope, condition, log, sleep, workflowInfo } from '@temporalio/workflow'
import { langGraphFailureTypes } from '../domain/contract.ts'
import type { Continuation, CreateRunRequest, Creation, LaterRun, NewRun } from '../domain/creation.ts'
import { creationTimeoutMs } from '../domain/defaults.ts'
import type { RunRequest } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { RunRef } from '../domain/run.ts'
import { createRun } from './activities.ts'
import { isFinal, noAnswer } from './failures.ts'
import type { NoAnswer } from './failures.ts'
import { answersOf, isAnswered } from './question.ts'
import type { Question } from './question.ts'
import type { Watch } from './watch.ts'

const mostLooks = 3

export type CreationEnd =
  | { readonly kind: 'created'; readonly run: RunRef }
  /** Only a run that continues another can be: somebody else made its continuation. */
  | { readonly kind: 'overtaken'; readonly by: LaterRun }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Whether there is a run cannot be found out. */
  | { readonly kind: 'unproven'; readonly reason: string; readonly threadId: string }
  /** The update `cancelRun` came before there was a run. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timed_out'; readonly lastError: string }

export type FoundRun = Extract<CreationEnd, { readonly kind: 'created' | 'overtaken' }>

interface FirstRun extends CreateRunRequest {
  readonly run: NewRun
}
type NotOvertaken<End> = Exclude<End, { readonly kind: 'overtaken' }>

type Try =
  | { readonly kind: 'answered'; readonly creation: Creation }
  | { readonly kind: 'failed'; readonly failed: NoAnswer }

/**
 * Tries until there is a run, the server says no for good, or the deadline has passed. A busy thread is waited for, and
 * so is a server that is away. Every try first looks for what an earlier one has created.
 */
export function createOnce(watch: Watch, request: FirstRun): Promise<NotOvertaken<CreationEnd>>
export function createOnce(watch: Watch, request: CreateRunRequest): Promise<CreationEnd>
export async function createOnce(watch: Watch, request: CreateRunRequest): Promise<CreationEnd> {
  for (;;) {
    await watch.untilNextPoll()
    await untilNoneIsOnItsWay(watch)
    // Last chance to be cancelled: the request below is shielded, so a cancelled workflow must stop here. A condition
    // that is met at once still throws then.
    await condition(() => true)
    if (watch.memory.cancelling) return (await findRun(watch, request)) ?? { kind: 'cancelled' }
    const isLastTry = Date.now() >= watch.deadlineMs
    const tried = await tryOnce(watch, request)
    const end = tried.kind === 'answered' ? endOf(watch, request, tried.creation) : refusalOf(watch, tried.failed)
    if (end) return end
    if (watch.memory.cancelling) continue
    if (isLastTry) return { kind: 'timed_out', lastError: watch.memory.polls.lastError ?? 'no answer' }
    watch.scheduleNextPoll(Date.now(), tried.kind === 'failed' ? tried.failed.retryAfterMs : undefined)
    await watch.restartWhereLong()
  }
}

/**
 * After a cancellation: the run that a try created without saying so, or that somebody else made as its continuation.
 *
 * @returns `undefined` if there is none, and if that could not be found out: then `runMayExist` says so
 */
export function findRun(watch: Watch, request: FirstRun): Promise<NotOvertaken<FoundRun> | undefined>
export function findRun(watch: Watch, request: CreateRunRequest): Promise<FoundRun | undefined>
export async function findRun(watch: Watch, request: CreateRunRequest): Promise<FoundRun | undefined> {
  if (!watch.runMayExist() && !('continues' in request.run)) return undefined
  for (let look = 1; ; look += 1) {
    if (look > 1) await sleep(1000 * 2 ** look, { summary: 'until the run is looked for again' })
    await untilNoneIsOnItsWay(watch)
    const tried = await tryOnce(watch, { ...request, findOnly: true })
    if (tried.kind === 'answered') {
      const end = endOf(watch, request, tried.creation)
      return end?.kind === 'created' || end?.kind === 'overtaken' ? end : undefined
    }
    watch.noteError(tried.failed.message)
    if (look === mostLooks) {
      watch.existenceUnknown(tried.failed.message, Date.now())
      return undefined
    }
  }
}

/** A request that got no answer may still arrive: a look before that would not see its run. */
async function untilNoneIsOnItsWay({ memory }: Watch): Promise<void> {
  const leftMs = (memory.creation.unanswered?.untilMs ?? 0) - Date.now()
  if (leftMs > 0) await sleep(leftMs, { summary: 'until no earlier request can arrive' })
}

/** A cancellation does not stop it: whether there is a run now must be known. */
async function tryOnce(watch: Watch, request: CreateRunRequest): Promise<Try> {
  watch.creationBegins()
  watch.enter('creating')
  const summary = request.findOnly ? 'look for the run' : 'create the run'
  try {
    const asked = watch.runMayExist() ? { ...request, mayExist: true as const } : request
    const creation = await CancellationScope.nonCancellable(() => createRun.executeWithOptions({ summary }, [asked]))
    return { kind: 'answered', creation }
  } catch (error) {
    const failed = noAnswer(error)
    if (failed.mayHaveCreated && !request.findOnly)
      watch.creationUnanswered(Date.now() + (failed.mayArriveForMs ?? creationTimeoutMs), failed.message)
    return { kind: 'failed', failed }
  }
}

function endOf(watch: Watch, { deployment }: CreateRunRequest, creation: Creation): CreationEnd | undefined {
  watch.creationAnswered(creation)
  const { threadId } = creation
  switch (creation.kind) {
    case 'created':
      log.info('run created', { threadId, runId: creation.runId })
      return { kind: 'created', run: { threadId, runId: creation.runId, deployment } }
    case 'busy':
      return undefined
    case 'not_found':
      return { kind: 'cancelled' }
    case 'overtaken':
    case 'unproven':
    case 'refused':
      return creation
  }
}

function refusalOf(watch: Watch, { type, message }: NoAnswer): CreationEnd | undefined {
  watch.pollFailed(message)
  const { polls, hasBeenReached } = watch.memory
  log.warn('the run could not be created', { failedInARow: polls.failedInARow, type })
  const isFinalHere = type === langGraphFailureTypes.tooLarge || isFinal(type, hasBeenReached)
  return isFinalHere && !watch.runMayExist() ? { kind: 'refused', reason: message } : undefined
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
  const how: Continuation = { continues: run.runId, ...present({ resume: answersOf(question) }) }
  // A watch of the same run may have been there before, with the same id, and another answer.
  const key = `${creationKey()}/${workflowInfo().firstExecutionRunId}#${watch.questionNumber + 1}`
  const request = { deployment: run.deployment, threadId: run.threadId, key, run: how }
  return isAnswered(question) ? request : { ...request, findOnly: true }
}

/** `<namespace>/<workflowId>`, in the metadata of the run that the workflow creates. */
function creationKey(): string {
  const { namespace, workflowId } = workflowInfo()
  return `${namespace}/${workflowId}`
}
