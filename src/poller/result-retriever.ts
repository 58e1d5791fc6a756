import { setTimeout as pause } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/common'
import type { RetrieveRunResultInput } from '../domain/input.ts'
import { failureTypes } from '../domain/contract.ts'
import type { StoredResultReference } from '../domain/outcome.ts'
import { refuse } from '../client/arguments.ts'
import { problemWith } from '../domain/fields.ts'
import { inWords } from '../domain/problem.ts'
import { answerOf } from './failures.ts'
import { contextOf } from './options.ts'
import type { PollerContext, PollerOptions } from './options.ts'
import { runResult } from './outcome.ts'
import type { RunResult } from './outcome.ts'

/** No result was found, or not in time: the message says why. The workflow's failure is the `cause`. */
export class ResultRetrievalError extends Error {
  override readonly name = 'ResultRetrievalError'
}

const longestTimeoutSeconds = 3600
/** `retrieveRunResult` takes no less. */
const shortestRetrievalMs = 1000
/** Temporal's client gives up a little later, so that this file's message of the timeout comes first. */
const lingerMs = 500

/** Returns the result of a run that has ended, by the workflow `retrieveRunResult`. */
export class RunResultRetriever {
  readonly #context: PollerContext

  /** @throws ApplicationFailure of type `InvalidInput` that names every wrong option */
  constructor(options: PollerOptions) {
    this.#context = contextOf('RunResultRetriever', options)
  }

  /**
   * @returns the run's own last values with `_retrieval_metadata`. If no worker is running, it waits for one
   * @throws ResultRetrievalError when nothing was found, or the run has not ended, or not well
   * @throws ApplicationFailure of type `InvalidInput` or `UnknownDeployment`: a mistake, which no retry fixes
   */
  getResult(threadId: string, runId: string): Promise<RunResult> {
    return this.#retrieve({ threadId, runId })
  }

  /**
   * Does the same within a time, above 0 and at most an hour, even if Temporal or every worker is down.
   *
   * Tradeoff: Temporal keeps the workflow that nobody waits for any more. It only reads, and ends by itself once a worker
   * is running.
   *
   * @throws ResultRetrievalError also "Result retrieval timed out after 30.0s", and where to look
   */
  async getResultWithTimeout(threadId: string, runId: string, timeoutSeconds = 30): Promise<RunResult> {
    refuse('getResultWithTimeout', problemOfTimeout(timeoutSeconds))
    const timeoutMs = timeoutSeconds * 1000
    const retrieval = this.#context.client.withDeadline(Date.now() + timeoutMs + lingerMs, () =>
      this.#retrieve({ threadId, runId, retrievalTimeout: Math.max(timeoutMs, shortestRetrievalMs) }),
    )
    const settled = new AbortController()
    try {
      return await Promise.race([retrieval, this.#timeout(timeoutSeconds, settled.signal)])
    } finally {
      settled.abort()
    }
  }

  async #retrieve(input: RetrieveRunResultInput): Promise<RunResult> {
    const { runs, deployment } = this.#context
    try {
      const retrieved = await answerOf(runs.retrieve({ ...input, deployment }))
      if (retrieved.result_reference) throw new Error(inStore(retrieved.result_reference))
      return runResult(retrieved.result, retrieved.retrieval_metadata)
    } catch (error) {
      if (isMistake(error) || !(error instanceof Error)) throw error
      throw new ResultRetrievalError(reasonOf(error), { cause: error })
    }
  }

  async #timeout(seconds: number, signal: AbortSignal): Promise<never> {
    await pause(seconds * 1000, undefined, { signal })
    const text = Number.isInteger(seconds) ? seconds.toFixed(1) : String(seconds)
    throw new ResultRetrievalError(
      `Result retrieval timed out after ${text}s: does Temporal answer, does a worker poll the task queue "${this.#context.taskQueue}", and does LangGraph answer it?`,
    )
  }
}

function inStore({ bytes, url }: StoredResultReference): string {
  return `The result (${bytes} bytes) is in the result store, at ${url}: give RunResultRetriever the workers' \`resultStore\``
}

/** The workflow's own message; only the next step differs, which here is a method. */
function reasonOf(error: Error): string {
  if (!(error instanceof ApplicationFailure) || error.type !== failureTypes.notComplete) return error.message
  const { status }: { readonly status?: unknown } = Object(error.details?.[0])
  return `The run is not complete: its status is ${String(status)}. Wait for it with \`pollUntilCompleteWithResults\` of EnhancedBackgroundRunPoller, or retrieve when it has ended`
}

function isMistake(error: unknown): boolean {
  if (!(error instanceof ApplicationFailure)) return false
  return error.type === failureTypes.invalidInput || error.type === failureTypes.unknownDeployment
}

function problemOfTimeout(value: unknown): string[] {
  if (typeof value === 'number' && value > 0 && value <= longestTimeoutSeconds) return []
  const allowed = `a number of seconds above 0 and at most ${longestTimeoutSeconds}, such as 30`
  return [inWords(problemWith('timeoutSeconds', value, { allowed }))]
}
