import { setTimeout as pause } from 'node:timers/promises'
import type { WorkflowHandle } from '@temporalio/client'
import { grpcErrorIn } from '../../src/cli/temporal-errors.ts'
import type { WatchOutcome, WatchProgress } from '../../src/client.ts'
import type { Stage } from './stage.ts'

export type Handle = WorkflowHandle<() => Promise<WatchOutcome>>
export type Success = WatchOutcome & { readonly polling_result: 'success_with_results' }

const lookMs = 150
/** gRPC's code for what cannot be done at the moment. */
const failedPrecondition = 9

/** Shows how far a watch is, until `isEnough`. @throws when the watch ended before */
export async function followUntil(
  stage: Stage,
  handle: Handle,
  isEnough: (progress: WatchProgress) => boolean,
): Promise<WatchProgress> {
  const { screen, lifetime } = stage
  for (;;) {
    const progress = await lifetime.during(progressOf(stage, handle))
    // A poll's answer follows at once.
    if (progress && progress.phase !== 'polling') stage.now(inWords(progress))
    if (progress && isEnough(progress)) {
      screen.clear()
      return progress
    }
    if (progress?.phase === 'done') throw new Error('the run ended too early for the demo: is this machine very busy?')
    await lifetime.during(pause(lookMs))
  }
}

/** Shows how far a watch is, until it has ended. @throws when it ended without a result */
export async function followToResult(stage: Stage, handle: Handle): Promise<Success> {
  const result = handle.result()
  let hasEnded = false
  const end = () => {
    hasEnded = true
  }
  result.then(end, end)
  await followUntil(stage, handle, ({ phase }) => hasEnded || phase === 'done')
  const outcome = await result
  if (outcome.polling_result === 'success_with_results') return outcome
  throw new Error(`the run ended without a result: ${JSON.stringify(outcome, undefined, 2)}`)
}

/** @returns `undefined` while no worker answers */
async function progressOf({ runs }: Stage, { workflowId }: Handle): Promise<WatchProgress | undefined> {
  try {
    return await runs.progress({ workflowId })
  } catch (error) {
    if (grpcErrorIn(error)?.code === failedPrecondition) return undefined
    throw error
  }
}

function inWords({ phase, status, poll_count, last_error }: WatchProgress): string {
  const polls = poll_count === 0 ? 'no poll yet' : `${poll_count} ${poll_count === 1 ? 'poll' : 'polls'}`
  if (phase === 'creating') return 'creating the run'
  if (phase === 'interrupted') return `${polls}, the run is waiting for a human`
  if (last_error !== undefined) return `${polls}, the last one got no answer`
  return status === undefined ? polls : `${polls}, the run is ${status}`
}
