import { isDeepStrictEqual } from 'node:util'
import { activityInfo } from '@temporalio/activity'
import { v5 as uuidV5 } from 'uuid'
import { langGraphFailureTypes, workflowMetadataKey } from '../domain/contract.ts'
import type { CreateRunRequest, Creation, LaterRun, NewRun, RunIsGone } from '../domain/creation.ts'
import { creationTimeoutMs, maxErrorBytes } from '../domain/defaults.ts'
import { isTerminal } from '../domain/run.ts'
import type { RunRef } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { LangGraphError } from '../langgraph/errors.ts'
import type { LangGraph, ListedRun } from '../langgraph/port.ts'
import { withTimeout } from '../langgraph/with-timeout.ts'
import { timeLimit } from './time-limit.ts'

const lookTimeoutMs = 4000
/** A thread may have thousands of runs. */
const listTimeoutMs = 8000

/** The creation got no answer: the run may be there, or come yet. */
export class CreationUnanswered extends Error {
  override readonly name = 'CreationUnanswered'
  override readonly cause: LangGraphError
  readonly mayArriveForMs: number

  constructor(cause: LangGraphError, sentAtMs: number) {
    super(cause.message)
    this.cause = cause
    this.mayArriveForMs = Math.max(sentAtMs + creationTimeoutMs - Date.now(), 0)
  }
}

/**
 * One try to create a run that an earlier try may have created: every try first looks for it, by the key in its metadata.
 *
 * @throws CreationUnanswered where the server was asked to create it and did not answer; what else is thrown came before
 */
export async function createRun(langGraph: LangGraph, request: CreateRunRequest): Promise<Creation> {
  const wholeTry = timeLimit()
  const threadId = request.threadId ?? derivedThreadId(request.deployment)
  const before = await look(langGraph, request, threadId, wholeTry)
  if (before.creation) return before.creation
  if (request.findOnly) return { kind: 'not_found', threadId }
  const run = await runToCreate(langGraph, request, threadId, wholeTry)
  const metadata = { ...run.metadata, [workflowMetadataKey]: request.key }
  const answer = await ask(langGraph, threadId, { ...run, metadata }, wholeTry)
  if (typeof answer === 'string') return { kind: 'created', threadId, runId: answer }
  const reason = bounded(answer.message, maxErrorBytes)
  if (answer.httpStatus !== 409 && answer.httpStatus !== 422) return { kind: 'refused', threadId, reason }
  const after = await look(langGraph, request, threadId, wholeTry)
  if (after.creation) return after.creation
  const busy = whyBusy(answer, before.runs, after.runs)
  return busy === undefined ? { kind: 'refused', threadId, reason } : { kind: 'busy', threadId, reason: busy }
}

/** That another run is in the way, and not the request: of 422 only the thread's runs tell. */
function whyBusy(
  refusal: LangGraphError,
  before: readonly ListedRun[],
  after: readonly ListedRun[],
): string | undefined {
  const atWork = after.find(({ status }) => !isTerminal(status))
  if (atWork) return `run ${atWork.runId} is at work on the thread: ${refusal.message}`
  // What was at work then may have ended by now.
  const isUnchanged = isDeepStrictEqual(before, after)
  return refusal.httpStatus === 409 || !isUnchanged ? `a run was at work on the thread: ${refusal.message}` : undefined
}

/** The same for every try of a workflow, and for no other workflow. */
function derivedThreadId(deployment: string): string {
  const { workflowNamespace, workflowExecution } = activityInfo()
  return uuidV5([workflowNamespace, deployment, workflowExecution?.workflowId].join('/'), uuidV5.URL)
}

interface Look {
  readonly runs: readonly ListedRun[]
  /** Absent: nothing is in the way of creating the run. */
  readonly creation?: Creation
}

async function look(
  langGraph: LangGraph,
  { key, run, deployment }: CreateRunRequest,
  threadId: string,
  wholeTry: AbortSignal,
): Promise<Look> {
  const runs = await langGraph.listRuns(threadId, withTimeout(wholeTry, listTimeoutMs))
  const own = ownOf(runs, key)
  if (own) return { runs, creation: { kind: 'created', threadId, runId: own.runId } }
  if ('continues' in run) {
    const by = await laterRun(langGraph, runs, { threadId, runId: run.continues, deployment }, wholeTry)
    if (by && !('isGone' in by)) return { runs, creation: { kind: 'overtaken', threadId, by } }
  }
  return { runs }
}

/** The one that was made first: the thread takes over its metadata, and later runs have it from there. */
function ownOf(runs: readonly ListedRun[], key: string): ListedRun | undefined {
  const [first] = runs
    .filter(({ metadata }) => metadata[workflowMetadataKey] === key)
    .toSorted((a, b) => a.madeAtMs - b.madeAtMs)
  return first
}

/** The first run after this one that has begun: one that waits for its turn, or was cancelled before, changes nothing. */
export async function laterRun(
  langGraph: LangGraph,
  runs: readonly ListedRun[],
  run: RunRef,
  signal: AbortSignal,
): Promise<LaterRun | RunIsGone | undefined> {
  const index = runs.findIndex(({ runId }) => runId === run.runId)
  if (index === -1) return { isGone: true }
  for (const { runId, status } of runs.slice(index + 1)) {
    const later = { ...run, runId }
    if (!(await hasBegun(langGraph, later, status, signal))) continue
    return { runId, resumes: await langGraph.isContinuation(later, withTimeout(signal, lookTimeoutMs)) }
  }
  return undefined
}

async function hasBegun(langGraph: LangGraph, run: RunRef, status: string, signal: AbortSignal): Promise<boolean> {
  if (status === 'pending') return false
  if (status !== 'interrupted' && status !== 'error') return true
  const ending = await langGraph.readEnding(run, { status }, withTimeout(signal, lookTimeoutMs))
  return ending.kind === 'known'
}

async function runToCreate(
  langGraph: LangGraph,
  { run, deployment }: CreateRunRequest,
  threadId: string,
  wholeTry: AbortSignal,
): Promise<NewRun> {
  if (!('continues' in run)) return run
  const earlier: RunRef = { threadId, runId: run.continues, deployment }
  const options = await langGraph.readOptions(earlier, withTimeout(wholeTry, lookTimeoutMs))
  const goOn = run.resume === undefined ? { input: null } : { command: { resume: run.resume } }
  return { ...options, ...goOn, multitaskStrategy: 'reject' }
}

const refusals: readonly (number | undefined)[] = [400, 404, 409, 413, 422]

/** @returns the run's id, or the server's refusal */
async function ask(
  langGraph: LangGraph,
  threadId: string,
  run: Parameters<LangGraph['createRun']>[1],
  wholeTry: AbortSignal,
): Promise<string | LangGraphError> {
  const sentAtMs = Date.now()
  try {
    return await langGraph.createRun(threadId, run, withTimeout(wholeTry, creationTimeoutMs))
  } catch (error) {
    if (!(error instanceof LangGraphError)) throw error
    const isOfAnother = error.httpStatus === 404 && error.type !== langGraphFailureTypes.notFound
    if (refusals.includes(error.httpStatus) && !isOfAnother) return error
    // It answered, and will not create anything.
    if (error.type === langGraphFailureTypes.unauthorized) throw error
    throw new CreationUnanswered(error, sentAtMs)
  }
}
