import type { LaterRun } from './creation.ts'

/** Why a run that has failed is not continued: a later one of its thread is in the way. An outcome holds it in its text alone. */
export function cameAfter({ runId, resumes }: LaterRun): string {
  return `run ${runId} ${resumes ? 'has continued it' : 'came after it on its thread'}`
}

/** The run that `cameAfter` names at the end of an error. */
export function laterRunIn(error: string): string | undefined {
  return /; it was not continued: run (\S+) (?:has continued it|came after it on its thread)$/.exec(error)?.[1]
}
