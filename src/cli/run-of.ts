import type { RunInput, WatchOutcome } from '../client.ts'
import { startOf } from '../client/same-request.ts'
import { defaultDeployment } from '../domain/defaults.ts'
import { quoted } from '../domain/printable.ts'
import type { Temporal } from './temporal.ts'

type RunIds = Pick<WatchOutcome, 'run_id' | 'thread_id'>

/** The run in the id of a watch. @returns `undefined` for the id of an execution */
export function runOfWatch(workflowId: string): Required<RunInput> | undefined {
  const [kind, deployment, threadId, runId, ...more] = workflowId.split('/')
  if (kind !== 'watch-run' || more.length > 0 || !deployment || !threadId || !runId) return undefined
  return { threadId, runId, deployment }
}

/** THREAD RUN, with the deployment if it is not the default: a person may paste it into a shell, and servers make ids. */
export function runArguments({ threadId, runId, deployment }: RunInput): string {
  const elsewhere = deployment && deployment !== defaultDeployment ? ` --deployment ${quoted(deployment)}` : ''
  return `${quoted(threadId)} ${quoted(runId)}${elsewhere}`
}

/**
 * The arguments THREAD RUN of a command that is shown to a person.
 *
 * @param ids what the workflow ended with; otherwise the run is read from its id
 * @returns `THREAD RUN` itself if the run is not known
 */
export async function argumentsFor(temporal: Temporal, workflowId: string, ids: RunIds = {}): Promise<string> {
  const run = await runOf(temporal, workflowId, ids)
  return run ? runArguments(run) : 'THREAD RUN'
}

/** The run that a workflow ended with; otherwise that in its id. @returns `undefined` if it is not known */
export async function runOf(temporal: Temporal, workflowId: string, ids: RunIds = {}): Promise<RunInput | undefined> {
  const { run_id: runId, thread_id: threadId } = ids
  const watched = runOfWatch(workflowId)
  if (!runId || !threadId) return watched
  const deployment = watched?.deployment ?? (await deploymentOf(temporal, workflowId))
  return deployment === undefined ? undefined : { threadId, runId, deployment }
}

/** Of an execution. A hint is not worth an error, so it is `undefined` if Temporal does not answer. */
async function deploymentOf(temporal: Temporal, workflowId: string): Promise<string | null | undefined> {
  try {
    const { input } = await temporal.ask(() => startOf(temporal.client, workflowId))
    const deployment: unknown = Reflect.get(Object(input), 'deployment')
    return typeof deployment === 'string' ? deployment : null
  } catch {
    return undefined
  }
}
