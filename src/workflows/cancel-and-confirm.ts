import { CancellationScope, condition } from '@temporalio/workflow'
import { failureTypes, langGraphFailureTypes } from '../domain/contract.ts'
import type { CancelAction, Cancellation } from '../domain/creation.ts'
import { maxReasonBytes } from '../domain/defaults.ts'
import { hasEnded } from '../domain/run.ts'
import type { EndedRun, RunLook, RunRef } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { cancelRun, lookAtCancelledRun, offered } from './activities.ts'
import { Alarm } from './alarm.ts'
import { noAnswer } from './failures.ts'
import type { NoAnswer } from './failures.ts'
import type { Watch } from './watch.ts'

/** A run may take this long to stop once the server was asked. Looks that hang count. */
const confirmLength = '30s'
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
 * 30 s and the last look 10 s. A time in which no worker knows the deployment does not count. A run that has ended is left
 * alone, since some servers would rewrite how it ended. A cancellation of the workflow does not cut it short.
 *
 * @param onSent is called before the server is asked: from then on it is known why the run stops
 */
export async function cancelAndConfirm(
  watch: Watch,
  run: RunRef,
  action: CancelAction,
  onSent = () => {},
): Promise<Cancelled> {
  return CancellationScope.nonCancellable(async () => {
    const before = await look(watch, run)
    if (before.kind === 'seen' && hasEnded(before.look)) return hadEnded(run, before.look)
    if (before.kind === 'gone') return { cancellation: cancellationOf(run, 'had_ended') }
    onSent()
    const refused = await ask(watch, run, action)
    const limit = new Alarm(confirmLength, 'limit: stopping the run')
    let after: Seen = before
    for (let n = 0; !limit.isOver; n += 1) {
      watch.grows(0)
      await condition(() => limit.isOver, firstPauseMs * 2 ** n, { summary: 'until the run has stopped' })
      after = await look(watch, run)
      const cancelled = cancelledAt(run, after)
      // A refusal is final, but the run may have ended meanwhile.
      if (!cancelled && !refused?.isFinal) continue
      limit.stop()
      if (cancelled) return cancelled
      break
    }
    return { cancellation: { ...cancellationOf(run, 'cancel_unconfirmed'), ...unconfirmed(after, refused?.error) } }
  })
}

function cancelledAt(run: RunRef, after: Seen): Cancelled | undefined {
  if (after.kind === 'gone') return { cancellation: cancellationOf(run, 'cancelled') }
  if (after.kind !== 'seen' || !hasEnded(after.look)) return undefined
  const { status } = after.look
  // It ended before the cancellation reached it.
  if (status === 'success' || status === 'timeout') return hadEnded(run, after.look)
  return { cancellation: { ...cancellationOf(run, 'cancelled'), status } }
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

async function look(watch: Watch, run: RunRef): Promise<Seen> {
  const summary = 'has the run stopped?'
  const seen = await untilKnown(watch, (unknown) =>
    lookAtCancelledRun.executeWithOptions({ summary, ...offered(unknown) }, [run]),
  )
  if (seen.kind === 'done') {
    watch.mayShow(seen.result)
    return { kind: 'seen', look: seen.result }
  }
  const { type, message } = seen.failed
  if (type === langGraphFailureTypes.notFound) return { kind: 'gone' }
  return { kind: 'failed', error: bounded(message, maxReasonBytes) }
}

interface NotAsked {
  readonly error: string
  readonly isFinal: boolean
}

/** @returns why it could not be asked */
async function ask(watch: Watch, run: RunRef, action: CancelAction): Promise<NotAsked | undefined> {
  const summary = `cancel the run: ${action}`
  const asked = await untilKnown(watch, (unknown) =>
    cancelRun.executeWithOptions({ summary, ...offered(unknown) }, [{ ...run, action }]),
  )
  if (asked.kind === 'done') return undefined
  const { type, message } = asked.failed
  return { error: bounded(message, maxReasonBytes), isFinal: type === langGraphFailureTypes.refused }
}

type Asked<T> = { readonly kind: 'done'; readonly result: T } | { readonly kind: 'failed'; readonly failed: NoAnswer }

/** Asks until a worker knows the deployment, or the history is full: a cancellation must not be lost in a deploy. */
async function untilKnown<T>(watch: Watch, work: (unknown: number) => Promise<T>): Promise<Asked<T>> {
  for (let n = 0; ; n += 1) {
    watch.grows(0)
    try {
      return { kind: 'done', result: await work(n) }
    } catch (error) {
      const failed = noAnswer(error)
      if (failed.shown) watch.mayShow(failed.shown)
      if (failed.type !== failureTypes.unknownDeployment && !failed.isNotAsked) return { kind: 'failed', failed }
      watch.noteError(failed.message)
      if (!(await watch.untilConfigured(n, failed.retryAfterMs))) return { kind: 'failed', failed }
    }
  }
}

function hadEnded(run: RunRef, ended: EndedRun): Cancelled {
  return { cancellation: { ...cancellationOf(run, 'had_ended'), status: ended.status }, ended }
}

function cancellationOf({ runId, threadId }: RunRef, result: Cancellation['result']): Cancellation {
  return { result, run_id: runId, thread_id: threadId }
}
