import { defaultDeployment } from './defaults.ts'
import type { Shown } from './run.ts'

/** Names that other programs rely on: workflow types, message names and ids. */
export const workflowTypes = {
  watchRun: 'watchRun',
  executeRun: 'executeRun',
  readRunStatus: 'readRunStatus',
  retrieveRunResult: 'retrieveRunResult',
  sweepRuns: 'sweepRuns',
  notifyRun: 'notifyRun',
  diagnose: 'diagnose',
} as const

export const wakeSignalName = 'wake'
/** The signal's argument if a program sends it, to whom every end of a run is news; a person gives none. */
export const wakeHint = 'hint'
export const progressQueryName = 'progress'
export const cancelRunUpdateName = 'cancelRun'
export const resumeUpdateName = 'resume'

/** The key in a run's metadata by which `executeRun` finds the run that it created. */
export const workflowMetadataKey = 'temporal_workflow'
/** Beside it: a hash of the request, since an id that is used twice must not return another request's result. */
export const requestMetadataKey = 'temporal_workflow_request'

/** Temporal's servers accept this many bytes of UTF-8. */
export const longestWorkflowId = 1000

interface RunName {
  readonly threadId: string
  readonly runId: string
  readonly deployment?: string | null | undefined
}

/** `watch-run/<deployment>/<threadId>/<runId>`: one open watch for each run. */
export function watchWorkflowId(run: RunName): string {
  return ['watch-run', ...runPath(run)].join('/')
}

/** `retrieve-run-result/<deployment>/<threadId>/<runId>/<uuid>` */
export function retrieveWorkflowId(run: RunName, uuid: string): string {
  return ['retrieve-run-result', ...runPath(run), uuid].join('/')
}

/** `read-run-status/<deployment>/<threadId>/<runId>/<uuid>` */
export function readStatusWorkflowId(run: RunName, uuid: string): string {
  return ['read-run-status', ...runPath(run), uuid].join('/')
}

/** `sweep-runs/<task queue>/<deployment>`: one sweep for each task queue and deployment. */
export function sweepWorkflowId(taskQueue: string, deployment: string): string {
  return ['sweep-runs', taskQueue, deployment].join('/')
}

/** Counts the watches that have ended, by deployment and state. */
export const watchesEndedMetric = 'lg_watches_ended'
/** In metrics: no deployment is called this, so names that callers make up add no series. */
export const unknownDeployment = '(unknown)'

/** `diagnose/<uuid>` */
export function diagnosisWorkflowId(uuid: string): string {
  return ['diagnose', uuid].join('/')
}

/** The run in the id that `watchWorkflowId` gives it. */
export function runInWorkflowId(workflowId: string): Required<RunName> | undefined {
  const [kind, deployment = '', threadId = '', runId = '', ...others] = workflowId.split('/')
  const isWatch = kind === 'watch-run' && runId !== '' && others.length === 0
  return isWatch ? { deployment, threadId, runId } : undefined
}

/** The header of a workflow or activity that holds its trace: Temporal's OpenTelemetry support has it in every language. */
export const traceHeader = '_tracer-data'

/** In the memo of a watch: `WatchMemo`. By its run the sweep finds the thread if the workflow's id does not name it. */
export const runMemoKey = 'langgraph'
/** In the memo of a sweep that has ended because its server cannot search threads by ids. */
export const unsearchableMemoKey = 'langgraph_unsearchable'

function runPath({ deployment, threadId, runId }: RunName): string[] {
  return [deployment ?? defaultDeployment, threadId.toLowerCase(), runId.toLowerCase()]
}

/** Types of the failures that reach a caller. Stable: a parent workflow may decide by them. */
export const failureTypes = {
  invalidInput: 'InvalidInput',
  /** The worker has no such deployment; a watch waits 2 minutes for one that has. */
  unknownDeployment: 'UnknownDeployment',
  /** `retrieveRunResult` on a run that has not ended. */
  notComplete: 'RunNotComplete',
  /** `retrieveRunResult` on a run that ended, but not well. */
  notSuccessful: 'RunNotSuccessful',
  /** `retrieveRunResult` found nothing. */
  retrieval: 'ResultRetrievalError',
  /** `executeRun` under an id that belongs to another request, even if Temporal has forgotten that one. */
  differentRequest: 'DifferentRequest',
  /** `resume` that nobody waits for: no such question is open, somebody else answered it, or the watch has ended. */
  notAsked: 'NotAsked',
  // `onUnsuccessful: 'fail'`
  runFailed: 'RunFailed',
  runTimedOut: 'RunTimedOut',
  runInterrupted: 'RunInterrupted',
  runPollingTimedOut: 'RunPollingTimedOut',
  runPollingFailed: 'RunPollingFailed',
  runResultMissing: 'RunResultMissing',
  /** `executeRun` whose run the server refused to create; the outcome is in the details, and the id may be tried again. */
  runNotCreated: 'RunNotCreated',
} as const

/** Types of an activity's failures: why LangGraph could not be asked, or what it answered instead. */
export const langGraphFailureTypes = {
  /** Refused, reset, redirect, 429, 5xx: worth asking again. */
  unavailable: 'LangGraphUnavailable',
  /** No answer in time. */
  timeout: 'LangGraphTimeout',
  /** HTML, cut or malformed JSON, an answer without a status. */
  badAnswer: 'LangGraphBadAnswer',
  /** More than is read or kept of such an answer: 16 MB or 64 MB in all. */
  tooLarge: 'LangGraphAnswerTooLarge',
  /** 404. */
  notFound: 'RunNotFound',
  /** 400, 422. */
  refused: 'LangGraphRefused',
  /** 401, 403. */
  unauthorized: 'LangGraphUnauthorized',
  /** A bug in this application. */
  unforeseen: 'Unforeseen',
} as const

/** Why a result could not be kept in the result store, or not be read from it. */
export const storeFailureTypes = {
  /** It does not answer, refuses the key, or is full: worth another try. */
  unavailable: 'ResultStoreUnavailable',
  /** The result is not there any more. */
  gone: 'StoredResultGone',
  /** What is there is not what was kept. */
  altered: 'StoredResultAltered',
  /** It is encrypted, and the reader does not have the key. */
  sealed: 'StoredResultSealed',
  /** The reference is not one of this store. */
  elsewhere: 'StoredResultElsewhere',
} as const

/** The `details[0]` of an activity's failure. */
export interface LangGraphFailureDetails {
  /** No request was made: the worker makes a pause, or keeps to a limit. */
  readonly not_asked?: true
  /** The server was asked to create a run, and did not answer. */
  readonly creation_sent?: true
  /** That request may still arrive there for so long. */
  readonly may_arrive_for_ms?: number
  /** 404, and nothing shows that the server has the thread. */
  readonly thread_missing?: true
  readonly http_status?: number
  readonly retry_after_ms?: number
  /** How long a retrieval took. */
  readonly took_ms?: number
  /** What the watch may show. */
  readonly shown?: Shown
}
