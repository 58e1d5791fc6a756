import { setTimeout as pause } from 'node:timers/promises'
import { activityInfo, getClient, log } from '@temporalio/activity'
import { isGrpcServiceError } from '@temporalio/client'
import { confirmationTimeoutMs } from '../domain/defaults.ts'
import { NotAsked } from '../langgraph/pace.ts'

/** Not permitted, not known: so Temporal, or a proxy before it, will never say. */
const neverSays: readonly (number | undefined)[] = [7, 12]

/**
 * That Temporal still waits for this try, which is asked just before a request whose effect must be known. A worker that was
 * frozen, or cut off, may begin with a task, or go on with it, when everybody has given it up long ago.
 *
 * The worker cannot know that by itself: its clock is never compared with Temporal's.
 *
 * @throws NotAsked if Temporal waits no more, or does not say it in 2 s
 */
export async function requireAwaited(): Promise<void> {
  const beganAtMs = performance.now()
  const reason = await whyNotAwaited()
  if (reason !== undefined) throw notSent(reason)
  // Timers are late in a worker that was frozen just now.
  if (performance.now() - beganAtMs > confirmationTimeoutMs) throw notSent('the worker stood still')
}

async function whyNotAwaited(): Promise<string | undefined> {
  const { activityId, attempt } = activityInfo()
  const answered = new AbortController()
  try {
    // The client's own deadline is that of each of its tries.
    const open = await Promise.race([pendingActivities(), noAnswer(answered.signal)])
    const isAwaited = open.some((one) => one.activityId === activityId && one.attempt === attempt)
    return isAwaited ? undefined : 'Temporal has given up this try'
  } catch (error) {
    const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined
    if (neverSays.includes(code)) return undefined
    log.warn('Temporal does not say whether it still waits for a try to create a run', { code })
    return 'Temporal does not say whether it still waits for this try'
  } finally {
    answered.abort()
  }
}

async function pendingActivities() {
  const client = getClient()
  const { workflowExecution: execution = null } = activityInfo()
  const described = await client.withDeadline(Date.now() + confirmationTimeoutMs, () =>
    client.workflowService.describeWorkflowExecution({ namespace: client.options.namespace, execution }),
  )
  return described.pendingActivities
}

async function noAnswer(signal: AbortSignal): Promise<never> {
  await pause(confirmationTimeoutMs, undefined, { signal })
  throw new Error('no answer')
}

function notSent(reason: string): NotAsked {
  return new NotAsked(`The run was not created, since ${reason}: the next try follows`)
}
