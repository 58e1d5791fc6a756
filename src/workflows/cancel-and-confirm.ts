import { CancellationScope, sleep } from '@temporalio/workflow'
import { langGraphFailureTypes } from '../domain/contract.ts'
import type { CancelAction, Cancellation } from '../domain/creation.ts'
import { maxReasonBytes } from '../domain/defaults.ts'
import { hasEnded } from '../domain/run.ts'
import type { EndedRun, RunLook, RunRef } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { cancelRun, lookAtCancelledRun } from './activities.ts'
import { noAnswer } from './failures.ts'

/** A run may take this long to stop once the server was asked. Looks that hang count. */
const confirmMs = 30_000
const firstPauseMs = 500

interface Cancelled {
  readonly cancellation: Cancellation
  /** How it had ended by itself. */
  readonly ended?: EndedRun
}

type Seen =
  | { readonly kind: 'seen'; readonly look: RunLook }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly error: string }

/**
 * Cancels a run and waits until it has stopped: at most 65 s, of which a look takes 10 s, the request 15 s, the waiting
 * 30 s and the last look 10 s. A run that has ended is left alone, since some servers would rewrite how it ended. A
 * cancellation of the workflow does not cut it short.
 *
 * @param onSent is called before the server is asked: from then on it is known why the run stops
 */
export async function cancelAndConfirm(run: RunRef, action: CancelAction, onSent = () => {}): Promise<Cancelled> {
  return CancellationScope.nonCancellable(async () => {
    const before = await look(run)
    if (before.kind === 'seen' && hasEnded(before.look)) return hadEnded(run, before.look)
    if (before.kind === 'gone') return { cancellation: cancellationOf(run, 'had_ended') }
    onSent()
    const refused = await ask(run, action)
    let after: Seen = before
    // A refusal is final, but the run may have ended meanwhile.
    const untilMs = Date.now() + (refused?.isFinal ? firstPauseMs : confirmMs)
    for (let n = 0; Date.now() < untilMs; n += 1) {
      await sleep(Math.min(firstPauseMs * 2 ** n, untilMs - Date.now()), { summary: 'until the run has stopped' })
      after = await look(run)
      if (after.kind === 'gone') return { cancellation: cancellationOf(run, 'cancelled') }
      if (after.kind !== 'seen' || !hasEnded(after.look)) continue
      const { status } = after.look
      // It ended before the cancellation reached it.
      if (status === 'success' || status === 'timeout') return hadEnded(run, after.look)
      return { cancellation: { ...cancellationOf(run, 'cancelled'), status } }
    }
    return { cancellation: { ...cancellationOf(run, 'cancel_unconfirmed'), ...unconfirmed(after, refused?.error) } }
  })
}

function unconfirmed(after: Seen, refused: string | undefined): Partial<Cancellation> {
  switch (after.kind) {
    case 'seen':
      return { status: after.look.status, error: refused ?? 'LangGraph accepted it, and the run continues' }
    case 'failed':
      return { error: refused ?? after.error }
    case 'gone':
      return {}
  }
}

async function look(run: RunRef): Promise<Seen> {
  try {
    return {
      kind: 'seen',
      look: await lookAtCancelledRun.executeWithOptions({ summary: 'has the run stopped?' }, [run]),
    }
  } catch (error) {
    const { type, message } = noAnswer(error)
    if (type === langGraphFailureTypes.notFound) return { kind: 'gone' }
    return { kind: 'failed', error: bounded(message, maxReasonBytes) }
  }
}

interface NotAsked {
  readonly error: string
  readonly isFinal: boolean
}

/** @returns why it could not be asked */
async function ask(run: RunRef, action: CancelAction): Promise<NotAsked | undefined> {
  try {
    await cancelRun.executeWithOptions({ summary: `cancel the run: ${action}` }, [{ ...run, action }])
    return undefined
  } catch (error) {
    const { type, message } = noAnswer(error)
    return { error: bounded(message, maxReasonBytes), isFinal: type === langGraphFailureTypes.refused }
  }
}

function hadEnded(run: RunRef, ended: EndedRun): Cancelled {
  return { cancellation: { ...cancellationOf(run, 'had_ended'), status: ended.status }, ended }
}

function cancellationOf({ runId, threadId }: RunRef, result: Cancellation['result']): Cancellation {
  return { result, run_id: runId, thread_id: threadId }
}
