export { executeRun } from './execute-run.ts'
export { readRunStatus } from './read-run-status.ts'
export { retrieveRunResult } from './retrieve-run-result.ts'
export { watchRun } from './watch-run.ts'
