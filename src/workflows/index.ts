export { executeRun } from './execute-run.ts'
export { readRunStatus } from './read-run-status.ts'
export { retrieveRunResult } from './retrieve-run-result.ts'
export { watchRun } from './watch-run.ts'

// For parent workflows: `outcomeIn`, the types of failures, and those of inputs and outcomes.
export * from '../domain/public.ts'
