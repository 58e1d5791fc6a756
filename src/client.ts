import { randomUUID } from 'node:crypto'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import {
  failureTypes,
  progressQueryName,
  readStatusWorkflowId,
  retrieveWorkflowId,
  wakeSignalName,
  watchWorkflowId,
  workflowTypes,
} from './domain/contract.ts'
import { defaultTaskQueue } from './domain/defaults.ts'
import { parseReadRunStatusInput, parseRetrieveRunResultInput, parseWatchRunInput, refusal } from './domain/input.ts'
import type { Parsed, ReadRunStatusInput, RetrieveRunResultInput, RunInput, WatchRunInput } from './domain/input.ts'
import type { RetrievedResult, WatchOutcome, WatchProgress } from './domain/outcome.ts'
import type { readRunStatus, retrieveRunResult, watchRun } from './workflows/index.ts'

export type { Duration, ReadRunStatusInput, RetrieveRunResultInput, RunInput, WatchRunInput } from './domain/input.ts'
export type {
  RetrievalAttempt,
  RetrievalMetadata,
  RetrievedResult,
  WatchOutcome,
  WatchProgress,
} from './domain/outcome.ts'
export type { Interrupt, Json } from './domain/run.ts'

export interface BackgroundRunsOptions {
  /** Default `'langgraph-runs'`. */
  readonly taskQueue?: string
}

/** Starts and follows the workflows of this application over any Temporal client. */
export class BackgroundRuns {
  readonly #client: Client
  readonly #taskQueue: string

  constructor(client: Client, { taskQueue = defaultTaskQueue }: BackgroundRunsOptions = {}) {
    this.#client = client
    this.#taskQueue = taskQueue
  }

  /**
   * Starts the watch of a run, or attaches to the one that is open (whose options hold).
   *
   * @returns a handle that follows the watch through continue-as-new
   * @throws ApplicationFailure of type `InvalidInput`, before anything is started
   */
  async startWatch(input: WatchRunInput): Promise<WorkflowHandle<typeof watchRun>> {
    const { run } = accepted(workflowTypes.watchRun, parseWatchRunInput(input))
    const workflowId = watchWorkflowId(run)
    await this.#client.workflow.start<typeof watchRun>(workflowTypes.watchRun, {
      taskQueue: this.#taskQueue,
      workflowId,
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      args: [input],
    })
    return this.#client.workflow.getHandle<typeof watchRun>(workflowId)
  }

  /**
   * Starts or attaches, and waits for the outcome.
   *
   * @throws WorkflowFailedError with the cause's `type`: `UnknownDeployment`, or with `onUnsuccessful: 'fail'` how it ended
   */
  async watch(input: WatchRunInput): Promise<WatchOutcome> {
    const handle = await this.startWatch(input)
    return handle.result()
  }

  /**
   * Brings back the result of a run that has ended, without waiting.
   *
   * @throws WorkflowFailedError with the cause's `type`: `RunNotComplete`, `RunNotSuccessful`, `ResultRetrievalError`,
   *   `UnknownDeployment`
   */
  async retrieve(input: RetrieveRunResultInput): Promise<RetrievedResult> {
    const { run } = accepted(workflowTypes.retrieveRunResult, parseRetrieveRunResultInput(input))
    return this.#client.workflow.execute<typeof retrieveRunResult>(workflowTypes.retrieveRunResult, {
      taskQueue: this.#taskQueue,
      workflowId: retrieveWorkflowId(run, randomUUID()),
      args: [input],
    })
  }

  /** One look at a run: its status. */
  async readStatus(input: ReadRunStatusInput): Promise<{ status: string }> {
    const run = accepted(workflowTypes.readRunStatus, parseReadRunStatusInput(input))
    return this.#client.workflow.execute<typeof readRunStatus>(workflowTypes.readRunStatus, {
      taskQueue: this.#taskQueue,
      workflowId: readStatusWorkflowId(run, randomUUID()),
      args: [input],
    })
  }

  /** How far the watch of a run is. @throws WorkflowNotFoundError when there is none */
  progress(run: RunInput): Promise<WatchProgress> {
    return this.#handleOf(run).query<WatchProgress>(progressQueryName)
  }

  /** Makes the watch of a run poll now. @throws WorkflowNotFoundError when none is open */
  wake(run: RunInput): Promise<void> {
    return this.#handleOf(run).signal(wakeSignalName)
  }

  #handleOf({ threadId, runId, deployment }: RunInput): WorkflowHandle<typeof watchRun> {
    const run = accepted('this run', parseReadRunStatusInput({ threadId, runId, deployment }))
    return this.#client.workflow.getHandle<typeof watchRun>(watchWorkflowId(run))
  }
}

function accepted<T>(what: string, parsed: Parsed<T>): T {
  if ('options' in parsed) return parsed.options
  throw ApplicationFailure.nonRetryable(refusal(what, parsed.problems), failureTypes.invalidInput, parsed.problems)
}
