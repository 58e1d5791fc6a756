import { sleep } from '@temporalio/workflow'
import { failureTypes, langGraphFailureTypes } from '../domain/contract.ts'
import { maxReasonBytes } from '../domain/defaults.ts'
import type { RetrievalStrategy } from '../domain/defaults.ts'
import type { RetrievalOptions } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { ResultReference, RetrievalAttempt, RetrievalMetadata, StoredResultReference } from '../domain/outcome.ts'
import type { Retrieved } from '../domain/retrieved.ts'
import type { Json, ReadInterrupts, RunLook, RunRef, Shown } from '../domain/run.ts'
import { bounded, seconds } from '../domain/text.ts'
import {
  offered,
  retrieveJoinStream,
  retrieveStreamValues,
  retrieveThreadState,
  strategyTimeoutMs,
} from './activities.ts'
import { iso, momentMs } from './clock.ts'
import { noAnswer } from './failures.ts'
import type { NoAnswer } from './failures.ts'

const activityOf = {
  stream_values: retrieveStreamValues,
  thread_state: retrieveThreadState,
  join_stream: retrieveJoinStream,
} as const satisfies Record<RetrievalStrategy, unknown>

/** A shorter round is not worth starting. */
const shortestRoundMs = 1000

export type Retrieval = { readonly metadata: RetrievalMetadata } & (
  | { readonly found: 'result'; readonly result: Json; readonly inexactNumbers?: readonly string[] }
  | { readonly found: 'stored'; readonly reference: StoredResultReference }
  | ({ readonly found: 'interrupts'; readonly next?: readonly string[] } & ReadInterrupts)
  /** `error` gives each strategy's reason. */
  | { readonly found: 'nothing'; readonly error: string; readonly reference?: ResultReference }
)

/** Why a round found nothing that a worker with another configuration may find, or that may be asked later. */
export type Slip = 'unknown deployment' | 'not asked' | 'refused key' | 'missing thread'
/** Pauses after the n-th round with a slip. @returns `false` if it is not waited out: the round counts */
type WaitsOut = (slip: Slip, message: string, n: number, retryAfterMs?: number) => Promise<boolean>

/** Who is told what a retrieval comes across. */
export interface Bystander {
  readonly waitsOut: WaitsOut
  /** Called before another round, which comes after a pause. */
  readonly pauses?: () => void
  /** Called with what the activities say of what may be shown. */
  readonly mayShow?: (shown: Shown) => void
}

interface Attempt extends RetrievalAttempt {
  readonly tookMs: number
  readonly slip?: Slip
  readonly retrieved?: Retrieved
  readonly shown?: Shown
  readonly retryAfterMs?: number
}

/**
 * Tries one strategy after the other. If all say "missing" it is over; if one could not be asked, the order starts again.
 * The time limit counts what the tries and pauses take, so it does not run while no worker is running.
 */
export async function retrieveInOrder(
  run: RunRef,
  options: RetrievalOptions,
  look: RunLook,
  { waitsOut, pauses, mayShow }: Bystander,
): Promise<Retrieval> {
  const startedMs = momentMs()
  const attempts: Attempt[] = []
  let leftMs = options.timeoutMs
  let slips = 0
  for (let round = 0; leftMs > 0; round += 1) {
    const tried: Attempt[] = []
    for (const strategy of options.order) {
      const timeoutMs = Math.min(strategyTimeoutMs, leftMs)
      if (timeoutMs === 0) break
      const attempt = await tryStrategy(strategy, run, options, look, { timeoutMs, slips })
      leftMs -= Math.min(attempt.tookMs, timeoutMs)
      if (attempt.shown) mayShow?.(attempt.shown)
      tried.push(attempt)
      const retrieval = conclude(attempt, run, look, metadata([...attempts, ...tried], startedMs, attempt, look))
      if (retrieval) return retrieval
    }
    if (await isSlip(tried, slips, waitsOut)) {
      slips += 1
      round -= 1
      continue
    }
    attempts.push(...tried)
    if (tried.length === options.order.length && tried.every(({ outcome }) => outcome === 'missing')) {
      return nothing(allFailed(attempts), metadata(attempts, startedMs))
    }
    const pauseMs = Math.min(pauseAfter(round, tried), leftMs - shortestRoundMs)
    if (pauseMs <= 0) break
    leftMs -= pauseMs
    pauses?.()
    await sleep(pauseMs, { summary: `until retrieval round ${round + 2}` })
  }
  const error = `Result retrieval timed out after ${seconds(options.timeoutMs)}: ${lastReasons(attempts)}`
  return nothing(error, metadata(attempts, startedMs))
}

async function isSlip(tried: readonly Attempt[], n: number, waitsOut: WaitsOut): Promise<boolean> {
  for (const { slip, reason = '', retryAfterMs } of tried) {
    if (slip && (await waitsOut(slip, reason, n, retryAfterMs))) return true
  }
  return false
}

async function tryStrategy(
  strategy: RetrievalStrategy,
  run: RunRef,
  options: RetrievalOptions,
  look: RunLook,
  { timeoutMs, slips }: { readonly timeoutMs: number; readonly slips: number },
): Promise<Attempt> {
  if (strategy === 'stream_values' && look.resumable === false) {
    const reason = 'the run was not created as resumable: LangGraph kept no stream'
    return { strategy, outcome: 'missing', reason, tookMs: 0 }
  }
  const request = { ...run, ...present({ resultKeys: options.resultKeys, origin: look.origin }) }
  try {
    const retrieved = await activityOf[strategy].executeWithOptions(
      { scheduleToCloseTimeout: timeoutMs, summary: `the result, by ${strategy}`, ...offered(slips) },
      [request],
    )
    const isMissing = retrieved.found === 'nothing' && retrieved.threadMissing === true
    return {
      strategy,
      ...outcomeOf(retrieved),
      retrieved,
      tookMs: retrieved.tookMs ?? 0,
      ...present({ slip: isMissing ? ('missing thread' as const) : undefined }),
    }
  } catch (error) {
    const failed = noAnswer(error)
    const { type, message, isFromWorker, retryAfterMs, tookMs = isFromWorker ? 0 : timeoutMs } = failed
    return {
      strategy,
      outcome: type === langGraphFailureTypes.timeout ? 'timed_out' : 'failed',
      reason: bounded(message, maxReasonBytes),
      tookMs,
      ...present({ slip: slipOf(failed), shown: failed.shown, retryAfterMs }),
    }
  }
}

function slipOf({ type, isNotAsked }: NoAnswer): Slip | undefined {
  if (isNotAsked) return 'not asked'
  switch (type) {
    case failureTypes.unknownDeployment:
      return 'unknown deployment'
    case langGraphFailureTypes.unauthorized:
      return 'refused key'
    default:
      return undefined
  }
}

function outcomeOf(retrieved: Retrieved): Pick<RetrievalAttempt, 'outcome' | 'reason'> {
  switch (retrieved.found) {
    case 'values':
    case 'stored':
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
    case 'stored': {
      const { checkpoint_id } = metadata
      return { found: 'stored', reference: { ...retrieved.reference, ...present({ checkpoint_id }) }, metadata }
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
  const { retrieved } = used ?? {}
  const values = retrieved?.found === 'values' || retrieved?.found === 'stored' ? retrieved : undefined
  const checkpointId = values && (values.checkpointId ?? checkpointOf(look))
  const now = momentMs()
  return {
    retrieval_duration_seconds: (now - startedMs) / 1000,
    timestamp: iso(now),
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
