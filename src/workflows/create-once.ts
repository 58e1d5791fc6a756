import { CancellationScope, condition, log, sleep } from '@temporalio/workflow'
import { langGraphFailureTypes } from '../domain/contract.ts'
import { creationTimeoutMs, maxReasonBytes } from '../domain/defaults.ts'
import type { CreateRunRequest, Creation, LaterRun } from '../domain/creation.ts'
import type { RunRef } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { createRun } from './activities.ts'
import { noAnswer } from './failures.ts'
import type { NoAnswer } from './failures.ts'
import { isFinal, noteNoAnswer, restartWhereLong, scheduleNextPoll, sleepUntilNextPoll } from './poll-until-terminal.ts'
import type { Watch } from './watch.ts'

const mostLooks = 3

export type CreationEnd =
  | { readonly kind: 'created'; readonly run: RunRef }
  | { readonly kind: 'overtaken'; readonly by: LaterRun }
  | { readonly kind: 'refused'; readonly reason: string }
  /** By the update `cancelRun`, before there was a run. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timed_out' }

export type FoundRun = Extract<CreationEnd, { readonly kind: 'created' | 'overtaken' }>

type Try = { readonly creation: Creation } | { readonly failed: NoAnswer }

/**
 * Tries until there is a run, the server says no for good, or the deadline has passed. A thread on which another run is at
 * work is waited for, and so is a server that is away. Every try first looks for what an earlier one has created.
 */
export async function createOnce(
  watch: Watch,
  request: CreateRunRequest,
  restart: () => Promise<never>,
): Promise<CreationEnd> {
  for (;;) {
    await sleepUntilNextPoll(watch)
    await untilNoneIsOnItsWay(watch)
    // What cannot be cancelled begins below: a workflow that is cancelled already ends here.
    await condition(() => true)
    if (watch.state.cancelAsked) return (await findRun(watch, request)) ?? { kind: 'cancelled' }
    const isLastTry = Date.now() >= watch.deadlineMs
    const tried = await tryOnce(watch, request)
    const end = 'creation' in tried ? endOf(watch, request, tried.creation) : refusalOf(watch, tried.failed)
    if (end) return end
    if (watch.state.cancelAsked) continue
    if (isLastTry) return { kind: 'timed_out' }
    scheduleNextPoll(watch, 'failed' in tried ? tried.failed.retryAfterMs : undefined)
    await restartWhereLong(watch, restart)
  }
}

/**
 * After a cancellation: the run that a try created without saying so, or that somebody else made to go on.
 *
 * @returns `undefined` where there is none; and where that could not be found out: then `unansweredUntilMs` is set
 */
export async function findRun(watch: Watch, request: CreateRunRequest): Promise<FoundRun | undefined> {
  if (watch.state.unansweredUntilMs === undefined && !('continues' in request.run)) return undefined
  for (let look = 1; look <= mostLooks; look += 1) {
    if (look > 1) await sleep(1000 * 2 ** look, { summary: 'until the run is looked for again' })
    await untilNoneIsOnItsWay(watch)
    const tried = await tryOnce(watch, { ...request, findOnly: true })
    if (!('creation' in tried)) {
      watch.state.lastError = bounded(tried.failed.message, maxReasonBytes)
      continue
    }
    const end = endOf(watch, request, tried.creation)
    return end?.kind === 'created' || end?.kind === 'overtaken' ? end : undefined
  }
  watch.state.unansweredUntilMs ??= Date.now()
  return undefined
}

/** A request that got no answer may still arrive: a look before that would not see its run. */
async function untilNoneIsOnItsWay({ state }: Watch): Promise<void> {
  const leftMs = (state.unansweredUntilMs ?? 0) - Date.now()
  if (leftMs > 0) await sleep(leftMs, { summary: 'until no earlier request can arrive' })
}

/** Not to be cancelled: whether there is a run now must be known. */
async function tryOnce(watch: Watch, request: CreateRunRequest): Promise<Try> {
  watch.state.wakeRequested = false
  watch.enter('creating')
  const summary = request.findOnly ? 'look for the run' : 'create the run'
  try {
    const creation = await CancellationScope.nonCancellable(() => createRun.executeWithOptions({ summary }, [request]))
    return { creation }
  } catch (error) {
    const failed = noAnswer(error)
    if (failed.mayHaveCreated && !request.findOnly)
      watch.state.unansweredUntilMs = Date.now() + (failed.mayArriveForMs ?? creationTimeoutMs)
    return { failed }
  }
}

function endOf({ state }: Watch, { deployment }: CreateRunRequest, creation: Creation): CreationEnd | undefined {
  const { threadId } = creation
  state.threadId = threadId
  state.answered = true
  state.failedInARow = 0
  if (creation.kind !== 'busy') delete state.unansweredUntilMs
  switch (creation.kind) {
    case 'created':
      log.info('run created', { threadId, runId: creation.runId })
      return { kind: 'created', run: { threadId, runId: creation.runId, deployment } }
    case 'busy':
      state.lastError = bounded(`the thread is busy: ${creation.reason}`, maxReasonBytes)
      return undefined
    case 'not_found':
      return { kind: 'cancelled' }
    case 'overtaken':
    case 'refused':
      return creation
  }
}

function refusalOf({ state }: Watch, failed: NoAnswer): CreationEnd | undefined {
  noteNoAnswer(state, failed)
  log.warn('the run could not be created', { failedInARow: state.failedInARow, type: failed.type })
  const isFinalHere = failed.type === langGraphFailureTypes.tooLarge || isFinal(failed.type, state.answered)
  const isRefused = state.unansweredUntilMs === undefined && isFinalHere
  return isRefused ? { kind: 'refused', reason: failed.message } : undefined
}
