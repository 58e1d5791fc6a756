import { log, metricMeter } from '@temporalio/workflow'
import { watchesEndedMetric } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import type { WatchState } from '../domain/state.ts'
import type { Watch } from './watch.ts'

/** What a log line of a watch is about; the workflow's id and type stand beside it. */
export function aboutRun({ memory, request }: Watch) {
  const { run } = memory
  return present({ deployment: deploymentOf(memory, request), thread_id: run?.threadId, run_id: run?.runId })
}

/** The watch has ended: logs and counts it, and does neither in a replay. */
export function noteEnd(watch: Watch, state: WatchState): void {
  const deployment = deploymentOf(watch.memory, watch.request)
  log.info('watch ended', { ...aboutRun(watch), state, polls: watch.memory.polls.count })
  metricMeter.createCounter(watchesEndedMetric).add(1, present({ deployment, state }))
}

function deploymentOf({ run }: Watch['memory'], request: Watch['request']): string | undefined {
  return run?.deployment ?? request?.deployment
}
