import type { ConnectionLike } from '@temporalio/client'

const workflowTasks = 1
/** A worker asks for work at least once a minute. Temporal lists for five minutes one that died. */
const goneAfterMs = 70_000

type Pollers = Awaited<ReturnType<ConnectionLike['workflowService']['describeTaskQueue']>>['pollers']

/** Whether a worker polls the task queue. @param isMeant by a worker's identity, which is `<pid>@<host>` */
export async function isPolled(
  { workflowService }: ConnectionLike,
  namespace: string,
  taskQueue: string,
  isMeant: (identity: string) => boolean = () => true,
): Promise<boolean> {
  const taskQueueType = workflowTasks
  const { pollers } = await workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType,
  })
  return workersIn(pollers).some(isMeant)
}

/** The identities of those that poll now. */
export function workersIn(pollers: Pollers): readonly string[] {
  return [...new Set(pollersNow(pollers).map(({ identity }) => identity ?? ''))]
}

export function pollersNow(pollers: Pollers): NonNullable<Pollers> {
  const sinceSeconds = (Date.now() - goneAfterMs) / 1000
  return (pollers ?? []).filter(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) > sinceSeconds)
}
