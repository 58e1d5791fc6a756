import { workflowTypes } from '../../domain/contract.ts'
import { quoted } from '../../domain/printable.ts'
import type { Temporal } from '../temporal.ts'
import { ok, warning } from './check.ts'
import type { Check } from './check.ts'

const ofWatches = `WorkflowType IN ("${workflowTypes.watchRun}", "${workflowTypes.executeRun}") AND ExecutionStatus = "Running"`
const mostListed = 200
const mostQueues = 5

/** How many are open, and whether some wait on a task queue that nobody polls. */
export async function openWatches(temporal: Temporal): Promise<Check> {
  const { client, taskQueue } = temporal
  const [{ count }, queues] = await Promise.all([
    temporal.ask(() => client.workflow.count(on(taskQueue))),
    temporal.ask(() => otherQueues(temporal)),
  ])
  const polled = await Promise.all(queues.map((queue) => temporal.hasWorker(queue)))
  const abandoned = queues.filter((_, n) => polled[n] === false)
  const found = `${count} on the task queue "${taskQueue}"`
  if (abandoned.length === 0) return ok('open watches', found)
  const [example = ''] = abandoned
  const which = abandoned.map((queue) => `"${queue}"`).join(', ')
  const remedy = `start a worker there (\`TEMPORAL_TASK_QUEUE=${quoted(example)} langgraph-runs worker\`), or end them (\`temporal workflow terminate --query ${quoted(on(example))}\`) and start them again here`
  return warning('open watches', `${found}; others wait where no worker polls: task queue ${which}`, remedy)
}

function on(taskQueue: string): string {
  return `${ofWatches} AND TaskQueue = "${taskQueue.replaceAll(/["\\]/g, '\\$&')}"`
}

/** Task queues of the newest open watches that are elsewhere. Raw, since anybody may start one with a memo that cannot be read. */
async function otherQueues({ client, taskQueue }: Temporal): Promise<readonly string[]> {
  const { namespace } = client.options
  const request = { namespace, query: ofWatches, pageSize: mostListed }
  const { executions } = await client.workflowService.listWorkflowExecutions(request)
  const queues = new Set((executions ?? []).map((watch) => watch.taskQueue ?? ''))
  queues.delete(taskQueue)
  return [...queues].slice(0, mostQueues)
}
