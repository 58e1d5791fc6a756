import { workflowTypes } from '../../domain/contract.ts'
import { quoted } from '../../domain/printable.ts'
import type { Temporal } from '../temporal.ts'
import { ok, warning } from './check.ts'
import type { Check } from './check.ts'

const ofWatches = `WorkflowType IN ('${workflowTypes.watchRun}', '${workflowTypes.executeRun}') AND ExecutionStatus = 'Running'`
const mostListed = 200
const mostQueues = 5

/** How many are open, and whether some wait on a task queue that nobody polls. */
export async function openWatches(temporal: Temporal): Promise<Check> {
  const { client, taskQueue } = temporal
  const here = `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`
  const [{ count }, queues] = await Promise.all([
    temporal.ask(() => client.workflow.count(`${ofWatches} AND ${here}`)),
    temporal.ask(() => otherQueues(temporal)),
  ])
  const polled = await Promise.all(queues.map((queue) => temporal.hasWorker(queue)))
  const abandoned = queues.filter((_, n) => polled[n] === false)
  const found = `${count} on the task queue "${taskQueue}"`
  if (abandoned.length === 0) return ok('open watches', found)
  const example = quoted(abandoned[0] ?? '')
  const which = abandoned.map((queue) => `"${queue}"`).join(', ')
  const remedy = `start a worker there (\`TEMPORAL_TASK_QUEUE=${example} langgraph-runs worker\`), or end them (\`temporal workflow terminate --query "TaskQueue = ${example}"\`) and start them again here`
  return warning('open watches', `${found}; others wait where no worker polls: task queue ${which}`, remedy)
}

/** Task queues of the newest open watches that are elsewhere. */
async function otherQueues({ client, taskQueue }: Temporal): Promise<readonly string[]> {
  const queues = new Set<string>()
  let listed = 0
  for await (const watch of client.workflow.list({ query: ofWatches, pageSize: mostListed })) {
    if (watch.taskQueue !== taskQueue) queues.add(watch.taskQueue)
    listed += 1
    if (listed >= mostListed || queues.size >= mostQueues) break
  }
  return [...queues]
}
