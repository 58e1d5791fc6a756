// What a client and a parent workflow both need to name.

export { failureTypes, langGraphFailureTypes } from './contract.ts'
export { outcomeIn } from './outcome-in.ts'
export type { CancelAction, Cancellation } from './creation.ts'
export type { RetrievalStrategy } from './defaults.ts'
export type {
  CancelRunInput,
  ExecuteRunInput,
  ReadRunStatusInput,
  ResumeInput,
  RetrieveRunResultInput,
  RunInput,
  WatchRunInput,
} from './input.ts'
export type {
  ChainedRun,
  ResultReference,
  ResumeReceipt,
  RetrievalAttempt,
  RetrievalMetadata,
  RetrievedResult,
  WatchOutcome,
  WatchProgress,
} from './outcome.ts'
export type { Duration } from './rules.ts'
export type { Interrupt, Json } from './run.ts'
