import { proxyActivities, sleep } from '@temporalio/workflow'
import type { MinimalActivities, MinimalRun } from './minimal-activities.ts'

/** What the benchmark compares with: sleep and ask, then fetch the state. No deadline, no wake, no proof, no fallback. */
const { status, values } = proxyActivities<MinimalActivities>({ startToCloseTimeout: '10s' })

export async function minimal(run: MinimalRun, intervalMs: number): Promise<unknown> {
  while (['pending', 'running'].includes(await status(run))) await sleep(intervalMs)
  return values(run)
}
