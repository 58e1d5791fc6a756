import { quoted } from '../../domain/printable.ts'
import { pollersNow, workersIn } from '../../worker-polls.ts'
import { timeSpan } from '../time-span.ts'
import { startWorker } from '../temporal-errors.ts'
import type { Temporal } from '../temporal.ts'
import { failed, ok, warning } from './check.ts'
import type { Check } from './check.ts'
import { heartbeats } from './heartbeats.ts'
import type { KnownWorker } from './heartbeats.ts'
import { versionOfWork } from './worker-version.ts'

const workflowTasks = 1
const activityTasks = 2
const waitsLongSeconds = 10
const shown = 5

interface Polls {
  readonly workers: readonly string[]
  readonly waiting: number
  readonly oldestSeconds: number
  readonly version: Check | undefined
}

interface Workers {
  readonly checks: readonly Check[]
  /** Whether a worker takes workflows and one takes activities. */
  readonly canAnswer: boolean
}

/** Who polls the task queue, and whether they keep up. */
export async function workersAt(temporal: Temporal): Promise<Workers> {
  const [workflows, activities, known] = await Promise.all([
    polls(temporal, workflowTasks),
    polls(temporal, activityTasks),
    heartbeats(temporal),
  ])
  const takesWorkflows = workflows.workers.length > 0
  const takesActivities = activities.workers.length > 0
  if (!takesWorkflows && !takesActivities) return { checks: [nobody(temporal, known)], canAnswer: false }
  if (!takesWorkflows || !takesActivities) return { checks: [half(temporal, takesWorkflows)], canAnswer: false }
  const { version } = workflows
  const checks = [some(temporal, { workflows, activities, known }), ...(version ? [version] : [])]
  return { checks, canAnswer: version?.status !== 'failed' }
}

async function polls(temporal: Temporal, taskQueueType: number): Promise<Polls> {
  const { client, taskQueue } = temporal
  const { namespace } = client.options
  const request = { namespace, taskQueue: { name: taskQueue }, taskQueueType, reportStats: true }
  const { pollers, stats, versioningInfo } = await temporal.ask(() => client.workflowService.describeTaskQueue(request))
  return {
    workers: workersIn(pollers),
    waiting: Number(stats?.approximateBacklogCount ?? 0),
    oldestSeconds: Number(stats?.approximateBacklogAge?.seconds ?? 0),
    version: versionOfWork(pollersNow(pollers), versioningInfo),
  }
}

function nobody({ taskQueue }: Temporal, known: readonly KnownWorker[]): Check {
  const queues = [...new Set(known.filter(({ isOurs }) => isOurs).map((worker) => worker.taskQueue))]
  const others = queues.slice(0, shown).map((queue) => `\`export TEMPORAL_TASK_QUEUE=${quoted(queue)}\``)
  const elsewhere = others.length > 0 ? ` (workers of this namespace poll: ${others.join(', ')})` : ''
  const remedy = `${startWorker(taskQueue)}; if it does not stay up, its log says why. Or set TEMPORAL_TASK_QUEUE to the queue that yours polls${elsewhere}`
  return failed('workers', `no worker polls the task queue "${taskQueue}"`, remedy)
}

function half({ taskQueue }: Temporal, takesWorkflows: boolean): Check {
  const [does, doesNot] = takesWorkflows ? ['workflows', 'activities'] : ['activities', 'workflows']
  const found = `a worker takes ${does} from the task queue "${taskQueue}", but none takes ${doesNot}`
  return failed('workers', found, startWorker(taskQueue, 'one that takes both'))
}

interface Seen {
  readonly workflows: Polls
  readonly activities: Polls
  readonly known: readonly KnownWorker[]
}

function some({ taskQueue }: Temporal, { workflows, activities, known }: Seen): Check {
  const { workers } = workflows
  const first = workers.slice(0, shown).map((identity) => described(identity, known))
  const more = workers.length > shown ? `, and ${workers.length - shown} more` : ''
  const found = `${workers.length} at the task queue "${taskQueue}": ${first.join(', ')}${more}`
  const oldest = Math.max(workflows.oldestSeconds, activities.oldestSeconds)
  if (oldest < waitsLongSeconds) return ok('workers', found)
  const waiting = workflows.waiting + activities.waiting
  const late = `${found}; ${waiting} ${waiting === 1 ? 'task waits' : 'tasks wait'} for them, the oldest for ${timeSpan(oldest)}`
  return warning('workers', late, 'start more workers, or see what keeps these busy (their CPU, their log)')
}

function described(identity: string, known: readonly KnownWorker[]): string {
  const worker = known.find((one) => one.identity === identity)
  if (!worker) return identity
  const since = new Date(worker.startedAtSeconds * 1000).toISOString()
  return `${identity} (since ${since}, Temporal SDK ${worker.sdkVersion})`
}
