import { randomUUID } from 'node:crypto'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import type { Workflow } from '@temporalio/common'
import { accepted, onceMore, problemOfClient, problemOfWorkflowId, problemsOfJson, refuse } from './client/arguments.ts'
import { requireSameRequest } from './client/same-request.ts'
import { shownOfExecution, shownOfWatch } from './client/shown.ts'
import { untilProcessed } from './client/until-processed.ts'
import {
  cancelRunUpdateName,
  failureTypes,
  progressQueryName,
  readStatusWorkflowId,
  resumeUpdateName,
  retrieveWorkflowId,
  wakeSignalName,
  watchWorkflowId,
  workflowTypes,
} from './domain/contract.ts'
import { defaultTaskQueue } from './domain/defaults.ts'
import { failureIn } from './domain/failure-in.ts'
import type { Cancellation } from './domain/creation.ts'
import {
  parseCancelRunInput,
  parseExecuteRunInput,
  parseReadRunStatusInput,
  parseResumeInput,
  parseRetrieveRunResultInput,
  parseWatchRunInput,
} from './domain/parse-input.ts'
import type {
  CancelRunInput,
  ExecuteRunInput,
  ReadRunStatusInput,
  ResumeInput,
  RetrieveRunResultInput,
  RunInput,
  WatchRunInput,
} from './domain/input.ts'
import { isRecord } from './domain/json.ts'
import type { Json } from './domain/run.ts'
import { found } from './domain/text.ts'
import type { ResumeReceipt, RetrievedResult, WatchOutcome, WatchProgress } from './domain/outcome.ts'
import { problemOfStore, withResult } from './store/fetch-result.ts'
import type { ResultStore } from './store/result-store.ts'
import type { executeRun, readRunStatus, retrieveRunResult, watchRun } from './workflows/index.ts'

export { failureTypes, langGraphFailureTypes, storeFailureTypes } from './domain/contract.ts'
export type { CancelAction, Cancellation } from './domain/creation.ts'
export type { RetrievalStrategy } from './domain/defaults.ts'
export { failureIn } from './domain/failure-in.ts'
export type { Failure, FailureType } from './domain/failure-in.ts'
export type {
  CancelRunInput,
  Duration,
  ExecuteRunInput,
  ReadRunStatusInput,
  ResumeInput,
  RetrieveRunResultInput,
  RetryInput,
  RunInput,
  WatchRunInput,
} from './domain/input.ts'
export { outcomeIn } from './domain/outcome-in.ts'
export { fetchResult, resultStore } from './store/fetch-result.ts'
export type { ResultStore, ResultStoreOptions } from './store/result-store.ts'
export { webhookUrl } from './webhook/url.ts'
export type { WebhookUrlOptions } from './webhook/url.ts'
export type {
  ChainedRun,
  ResultReference,
  StoredResultReference,
  ResumeReceipt,
  RetrievalAttempt,
  RetrievalMetadata,
  RetrievedResult,
  WatchOutcome,
  WatchProgress,
} from './domain/outcome.ts'
export type { Interrupt, Json } from './domain/run.ts'

export interface BackgroundRunsOptions {
  /** The worker's. Default `'langgraph-runs'`. An existing workflow keeps the queue that it was started on. */
  readonly taskQueue?: string
  /**
   * The workers' result store, which `resultStore` makes. A result that they keep there then comes as `result`. Without it
   * the outcome has its `result_reference`, which `fetchResult` reads.
   */
  readonly resultStore?: ResultStore
}

/** Which watch: by its run, or by the id of its workflow (`executeRun`, or a child workflow). */
export type WatchRef = RunInput | { readonly workflowId: string }

/**
 * Starts and follows the workflows of this application over any Temporal client.
 *
 * A call refuses its input with an `ApplicationFailure`, as a workflow does, and it is never retryable: inside an activity
 * such a call fails the activity at once, while Temporal would retry any other error. `failureIn` reads both.
 *
 * `Result` types the values of the run for the caller, as in `watch<Trade>(…)`; nothing checks them.
 */
export class BackgroundRuns {
  readonly #client: Client
  readonly #taskQueue: string
  readonly #store: ResultStore | undefined

  /** @throws ApplicationFailure of type `InvalidInput` if `client` is not a Temporal client */
  constructor(client: Client, { taskQueue = defaultTaskQueue, resultStore }: BackgroundRunsOptions = {}) {
    refuse('BackgroundRuns', [...problemOfClient(client), ...problemOfStore(resultStore)])
    this.#client = client
    this.#taskQueue = taskQueue
    this.#store = resultStore
  }

