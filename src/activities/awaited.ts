import { activityInfo, getClient } from '@temporalio/activity'
import { isGrpcServiceError } from '@temporalio/client'
import { NotAsked } from '../langgraph/pace.ts'

/** For Temporal's answer, and from there until the request goes out. */
const confirmationMs = 2000
/** Not permitted, not known: so Temporal, or a proxy before it, will never say. */
const neverSays: readonly (number | undefined)[] = [7, 12]

/**
 * That Temporal still waits for this try, which is asked just before a request whose effect must be known. A worker that was
 * frozen, or cut off, may begin with a task, or go on with it, when everybody has given it up long ago.
 *
 * The worker cannot know that by itself: its clock is never compared with Temporal's.
 *
 * @throws NotAsked if Temporal waits no more, or does not answer
 */
export async function requireAwaited(): Promise<void> {
  const beganAtMs = performance.now()
  const reason = await whyNotAwaited()
  if (reason !== undefined) throw notSent(reason)
  // Timers are late in a worker that was frozen just now.
  if (performance.now() - beganAtMs > confirmationMs) throw notSent('the worker stood still')
}

async function whyNotAwaited(): Promise<string | undefined> {
  const { workflowExecution: execution = null, activityId } = activityInfo()
  const client = getClient()
  const { namespace } = client.options
  try {
    const { pendingActivities } = await client.withDeadline(Date.now() + confirmationMs, () =>
      client.workflowService.describeWorkflowExecution({ namespace, execution }),
    )
    const isAwaited = pendingActivities.some((pending) => pending.activityId === activityId)
    return isAwaited ? undefined : 'Temporal has given up this try'
  } catch (error) {
    const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined
    return neverSays.includes(code) ? undefined : 'Temporal does not say whether it still waits for this try'
  }
}

function notSent(reason: string): NotAsked {
  return new NotAsked(`The run was not created, since ${reason}: the next try follows`)
}
