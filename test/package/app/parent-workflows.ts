// A user's workflows: one of their own that watches a run as a child, and all of the package's beside it.
import { executeChild } from '@temporalio/workflow'
import { failureIn, watchRun } from 'langgraph-background-runs/workflows'
import type { FailureType, RunInput, WatchOutcome } from 'langgraph-background-runs/workflows'

export * from 'langgraph-background-runs/workflows'

interface Decision {
  readonly failureType?: FailureType
  readonly outcome: WatchOutcome
}

export async function decide(run: RunInput): Promise<Decision> {
  try {
    return { outcome: await executeChild(watchRun, { args: [{ ...run, onUnsuccessful: 'fail' }] }) }
  } catch (error) {
    const failure = failureIn(error)
    if (!failure?.outcome) throw error
    return { failureType: failure.type, outcome: failure.outcome }
  }
}
