import { present } from '../domain/json.ts'
import { isWaiting, saysCancelled } from '../domain/run.ts'
import type { EndedRun, KnownEnding, RunEnding, TerminalStatus } from '../domain/run.ts'

/** What really became of a run: its status on the wire, corrected by how it ended. */
export type Verdict =
  | { readonly kind: 'success' }
  /** It stopped to be continued, at a question or a breakpoint. On most servers the wire says `success`. */
  | { readonly kind: 'waiting'; readonly ending: KnownEnding }
  | {
      readonly kind: 'unsuccessful'
      readonly status: Exclude<TerminalStatus, 'success'>
      readonly error: string
      readonly isCancelled?: true
    }

/** @param isCancelled the run was asked to stop: some servers call such a run failed */
export function verdictOn({ status, ending }: EndedRun, isCancelled = false): Verdict {
  const graphError = ending && ending.kind !== 'unreadable' ? ending.error : undefined
  switch (status) {
    case 'success':
      return isWaiting(ending) ? { kind: 'waiting', ending } : { kind: 'success' }
    case 'error':
      if (saysCancelled(graphError) || (isCancelled && graphError === undefined)) {
        return { ...cancelled(status, ending), ...present({ error: graphError }) }
      }
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
  const isKnown = isCertain || !isUnseen(ending)
  return { kind: 'unsuccessful', status, error: wasCancelled(ending), ...(isKnown && { isCancelled: true }) }
}

function noErrorText(ending: RunEnding | undefined): string {
  if (isUnseen(ending)) return `The run failed, and why could not be read: ${ending.reason}`
  if (ending?.kind === 'known' && ending.overwritten) {
    return `The run failed or was cancelled${beforeNodes(ending)}: a later run has overwritten its error`
  }
  return `The run failed or was cancelled${beforeNodes(ending)}: LangGraph keeps no error text for it`
}

function wasCancelled(ending: RunEnding | undefined): string {
  if (isUnseen(ending)) {
    return `The run was cancelled, or waits for a human: how it ended could not be read: ${ending.reason}`
  }
  return `The run was cancelled${beforeNodes(ending)}`
}

function beforeNodes(ending: RunEnding | undefined): string {
  const next = ending?.kind === 'known' ? ending.next : []
  return next.length > 0 ? ` before node ${next.map((node) => `"${node}"`).join(', ')} was done` : ''
}
