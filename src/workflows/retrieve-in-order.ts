import { sleep } from '@temporalio/workflow'
import { langGraphFailureTypes } from '../domain/contract.ts'
import { maxReasonBytes } from '../domain/defaults.ts'
import type { RetrievalStrategy } from '../domain/defaults.ts'
import type { RetrievalOptions } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { ResultReference, RetrievalAttempt, RetrievalMetadata } from '../domain/outcome.ts'
import type { Retrieved } from '../domain/retrieved.ts'
import type { Json, ReadInterrupts, RunLook, RunRef } from '../domain/run.ts'
import { bounded, seconds } from '../domain/text.ts'
import { retrieveJoinStream, retrieveStreamValues, retrieveThreadState, strategyTimeoutMs } from './activities.ts'
import { noAnswer } from './failures.ts'
import { TimeBudget } from './time-budget.ts'

const activityOf = {
  stream_values: retrieveStreamValues,
  thread_state: retrieveThreadState,
  join_stream: retrieveJoinStream,
} as const satisfies Record<RetrievalStrategy, unknown>

/** A shorter round is not worth starting. */
const shortestRoundMs = 1000

export type Retrieval = { readonly metadata: RetrievalMetadata } & (
  | { readonly found: 'result'; readonly result: Json; readonly inexactNumbers?: readonly string[] }
  | ({ readonly found: 'interrupts'; readonly next?: readonly string[] } & ReadInterrupts)
  /** `error` gives each strategy's reason. */
  | { readonly found: 'nothing'; readonly error: string; readonly reference?: ResultReference }
)

interface Attempt extends RetrievalAttempt {
  readonly retrieved?: Retrieved
  readonly retryAfterMs?: number
}

/** Tries one strategy after the other. If all say "missing" it is over; if one could not be asked, the order starts again. */
export async function retrieveInOrder(run: RunRef, options: RetrievalOptions, look: RunLook): Promise<Retrieval> {
  const startedMs = Date.now()
  const budget = new TimeBudget(options.timeoutMs)
  const attempts: Attempt[] = []

  for (let round = 0; budget.leftMs() > 0; round += 1) {
    const tried: Attempt[] = []
    for (const strategy of options.order) {
      const timeoutMs = Math.min(strategyTimeoutMs, budget.leftMs())
      if (timeoutMs === 0) break
      const attempt = await budget.spend(timeoutMs, tryStrategy(strategy, run, options, look, timeoutMs))
      tried.push(attempt)
      attempts.push(attempt)
      const retrieval = conclude(attempt, run, look, metadata(attempts, startedMs, attempt, look))
      if (retrieval) return retrieval
    }
    if (tried.length === options.order.length && tried.every(({ outcome }) => outcome === 'missing')) {
      return nothing(allFailed(attempts), metadata(attempts, startedMs))
    }
    const pauseMs = Math.min(pauseAfter(round, tried), budget.leftMs() - shortestRoundMs)
    if (pauseMs <= 0) break
    await budget.spend(pauseMs, sleep(pauseMs, { summary: `until retrieval round ${round + 2}` }))
  }
  const error = `Result retrieval timed out after ${seconds(options.timeoutMs)}: ${lastReasons(attempts)}`
  return nothing(error, metadata(attempts, startedMs))
}

async function tryStrategy(
  strategy: RetrievalStrategy,
  run: RunRef,
  options: RetrievalOptions,
  look: RunLook,
  timeoutMs: number,
): Promise<Attempt> {
  if (strategy === 'stream_values' && look.resumable === false) {
    return { strategy, outcome: 'missing', reason: 'the run was not created as resumable: LangGraph kept no stream' }
  }
  const request = { ...run, ...present({ resultKeys: options.resultKeys, origin: look.origin }) }
  try {
    const retrieved = await activityOf[strategy].executeWithOptions(
      { scheduleToCloseTimeout: timeoutMs, summary: strategy },
      [request],
    )
    return { strategy, ...outcomeOf(retrieved), retrieved }
  } catch (error) {
    const { type, message, retryAfterMs } = noAnswer(error)
    return {
      strategy,
      outcome: type === langGraphFailureTypes.timeout ? 'timed_out' : 'failed',
      reason: bounded(message, maxReasonBytes),
      ...present({ retryAfterMs }),
    }
  }
}

function outcomeOf(retrieved: Retrieved): Pick<RetrievalAttempt, 'outcome' | 'reason'> {
  switch (retrieved.found) {
    case 'values':
      return { outcome: 'used' }
    case 'nothing':
      return { outcome: 'missing', reason: bounded(retrieved.reason, maxReasonBytes) }
    case 'interrupts':
      return { outcome: 'missing', reason: 'the run stopped to be continued, so its values are not a result' }
    case 'too_large':
      return {
        outcome: 'too_large',
        reason: `the result is ${retrieved.bytes} bytes of JSON, more than fits through Temporal: read it from LangGraph, or name the fields you need in \`resultKeys\``,
      }
  }
}

function conclude(
  { retrieved }: Attempt,
  run: RunRef,
  look: RunLook,
  metadata: RetrievalMetadata,
): Retrieval | undefined {
  if (!retrieved) return undefined
  switch (retrieved.found) {
    case 'values':
      return {
        found: 'result',
        result: retrieved.values,
        metadata,
        ...present({ inexactNumbers: retrieved.inexactNumbers }),
      }
    case 'interrupts':
      return { ...retrieved, metadata }
    case 'too_large': {
      const checkpointId = retrieved.checkpointId ?? checkpointOf(look)
      const reference = {
        thread_id: run.threadId,
        bytes: retrieved.bytes,
        ...present({ checkpoint_id: checkpointId }),
      }
      return { ...nothing(allFailed(metadata.attempts), metadata), reference }
    }
    case 'nothing':
      return undefined
  }
}

function nothing(error: string, metadata: RetrievalMetadata): Retrieval & { found: 'nothing' } {
  return { found: 'nothing', error, metadata }
}

function metadata(attempts: readonly Attempt[], startedMs: number, used?: Attempt, look?: RunLook): RetrievalMetadata {
  const values = used?.retrieved?.found === 'values' ? used.retrieved : undefined
  const checkpointId = values && (values.checkpointId ?? checkpointOf(look))
  const now = Date.now()
  return {
    retrieval_duration_seconds: (now - startedMs) / 1000,
    timestamp: new Date(now).toISOString(),
    attempts: attempts.map(({ strategy, outcome, reason }) => ({ strategy, outcome, ...present({ reason }) })),
    ...present({ strategy_used: values && used?.strategy, checkpoint_id: checkpointId }),
  }
}

function checkpointOf(look: RunLook | undefined): string | undefined {
  return look?.ending?.kind === 'known' ? look.ending.checkpointId : undefined
}

/** Pauses are 1, 2, 4 … s, or as long as the server asked for. */
function pauseAfter(round: number, tried: readonly Attempt[]): number {
  return Math.max(1000 * 2 ** round, ...tried.map(({ retryAfterMs = 0 }) => retryAfterMs))
}

function allFailed(attempts: readonly RetrievalAttempt[]): string {
  return `All result retrieval strategies failed: ${lastReasons(attempts)}`
}

function lastReasons(attempts: readonly RetrievalAttempt[]): string {
  const last = new Map(attempts.map(({ strategy, reason }) => [strategy, reason]))
  return [...last].map(([strategy, reason]) => `Strategy ${strategy} failed: ${reason}`).join('; ')
}
