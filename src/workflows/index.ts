export { diagnose } from './diagnose.ts'
export { readRunStatus, retrieveRunResult } from './retrieve-run-result.ts'
export { notifyRun } from './notify-run.ts'
export { sweepRuns } from './sweep-runs.ts'
export { executeRun, watchRun } from './watch-run.ts'

// What a parent workflow needs to name, as a client does.
export { failureTypes, langGraphFailureTypes } from '../domain/contract.ts'
export type { CancelAction, Cancellation } from '../domain/creation.ts'
export type { RetrievalStrategy } from '../domain/defaults.ts'
export { failureIn } from '../domain/failure-in.ts'
export type { Failure, FailureType } from '../domain/failure-in.ts'
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
} from '../domain/input.ts'
export { outcomeIn } from '../domain/outcome-in.ts'
export type {
  ChainedRun,
  ResultReference,
  ResumeReceipt,
  RetrievalAttempt,
  RetrievalMetadata,
  RetrievedResult,
  WatchOutcome,
  WatchProgress,
} from '../domain/outcome.ts'
export type { Interrupt, Json } from '../domain/run.ts'
