// A user's workflows: one of their own that watches a run as a child, and all of the package's beside it.
import { ApplicationFailure, ChildWorkflowFailure, executeChild } from '@temporalio/workflow'
import type { RunInput, WatchOutcome } from 'langgraph-background-runs'
import { watchRun } from 'langgraph-background-runs/workflows'

export * from 'langgraph-background-runs/workflows'

interface Decision {
  readonly failureType?: string
  readonly outcome: WatchOutcome
}

export async function decide(run: RunInput): Promise<Decision> {
  try {
    return { outcome: await executeChild(watchRun, { args: [{ ...run, onUnsuccessful: 'fail' }] }) }
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure) || !(error.cause instanceof ApplicationFailure)) throw error
    const { type, details } = error.cause
    return { failureType: type ?? 'none', outcome: details?.[0] as WatchOutcome }
  }
}
