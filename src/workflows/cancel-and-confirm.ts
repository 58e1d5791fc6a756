import { CancellationScope, sleep } from '@temporalio/workflow'
import { langGraphFailureTypes } from '../domain/contract.ts'
import type { CancelAction, Cancellation } from '../domain/creation.ts'
import { maxReasonBytes } from '../domain/defaults.ts'
import { hasEnded } from '../domain/run.ts'
import type { EndedRun, RunLook, RunRef } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { cancelRun, lookAtCancelledRun } from './activities.ts'
import { noAnswer } from './failures.ts'

/** After the request: for so long the run may take to stop. Looks that hang count. */
const confirmMs = 30_000
const firstPauseMs = 500

interface Cancelled {
  readonly cancellation: Cancellation
  /** How it had ended by itself. */
  readonly ended?: EndedRun
}

type Seen = { readonly look: RunLook } | { readonly isGone: true } | { readonly error: string }

/**
 * Cancels a run and waits until it has stopped: 30 s, and a minute where the server hangs. A run that has ended is left alone: some servers would
 * rewrite how it ended. A cancellation of the workflow does not cut it short.
 *
 * @param onSent before the server is asked: from then on it is known why the run stops
 */
export async function cancelAndConfirm(run: RunRef, action: CancelAction, onSent = () => {}): Promise<Cancelled> {
  return CancellationScope.nonCancellable(async () => {
    const before = await look(run)
    if ('look' in before && hasEnded(before.look)) return hadEnded(run, before.look)
    if ('isGone' in before) return { cancellation: of(run, 'had_ended') }
    onSent()
    const refused = await ask(run, action)
    let after: Seen = before
    const untilMs = Date.now() + confirmMs
    for (let n = 0; Date.now() < untilMs; n += 1) {
      await sleep(Math.min(firstPauseMs * 2 ** n, untilMs - Date.now()), { summary: 'until the run has stopped' })
      after = await look(run)
      if ('isGone' in after) return { cancellation: of(run, 'cancelled') }
      if (!('look' in after) || !hasEnded(after.look)) continue
      const { status } = after.look
      // Faster than the cancellation.
      if (status === 'success' || status === 'timeout') return hadEnded(run, after.look)
      return { cancellation: { ...of(run, 'cancelled'), status } }
    }
    const error = refused ?? ('error' in after ? after.error : 'LangGraph accepted it, and the run goes on')
    const status = 'look' in after && { status: after.look.status }
    return { cancellation: { ...of(run, 'cancel_unconfirmed'), ...status, error } }
  })
}

async function look(run: RunRef): Promise<Seen> {
  try {
    return { look: await lookAtCancelledRun.executeWithOptions({ summary: 'has the run stopped?' }, [run]) }
  } catch (error) {
    const { type, message } = noAnswer(error)
    return type === langGraphFailureTypes.notFound ? { isGone: true } : { error: bounded(message, maxReasonBytes) }
  }
}

/** @returns why it could not be asked */
async function ask(run: RunRef, action: CancelAction): Promise<string | undefined> {
  try {
    await cancelRun.executeWithOptions({ summary: `cancel the run: ${action}` }, [{ ...run, action }])
    return undefined
  } catch (error) {
    return bounded(noAnswer(error).message, maxReasonBytes)
  }
}

function hadEnded(run: RunRef, ended: EndedRun): Cancelled {
  return { cancellation: { ...of(run, 'had_ended'), status: ended.status }, ended }
}

function of({ runId, threadId }: RunRef, result: Cancellation['result']): Cancellation {
  return { result, run_id: runId, thread_id: threadId }
}
