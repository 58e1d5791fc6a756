import { parseReadRunStatusInput } from '../domain/parse-input.ts'
import type { ReadRunStatusInput } from '../domain/input.ts'
import { hasEnded } from '../domain/run.ts'
import type { RunLook, RunRef } from '../domain/run.ts'
import { lookAtRun } from './activities.ts'
import { accepted, failure, noAnswer } from './failures.ts'
import { verdictOn } from './verdict.ts'

/**
 * One look at a run.
 *
 * @returns the run's status; `interrupted` where the run stopped to be continued, although its wire status is `success`
 * @throws `InvalidInput`, `UnknownDeployment`, or why LangGraph gave no status, after up to 3 tries
 */
export async function readRunStatus(input: ReadRunStatusInput): Promise<{ status: string }> {
  const run = accepted('readRunStatus', parseReadRunStatusInput(input))
  const seen = await look(run)
  return { status: hasEnded(seen) && verdictOn(seen).kind === 'waiting' ? 'interrupted' : seen.status }
}

export async function look(run: RunRef): Promise<RunLook> {
  try {
    return await lookAtRun.executeWithOptions({ summary: 'look' }, [run])
  } catch (error) {
    const { type, message } = noAnswer(error)
    throw failure(type, message)
  }
}
