import { WorkflowNotFoundError } from '@temporalio/client'
import type { RunInput, WatchOutcome, WatchProgress } from '../client.ts'
import { progressQueryName } from '../domain/contract.ts'
import { CliError, exitCodes } from './exit.ts'
import type { Screen } from './screen.ts'
import type { Temporal } from './temporal.ts'
import { checkWorker } from './watch.ts'

const queryTimeoutMs = 5000

interface Status {
  readonly shown: object
  /** Of a watch that is closed. */
  readonly outcome?: WatchOutcome
}

/**
 * The outcome of a closed watch, which needs no worker; the progress of an open one; and where no watch is, one look at
 * the run.
 */
export async function statusOf(temporal: Temporal, screen: Screen, id: string, run?: RunInput): Promise<Status> {
  const handle = temporal.client.workflow.getHandle<() => Promise<WatchOutcome>>(id)
  try {
    const { status } = await handle.describe()
    screen.say(temporal.webUi(id))
    if (status.name !== 'RUNNING') {
      const outcome = await handle.result()
      return { shown: outcome, outcome }
    }
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) || !run) throw error
    screen.say('No watch of this run: asking LangGraph')
    await checkWorker(temporal, screen, true)
    return { shown: await temporal.runs.readStatus(run) }
  }
  const asked = temporal.client.withDeadline(Date.now() + queryTimeoutMs, () =>
    handle.query<WatchProgress>(progressQueryName),
  )
  return {
    shown: await asked.catch(() => {
      throw new CliError(
        exitCodes.unavailable,
        `The watch is open, and no worker answers for it. Start one on the task queue "${temporal.taskQueue}": node dist/worker.js`,
      )
    }),
  }
}
