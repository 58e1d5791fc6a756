import { continueAsNew, isCancellation, log, upsertMemo } from '@temporalio/workflow'
import { unsearchableMemoKey } from '../domain/contract.ts'
import { parseSweepRunsInput } from '../domain/parse-input.ts'
import { workerStops } from '../domain/sweep.ts'
import type { SweepEnd } from '../domain/sweep.ts'
import { sweepThreads } from './activities.ts'
import { accepted, noAnswer } from './failures.ts'

/**
 * Looks at the threads of all open watches of one deployment and task queue, and wakes the watches whose thread has
 * changed. Polls start it, and it ends by itself when no watch is open.
 *
 * @throws `InvalidInput`
 */
export async function sweepRuns(input: { readonly deployment: string }): Promise<void> {
  const { deployment } = accepted('sweepRuns', parseSweepRunsInput(input))
  const end = await sweep(deployment)
  switch (end) {
    case 'continues':
      return continueAsNew<typeof sweepRuns>({ deployment })
    case 'unsearchable':
      // The next one is started later, by polls that read this.
      upsertMemo({ [unsearchableMemoKey]: true })
      return
    case 'idle':
  }
}

async function sweep(deployment: string): Promise<SweepEnd> {
  try {
    return await sweepThreads.executeWithOptions({ summary: `sweep of ${deployment}` }, [{ deployment }])
  } catch (error) {
    if (isCancellation(error)) throw error
    const { type, message, isFromWorker } = noAnswer(error)
    // One worker after the other has stopped or died. Watches sleep, and none may poll for long.
    if (type === workerStops || !isFromWorker) return 'continues'
    log.warn('the sweep ended; the next poll starts another', { deployment, type, reason: message })
    return 'idle'
  }
}
