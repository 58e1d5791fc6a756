import { present } from '../domain/json.ts'
import { cancelledWords, isWaiting } from '../domain/run.ts'
import type { EndedRun, KnownEnding, RunEnding, TerminalStatus } from '../domain/run.ts'

/** So ends the error of a run that has failed, or that somebody else has cancelled. */
export const noErrorKept = 'LangGraph keeps no error text for it'

/** What really became of a run: its status on the wire, corrected by how it ended. */
export type Verdict =
  | { readonly kind: 'success' }
  /** It stopped to be continued, at a question or a breakpoint. On most servers the wire says `success`. */
  | { readonly kind: 'waiting'; readonly ending: KnownEnding }
  | {
      readonly kind: 'unsuccessful'
      readonly status: Exclude<TerminalStatus, 'success'>
      readonly error: string
      readonly failedNodes?: readonly string[]
      readonly isCancelled?: true
    }

/**
 * @param isCancelled the run was asked to stop: some servers call such a run failed
 * @param isRetry it continues a failed run for this watch: an error that may be of either run counts as its own
 */
export function verdictOn(look: EndedRun, isCancelled = false, isRetry = false): Verdict {
  const { ending } = look
  const shared = isRetry && !isCancelled && ending?.kind === 'unproven' ? ending.sharedError : undefined
  // Of another kind than the run's own word for its error it is that of the run before.
  if (!shared || nameOf(errorIn(ending) ?? shared.error) !== nameOf(shared.error)) return decided(look, isCancelled)
  const verdict = decided({ ...look, ending: { kind: 'known', next: [], interrupts: [], ...shared } }, false)
  return verdict.kind === 'unsuccessful' ? { ...verdict, ...present({ failedNodes: shared.failedNodes }) } : verdict
}

/** Some servers keep the name of an error and hide its text. */
function nameOf(error: string): string {
  return error.split(':', 1)[0] ?? ''
}

function decided({ status, ending }: EndedRun, isCancelled = false): Verdict {
  const word = cancelledWordIn(ending)
  const graphError = word === undefined ? errorIn(ending) : undefined
  switch (status) {
    case 'success':
      return isWaiting(ending) ? { kind: 'waiting', ending } : { kind: 'success' }
    case 'error':
      if (word !== undefined || (isCancelled && graphError === undefined)) return cancelled(status, ending)
      return { kind: 'unsuccessful', status, error: graphError ?? noErrorText(ending) }
    case 'timeout': {
      const error = graphError ?? 'LangGraph ended the run at its own time limit for background runs'
      return { kind: 'unsuccessful', status, error }
    }
    case 'interrupted':
      // Most servers mean "cancelled" by it, some "waiting": a question tells them apart.
      return isWaiting(ending) && ending.interrupts.length > 0
        ? { kind: 'waiting', ending }
        : { ...cancelled(status, ending, isCancelled), ...present({ error: graphError }) }
  }
}

type Unseen = Extract<RunEnding, { kind: 'unreadable' | 'hidden' }>

function isUnseen(ending: RunEnding | undefined): ending is Unseen {
  return ending?.kind === 'unreadable' || ending?.kind === 'hidden'
}

function cancelled(status: 'error' | 'interrupted', ending: RunEnding | undefined, isCertain = true): Verdict {
  const isKnown = isCertain || !isUnseen(ending) || cancelledWordIn(ending) !== undefined
  return { kind: 'unsuccessful', status, error: wasCancelled(ending), ...(isKnown && { isCancelled: true }) }
}

function noErrorText(ending: RunEnding | undefined): string {
  if (isUnseen(ending)) return `The run failed, and why could not be read: ${ending.reason}`
  if (ending?.kind === 'known' && ending.overwritten) {
    return `The run failed or was cancelled${beforeNodes(ending)}: a later run has overwritten its error`
  }
  return `The run failed or was cancelled${beforeNodes(ending)}: ${noErrorKept}`
}

function wasCancelled(ending: RunEnding | undefined): string {
  const word = cancelledWordIn(ending)
  if (word === undefined && isUnseen(ending)) {
    return `The run was cancelled, or waits for a human: how it ended could not be read: ${ending.reason}`
  }
  return `${word ?? cancelledWords.interrupt}${beforeNodes(ending)}`
}

function errorIn(ending: RunEnding | undefined): string | undefined {
  return ending && ending.kind !== 'unreadable' ? ending.error : undefined
}

/** What a server has left for an error of a run that was cancelled. */
function cancelledWordIn(ending: RunEnding | undefined): string | undefined {
  const error = errorIn(ending)
  return Object.values(cancelledWords).find((word) => word === error)
}

function beforeNodes(ending: RunEnding | undefined): string {
  const next = ending?.kind === 'known' ? ending.next : []
  return next.length > 0 ? ` before node ${next.map((node) => `"${node}"`).join(', ')} was done` : ''
}
