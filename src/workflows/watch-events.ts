import { log, metricMeter } from '@temporalio/workflow'
import { unknownDeployment, watchesEndedMetric } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import type { WatchState } from '../domain/state.ts'
import type { Watch } from './watch.ts'

/** What a log line of a watch is about; the workflow's id and type stand beside it. */
export function aboutRun({ memory, display }: Watch) {
  const { run } = memory
  return { deployment: display.deployment, ...present({ thread_id: run?.threadId, run_id: run?.runId }) }
}

/** The watch has ended: logs and counts it, and does neither in a replay. */
export function noteEnd(watch: Watch, state: WatchState): void {
  const { memory, display } = watch
  log.info('watch ended', { ...aboutRun(watch), state, polls: memory.polls.count })
  const deployment = memory.isDeploymentKnown ? display.deployment : unknownDeployment
  metricMeter.createCounter(watchesEndedMetric).add(1, { deployment, state })
}
