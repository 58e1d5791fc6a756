import { outcomeIn } from './client.ts'
import { answerOf } from './poller/failures.ts'
import { contextOf } from './poller/options.ts'
import type { PollerContext, PollerOptions } from './poller/options.ts'
import { pollerOutcome } from './poller/outcome.ts'
import type { PollerOutcome } from './poller/outcome.ts'

// The Python poller's surface, for code that moves over. All logic is in the workflows.

export { ResultRetrievalError, RunResultRetriever } from './poller/result-retriever.ts'
export type { PollerOptions } from './poller/options.ts'
export { resultStore } from './store/fetch-result.ts'
export type { PollerOutcome, ResultMetadata, RunResult } from './poller/outcome.ts'

export interface RunStatusLook {
  /** `interrupted` if the run waits to be continued, although most servers call it `success`. */
  readonly status: string
  readonly run_id: string
  readonly thread_id: string
}

/** Waits for runs by the workflow `watchRun`, at fixed intervals. */
export class EnhancedBackgroundRunPoller {
  readonly #context: PollerContext

  /** @throws ApplicationFailure of type `InvalidInput` that names every wrong option */
  constructor(options: PollerOptions) {
    this.#context = contextOf(new.target.name, options)
  }

  /**
   * One look, by the workflow `readRunStatus`. If no worker is running, it waits for one.
   *
   * @throws ApplicationFailure whose `type` tells why LangGraph gave no status, after up to 3 tries
   */
  async pollStatusOnly(threadId: string, runId: string): Promise<RunStatusLook> {
    const { runs, deployment } = this.#context
    const { status } = await answerOf(runs.readStatus({ threadId, runId, deployment }))
    return { status, run_id: runId.toLowerCase(), thread_id: threadId.toLowerCase() }
  }

  /**
   * Waits until the run has ended or `maxPollTime` is over, and returns its result. If no worker is running, it waits for
   * one, even past that limit. Temporal does the waiting: when this process dies, the same call in another one attaches to
   * it. It attaches to any open watch of the run, whose options and task queue apply.
   *
   * @throws ApplicationFailure of type `InvalidInput` or `UnknownDeployment`, or one of `storeFailureTypes` if the run's
   *   result cannot be read from the result store. Whatever else happens is an outcome
   * @throws WorkflowFailedError when somebody ended the watch in Temporal
   */
  async pollUntilCompleteWithResults(threadId: string, runId: string): Promise<PollerOutcome> {
    const { runs, deployment, pollInterval, maxPollTime } = this.#context
    try {
      return pollerOutcome(await answerOf(runs.watch({ threadId, runId, deployment, pollInterval, maxPollTime })))
    } catch (error) {
      const outcome = outcomeIn(error)
      if (outcome) return pollerOutcome(outcome)
      throw error
    }
  }
}

/** The older name. */
export class BackgroundRunPoller extends EnhancedBackgroundRunPoller {
  /** As `pollUntilCompleteWithResults`. */
  pollUntilComplete(threadId: string, runId: string): Promise<PollerOutcome> {
    return this.pollUntilCompleteWithResults(threadId, runId)
  }
}
