export { readRunStatus, retrieveRunResult } from './retrieve-run-result.ts'
export { executeRun, watchRun } from './watch-run.ts'
export type { ExecuteRun, WatchRun } from './watch-run.ts'

// For parent workflows: `outcomeIn`, the types of failures, and those of inputs and outcomes.
export * from '../domain/public.ts'
