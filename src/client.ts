import { randomUUID } from 'node:crypto'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { accepted, problemOfClient, problemOfWorkflowId, problemsOfJson, refuse } from './client/arguments.ts'
import { requireSameRequest } from './client/same-request.ts'
import {
  cancelRunUpdateName,
  progressQueryName,
  readStatusWorkflowId,
  resumeUpdateName,
  retrieveWorkflowId,
  wakeSignalName,
  watchWorkflowId,
  workflowTypes,
} from './domain/contract.ts'
import { defaultTaskQueue } from './domain/defaults.ts'
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
import { found } from './domain/text.ts'
import type { ResumeReceipt, RetrievedResult, WatchOutcome, WatchProgress } from './domain/outcome.ts'
import type { executeRun, readRunStatus, retrieveRunResult, watchRun } from './workflows/index.ts'

export * from './domain/public.ts'

export interface BackgroundRunsOptions {
  /** The worker's. Default `'langgraph-runs'`. A workflow that is there keeps the one that it was started with. */
  readonly taskQueue?: string
}

/** Which watch: by its run, or by the id of its workflow (of `executeRun`, or of a child workflow). */
export type WatchRef = RunInput | { readonly workflowId: string }

/** Starts and follows the workflows of this application over any Temporal client. */
export class BackgroundRuns {
  readonly #client: Client
  readonly #taskQueue: string

  /** @throws ApplicationFailure of type `InvalidInput` where the client is none */
  constructor(client: Client, { taskQueue = defaultTaskQueue }: BackgroundRunsOptions = {}) {
    refuse('BackgroundRuns', problemOfClient(client))
    this.#client = client
    this.#taskQueue = taskQueue
  }

  /**
   * Starts the watch of a run, or attaches to the one that is open (whose options and task queue hold).
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
   * Starts or attaches, and waits for the outcome. Where no worker is there, it waits for one, whatever `maxPollTime` says.
   *
   * @throws WorkflowFailedError with the cause's `type`: `UnknownDeployment`, or with `onUnsuccessful: 'fail'` how it ended
   */
  async watch(input: WatchRunInput): Promise<WatchOutcome> {
    const handle = await this.startWatch(input)
    return handle.result()
  }

  /**
   * Brings back the result of a run that has ended, without waiting for the run. Where no worker is there, it waits for one.
   *
   * @throws WorkflowFailedError with the cause's `type`: `RunNotComplete`, `RunNotSuccessful`, `ResultRetrievalError`,
   *   `UnknownDeployment`; or why LangGraph gave no status, one of `langGraphFailureTypes`: `RunNotFound`,
   *   `LangGraphUnauthorized`, `LangGraphRefused`, and after up to three tries `LangGraphUnavailable`, `LangGraphTimeout`,
   *   `LangGraphBadAnswer`. The README lists them all under Failures
   */
  async retrieve(input: RetrieveRunResultInput): Promise<RetrievedResult> {
    const { run } = accepted(workflowTypes.retrieveRunResult, parseRetrieveRunResultInput(input))
    return this.#client.workflow.execute<typeof retrieveRunResult>(workflowTypes.retrieveRunResult, {
      taskQueue: this.#taskQueue,
      workflowId: retrieveWorkflowId(run, randomUUID()),
      args: [input],
    })
  }

  /**
   * One look at a run: its status. Where no worker is there, it waits for one.
   *
   * @throws WorkflowFailedError with the cause's `type`: `UnknownDeployment`, or why LangGraph gave none, as `retrieve`
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
   * Creates a run, exactly once for the workflow id, and watches it. Under an id that is there already: attaches to it,
   * open or closed, whose own options of the waiting hold.
   *
   * @param workflowId the idempotency key, such as `order/4711/analysis`: 1-1000 bytes of UTF-8
   * @returns a handle that follows the workflow through continue-as-new; its result is the outcome
   * @throws ApplicationFailure of type `InvalidInput`, before anything is started; `DifferentRequest` where the id belongs
   *   to a request for another run, naming the fields that differ, or to a workflow of another type
   */
  async startExecution(workflowId: string, input: ExecuteRunInput): Promise<WorkflowHandle<typeof executeRun>> {
    refuse(workflowTypes.executeRun, problemOfWorkflowId(workflowId))
    accepted(workflowTypes.executeRun, parseExecuteRunInput(input))
    refuse(workflowTypes.executeRun, problemsOfJson(input))
    try {
      await this.#client.workflow.start<typeof executeRun>(workflowTypes.executeRun, {
        taskQueue: this.#taskQueue,
        workflowId,
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        args: [input],
      })
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    }
    await requireSameRequest(this.#client, workflowId, input)
    return this.#client.workflow.getHandle<typeof executeRun>(workflowId)
  }

  /**
   * Creates a run, exactly once for the workflow id, and waits for its outcome; where it has one already, returns that.
   *
   * @throws as `startExecution` and `watch`
   */
  async execute(workflowId: string, input: ExecuteRunInput): Promise<WatchOutcome> {
    const handle = await this.startExecution(workflowId, input)
    return handle.result()
  }

  /** How far a watch is. @throws WorkflowNotFoundError when there is none */
  async progress(watch: WatchRef): Promise<WatchProgress> {
    return this.#handleOf(watch).query<WatchProgress>(progressQueryName)
  }

  /** Makes a watch poll now. @throws WorkflowNotFoundError when none is open */
  async wake(watch: WatchRef): Promise<void> {
    return this.#handleOf(watch).signal(wakeSignalName)
  }

  /**
   * Cancels the run of an open watch, and returns when it has stopped (30 s; a minute where the server hangs). The watch reports the outcome.
   *
   * @throws WorkflowNotFoundError when no watch is open; ApplicationFailure of type `InvalidInput`
   */
  async cancelRun(watch: WatchRef, input: CancelRunInput = {}): Promise<Cancellation> {
    accepted(cancelRunUpdateName, parseCancelRunInput(input))
    return this.#handleOf(watch).executeUpdate<Cancellation, [CancelRunInput]>(cancelRunUpdateName, { args: [input] })
  }

  /**
   * Answers the question of a run that a watch with `onInterrupt: 'wait'` waits with. Returns when the run that goes on is
   * created, or, while other questions are open, at once.
   *
   * @param options `updateId`: the same answer sent again under it counts once
   * @throws WorkflowUpdateFailedError with the cause's `type`: `NotAsked` where no such question is open,
   *   `LangGraphRefused` where the server refuses the answer. WorkflowNotFoundError when no watch is open
   */
  async resume(
    watch: WatchRef,
    input: ResumeInput = {},
    { updateId = randomUUID() }: { readonly updateId?: string } = {},
  ): Promise<ResumeReceipt> {
    accepted(resumeUpdateName, parseResumeInput(input))
    refuse(resumeUpdateName, problemsOfJson(input))
    const options = { args: [input] as [ResumeInput], updateId }
    return this.#handleOf(watch).executeUpdate<ResumeReceipt, [ResumeInput]>(resumeUpdateName, options)
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