  /**
   * Starts the watch of a run, or attaches to the open one, whose options and task queue still apply.
   *
   * @returns a handle that follows the watch through continue-as-new; its result is never that of a later watch
   * @throws ApplicationFailure of type `InvalidInput`, before anything is started
   */
  async startWatch<Result = Json>(input: WatchRunInput): Promise<WorkflowHandle<typeof watchRun<Result>>> {
    const { run } = accepted(workflowTypes.watchRun, parseWatchRunInput(input))
    const workflowId = watchWorkflowId(run)
    const started = await this.#client.workflow.start<typeof watchRun>(workflowTypes.watchRun, {
      taskQueue: this.#taskQueue,
      workflowId,
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      ...shownOfWatch(run),
      args: [input],
    })
    return this.#execution<typeof watchRun<Result>>(workflowId, started.firstExecutionRunId)
  }

  /**
   * Starts or attaches, and waits for the outcome. If no worker is running, it waits for one, even past `maxPollTime`.
   *
   * @throws WorkflowFailedError with the cause's `type`: `UnknownDeployment` if no worker has known the deployment for 2
   *   minutes and none has ever answered, or with `onUnsuccessful: 'fail'` how it ended
   */
  async watch<Result = Json>(input: WatchRunInput): Promise<WatchOutcome<Result>> {
    const handle = await this.startWatch<Result>(input)
    return handle.result()
  }

  /**
   * Continues a run that has failed for good from its last checkpoint, as a new watch, and waits for the outcome. Nodes that
   * had finished are not run again. A run that has not failed is watched, and not continued; an open watch of it is attached
   * to, with its own options.
   *
   * @param input the last run, `run_id` of the outcome; `retry` by default `{ maximumAttempts: 2, initialInterval: '1s' }`, of
   *   which the failed run is the first attempt
   * @throws as `watch`
   */
  async retry<Result = Json>(input: WatchRunInput): Promise<WatchOutcome<Result>> {
    return this.watch<Result>(onceMore(input))
  }

  /**
   * Returns the result of a run that has ended, without waiting for the run. If no worker is running, it waits for one.
   *
   * @throws WorkflowFailedError with the cause's `type`: `RunNotComplete`, `RunNotSuccessful`, `ResultRetrievalError`,
   *   `UnknownDeployment`; or why LangGraph gave no status, one of `langGraphFailureTypes`: `RunNotFound`,
   *   `LangGraphUnauthorized`, `LangGraphRefused`, and after up to three tries `LangGraphUnavailable`, `LangGraphTimeout`,
   *   `LangGraphBadAnswer`
   */
  async retrieve<Result = Json>(input: RetrieveRunResultInput): Promise<RetrievedResult<Result>> {
    const { run } = accepted(workflowTypes.retrieveRunResult, parseRetrieveRunResultInput(input))
    const retrieved = await this.#client.workflow.execute<typeof retrieveRunResult<Result>>(
      workflowTypes.retrieveRunResult,
      { taskQueue: this.#taskQueue, workflowId: retrieveWorkflowId(run, randomUUID()), args: [input] },
    )
    return withResult(retrieved, this.#store)
  }

  /**
   * Reads the status of a run, once. If no worker is running, it waits for one.
   *
   * @throws WorkflowFailedError with the cause's `type`: `UnknownDeployment`, or why LangGraph gave no status, as `retrieve`
   */
  async readStatus(input: ReadRunStatusInput): Promise<{ status: string }> {
    const run = accepted(workflowTypes.readRunStatus, parseReadRunStatusInput(input))
    return this.#client.workflow.execute<typeof readRunStatus>(workflowTypes.readRunStatus, {
      taskQueue: this.#taskQueue,
      workflowId: readStatusWorkflowId(run, randomUUID()),
      args: [input],
    })
  }

  /**
   * Creates a run, exactly once for the workflow id, and watches it. If the id is in use, attaches to the existing
   * workflow, open or completed; its original wait options still apply. One that failed or was cancelled or terminated is
   * started again: without a run it creates it now, and otherwise it returns to its own run.
   *
   * @param workflowId comes first because it is the idempotency key, such as `order/4711/analysis`: 1-1000 bytes of UTF-8
   * @returns a handle that follows the workflow through continue-as-new; its result is the outcome. It rejects with a
   *   WorkflowFailedError as `watch` does, and with the cause's `type` `RunNotCreated` if LangGraph refused the run, or
   *   `DifferentRequest` if the id has a run of another request and Temporal has forgotten that workflow
   * @throws ApplicationFailure of type `InvalidInput`, before anything is started; `DifferentRequest` if the id belongs to
   *   a request for another run, naming the fields that differ, or to a workflow of another type
   */
  async startExecution<Result = Json>(
    workflowId: string,
    input: ExecuteRunInput,
  ): Promise<WorkflowHandle<typeof executeRun<Result>>> {
    refuse(workflowTypes.executeRun, problemOfWorkflowId(workflowId))
    const { request } = accepted(workflowTypes.executeRun, parseExecuteRunInput(input))
    refuse(workflowTypes.executeRun, problemsOfJson(input))
    let workflowRunId: string | undefined
    try {
      const started = await this.#client.workflow.start<typeof executeRun>(workflowTypes.executeRun, {
        taskQueue: this.#taskQueue,
        workflowId,
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
        ...shownOfExecution(workflowId, request),
        args: [input],
      })
      workflowRunId = started.firstExecutionRunId
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    }
    await requireSameRequest(this.#client, workflowId, input)
    return this.#execution<typeof executeRun<Result>>(workflowId, workflowRunId)
  }

  /**
   * Creates a run, exactly once for the workflow id, and waits for its outcome, or returns the one that it already has. If
   * LangGraph refuses the run, that outcome is returned too, and the same id may be tried again.
   *
   * @throws as `startExecution` and its handle; `RunNotCreated` only with `onUnsuccessful: 'fail'`
   */
  async execute<Result = Json>(workflowId: string, input: ExecuteRunInput): Promise<WatchOutcome<Result>> {
    const handle = await this.startExecution<Result>(workflowId, input)
    try {
      return await handle.result()
    } catch (error) {
      const failure = failureIn(error)
      const isReturned = failure?.type === failureTypes.runNotCreated && input.onUnsuccessful !== 'fail'
      // It holds no result, so it is that of any type.
      if (isReturned && failure.outcome?.polling_result === 'error') return failure.outcome
      throw error
    }
  }

  /** How far a watch is. @throws WorkflowNotFoundError if no such watch exists */
  async progress(watch: WatchRef): Promise<WatchProgress> {
    return this.#handleOf(watch).query<WatchProgress>(progressQueryName)
  }

  /** Makes a watch poll now. @throws WorkflowNotFoundError if no such watch is open */
  async wake(watch: WatchRef): Promise<void> {
    return this.#handleOf(watch).signal(wakeSignalName)
  }

  /**
   * Cancels the run of an open watch, and returns when it has stopped or could not be stopped: 65 s at most, beside the
   * time in which no worker knows the deployment. The watch reports the outcome.
   *
   * @throws WorkflowNotFoundError if no such watch is open; ApplicationFailure of type `InvalidInput`
   */
  async cancelRun(watch: WatchRef, input: CancelRunInput = {}): Promise<Cancellation> {
    accepted(cancelRunUpdateName, parseCancelRunInput(input))
    const handle = this.#handleOf(watch)
    return untilProcessed(() =>
      handle.executeUpdate<Cancellation, [CancelRunInput]>(cancelRunUpdateName, { args: [input] }),
    )
  }

  /**
   * Answers the question that a watch with `onInterrupt: 'wait'` is waiting on. Returns when the run that continues is
   * created, or at once while other questions are open.
   *
   * @param options `updateId`: the same answer sent again under it counts once
   * @throws WorkflowUpdateFailedError with the cause's `type`: `NotAsked` if no such question is open (any more: somebody
   *   else answered, edited the thread's state, or the watch ended), `LangGraphRefused` if the server refuses the answer,
   *   `LangGraphUnavailable` if nobody knows whether it took the answer. WorkflowNotFoundError if no such watch is open
   */
  async resume(
    watch: WatchRef,
    input: ResumeInput = {},
    { updateId = randomUUID() }: { readonly updateId?: string } = {},
  ): Promise<ResumeReceipt> {
    accepted(resumeUpdateName, parseResumeInput(input))
    refuse(resumeUpdateName, problemsOfJson(input))
    const options = { args: [input] as [ResumeInput], updateId }
    const handle = this.#handleOf(watch)
    return untilProcessed(() => handle.executeUpdate<ResumeReceipt, [ResumeInput]>(resumeUpdateName, options))
  }

  /** @param workflowRunId the execution that the result is of; everything else reaches the newest one with the id */
  #execution<W extends Workflow>(workflowId: string, workflowRunId: string | undefined): WorkflowHandle<W> {
    const execution = this.#client.workflow.getHandle<W>(workflowId, workflowRunId)
    return {
      ...this.#client.workflow.getHandle<W>(workflowId),
      result: async () => withResult(await execution.result(), this.#store),
    }
  }

  #handleOf(watch: WatchRef): WorkflowHandle<typeof watchRun> {
    return this.#client.workflow.getHandle<typeof watchRun>(workflowIdOf(watch))
  }
}

function workflowIdOf(watch: WatchRef): string {
  refuse('this watch', problemOfRef(watch))
  if ('workflowId' in watch) {
    refuse('this watch', problemOfWorkflowId(watch.workflowId))
    return watch.workflowId
  }
  const { threadId, runId, deployment } = watch
  return watchWorkflowId(accepted('this run', parseReadRunStatusInput({ threadId, runId, deployment })))
}

function problemOfRef(watch: unknown): string[] {
  return isRecord(watch) ? [] : [`it is ${found(watch)}: must be { threadId, runId, deployment? } or { workflowId }`]
}
