// A user's workflows: one of their own that watches a run as a child, and all of the package's beside it.
import { ApplicationFailure, ChildWorkflowFailure, executeChild } from '@temporalio/workflow'
import { outcomeIn, watchRun } from 'langgraph-background-runs/workflows'
import type { RunInput, WatchOutcome } from 'langgraph-background-runs/workflows'

export * from 'langgraph-background-runs/workflows'

interface Decision {
  readonly failureType?: string | undefined
  readonly outcome: WatchOutcome
}

export async function decide(run: RunInput): Promise<Decision> {
  try {
    return { outcome: await executeChild(watchRun, { args: [{ ...run, onUnsuccessful: 'fail' }] }) }
  } catch (error) {
    const outcome = outcomeIn(error)
    if (!outcome) throw error
    return { failureType: typeOf(error), outcome }
  }
}

function typeOf(error: unknown): string | undefined {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : undefined
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined
}
