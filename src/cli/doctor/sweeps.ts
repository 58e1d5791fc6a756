import { WorkflowNotFoundError } from '@temporalio/client'
import type { WorkflowExecutionDescription } from '@temporalio/client'
import { sweepWorkflowId, unsearchableMemoKey } from '../../domain/contract.ts'
import type { WorkerReport } from '../../domain/diagnosis.ts'
import { decoded } from '../../payload.ts'
import { timeSpan } from '../time-span.ts'
import type { Temporal } from '../temporal.ts'
import { ok, warning } from './check.ts'
import type { Check } from './check.ts'

/** Whether the sweep of each deployment is alive, by Temporal alone. */
export async function sweepsOf(temporal: Temporal, report: WorkerReport): Promise<readonly Check[]> {
  if (report.sweep_interval_ms === undefined) {
    return [ok('sweep', 'off on this worker (SWEEP_INTERVAL=none): watches poll at their own interval')]
  }
  const names = report.deployments.map(({ name }) => name)
  return Promise.all(names.map((name) => sweepOf(temporal, name)))
}

async function sweepOf(temporal: Temporal, deployment: string): Promise<Check> {
  const check = `sweep of ${deployment}`
  const found = await described(temporal, sweepWorkflowId(temporal.taskQueue, deployment))
  if (found?.memo?.[unsearchableMemoKey] === true) {
    return ok(check, 'off, since the server cannot search threads by ids: watches poll at their own interval')
  }
  if (found?.status.name !== 'RUNNING')
    return ok(check, 'not running: the first poll of an open watch that LangGraph answers starts it')
  const activity = found.raw.pendingActivities?.[0]
  const { loadedDataConverter } = temporal.client.options
  const said = await decoded(loadedDataConverter, activity?.heartbeatDetails?.payloads?.[0])
  const last = activity?.lastHeartbeatTime?.seconds
  const ago = last ? `${timeSpan(Math.max(0, Date.now() / 1000 - Number(last)))} ago` : 'not heard yet'
  const since = found.startTime.toISOString()
  if (Reflect.get(Object(said), 'sees') === true) {
    return ok(check, `alive since ${since}, on ${activity?.lastWorkerIdentity ?? 'a worker'}; last sign of life ${ago}`)
  }
  const remedy = `look again in 15 s: another worker takes it over by then. If it stays, its worker logs why (\`deployment outage\`, or \`the sweep gets no answer\`); watches poll at their own interval meanwhile`
  return warning(check, `running since ${since}, but sees nothing; last sign of life: ${ago}`, remedy)
}

async function described(temporal: Temporal, id: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await temporal.ask(() => temporal.client.workflow.getHandle(id).describe())
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}
