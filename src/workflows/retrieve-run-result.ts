import { sleep } from '@temporalio/workflow'
import { failureTypes } from '../domain/contract.ts'
import { parseReadRunStatusInput, parseRetrieveRunResultInput } from '../domain/parse-input.ts'
import type { ReadRunStatusInput, RetrieveRunResultInput } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { RetrievedResult } from '../domain/outcome.ts'
import { pauseUntilAskedMs } from '../domain/poll-interval.ts'
import { hasEnded } from '../domain/run.ts'
import type { EndedRun, Interrupts, Json, RunLook, RunRef } from '../domain/run.ts'
import { lookAtRun } from './activities.ts'
import { accepted, failure, noAnswer } from './failures.ts'
import { retrieveInOrder } from './retrieve-in-order.ts'
import type { Bystander } from './retrieve-in-order.ts'
import { verdictOn } from './verdict.ts'

/**
 * Returns the result of a run that has ended, without waiting.
 *
 * @throws `InvalidInput`, `UnknownDeployment`; `RunNotComplete` while the run is running; `RunNotSuccessful` when it ended
 *   in error, timeout or interrupted; `ResultRetrievalError` when no strategy found its values
 */
export async function retrieveRunResult<Result = Json>(input: RetrieveRunResultInput): Promise<RetrievedResult<Result>>
// Temporal's own types take the last signature for the type of the result.
export async function retrieveRunResult(input: RetrieveRunResultInput): Promise<RetrievedResult>
export async function retrieveRunResult(input: RetrieveRunResultInput): Promise<RetrievedResult> {
  const { run, retrieval } = accepted('retrieveRunResult', parseRetrieveRunResultInput(input))
  const seen = await look(run)
  requireSuccess(seen)
  const retrieved = await retrieveInOrder(run, retrieval, seen, { waitsOut })
  switch (retrieved.found) {
    case 'result':
      return {
        result: retrieved.result,
        retrieval_metadata: retrieved.metadata,
        ...present({ inexact_numbers: retrieved.inexactNumbers }),
      }
    case 'stored':
      return { result_reference: retrieved.reference, retrieval_metadata: retrieved.metadata }
    case 'interrupts':
      throw waitingFailure(retrieved, retrieved.next)
    case 'nothing':
      throw failure(failureTypes.retrieval, retrieved.error, { retrieval_metadata: retrieved.metadata })
  }
}

const waitsOut: Bystander['waitsOut'] = async (slip, message, n, retryAfterMs) => {
  if (slip === 'unknown deployment') throw failure(failureTypes.unknownDeployment, message)
  if (slip !== 'not asked') return false
  await sleep(pauseUntilAskedMs(n, retryAfterMs), { summary: 'until the worker may ask' })
  return true
}

function requireSuccess(seen: RunLook): asserts seen is EndedRun {
  if (!hasEnded(seen)) {
    const { status } = seen
    const message = `The run is not complete: its status is ${status}. Watch it (\`watchRun\`), or retrieve when it has ended`
    throw failure(failureTypes.notComplete, message, { status })
  }
  const verdict = verdictOn(seen)
  switch (verdict.kind) {
    case 'unsuccessful': {
      const { status, error } = verdict
      throw failure(failureTypes.notSuccessful, `The run ended as ${status}: ${error}`, { status })
    }
    case 'waiting':
      throw waitingFailure(verdict.ending, verdict.ending.next)
    case 'success':
  }
}

function waitingFailure({ interrupts }: Interrupts, next: readonly string[] = []) {
  const message =
    'The run ended as interrupted: it waits to be continued, by the answer to its question or past a breakpoint'
  return failure(failureTypes.notSuccessful, message, { status: 'interrupted', interrupts, next })
}

/**
 * One look at a run.
 *
 * @returns the run's status; `interrupted` if the run stopped to be continued, although its wire status is `success`
 * @throws `InvalidInput`, `UnknownDeployment`, or why LangGraph gave no status, after up to 3 tries
 */
export async function readRunStatus(input: ReadRunStatusInput): Promise<{ status: string }> {
  const run = accepted('readRunStatus', parseReadRunStatusInput(input))
  const seen = await look(run)
  return { status: hasEnded(seen) && verdictOn(seen).kind === 'waiting' ? 'interrupted' : seen.status }
}

async function look(run: RunRef): Promise<RunLook> {
  try {
    return await lookAtRun.executeWithOptions({ summary: 'look' }, [run])
  } catch (error) {
    const { type, message } = noAnswer(error)
    throw failure(type, message)
  }
}
