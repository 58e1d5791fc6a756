import { activityInfo } from '@temporalio/activity'
import type { MetricTags } from '@temporalio/common'
import { unknownDeployment } from '../domain/contract.ts'
import type { CreateRunRequest, Creation } from '../domain/creation.ts'
import { hasEnded } from '../domain/run.ts'
import type { RunLook } from '../domain/run.ts'
import type { Metrics } from './metrics.ts'
import { resultOf } from './result.ts'

/** Counts and times one poll of a watch, and how late it saw the run's end. */
export async function measuredPoll<Look extends RunLook>(
  metrics: Metrics,
  deployment: string,
  poll: () => Promise<Look>,
): Promise<Look> {
  const beganMs = performance.now()
  const end = (result: string) => {
    const tags = tagsOf(deployment, result)
    metrics.polls.add(1, { ...tags, result })
    if (result !== 'not_asked') metrics.pollDuration.record((performance.now() - beganMs) / 1000, tags)
  }
  try {
    const look = await poll()
    end(resultOfLook(look))
    const lagMs = lagOf(look)
    if (lagMs !== undefined) metrics.detectionLag.record(lagMs / 1000, tagsOf(deployment))
    return look
  } catch (error) {
    end(resultOf(error))
    throw error
  }
}

/** Counts one try to create a run. */
export async function measuredCreation<T extends Creation>(
  metrics: Metrics,
  { deployment, findOnly }: CreateRunRequest,
  create: () => Promise<T>,
): Promise<T> {
  if (findOnly) return create()
  const end = (result: string) => metrics.creations.add(1, { ...tagsOf(deployment, result), result })
  try {
    const creation = await create()
    end(creation.kind)
    return creation
  } catch (error) {
    end(resultOf(error))
    throw error
  }
}

function tagsOf(deployment: string, result?: string): MetricTags {
  const { namespace, taskQueue } = activityInfo()
  const name = result === 'unknown_deployment' ? unknownDeployment : deployment
  return { deployment: name, namespace, task_queue: taskQueue }
}

function resultOfLook(look: RunLook): string {
  if (look.ending?.kind === 'unreadable') return 'unreadable'
  return hasEnded(look) ? 'ended' : 'active'
}

/**
 * From the run's end, by LangGraph's clock, to now, by this machine's. The first activity of an execution is left out: its
 * run may have ended long before anybody watched it.
 */
function lagOf(look: RunLook): number | undefined {
  if (!hasEnded(look) || look.ending?.kind === 'unreadable' || activityInfo().activityId === '1') return undefined
  const endedAtMs = Date.parse(look.updatedAt ?? '')
  return Number.isNaN(endedAtMs) ? undefined : Math.max(Date.now() - endedAtMs, 0)
}
