import type { RunInput, WatchProgress } from '../../src/client.ts'
import { defaultHumanTimeout } from '../../src/domain/defaults.ts'
import { followToResult, followUntil } from './follow.ts'
import type { Handle, Success } from './follow.ts'
import type { Stage } from './stage.ts'
import type { Scenario } from './table.ts'
import type { WorkerProcess } from './worker-process.ts'

const outageMs = 5000
const purchase = 'demo/buy-AAPL'

/** Nothing goes wrong. */
export async function plainRun(stage: Stage): Promise<Scenario> {
  const { screen, lifetime, runs } = stage
  screen.title('1. A run from start to result')
  screen.say(
    'A program creates a run in LangGraph. A Temporal workflow polls it until it ends, and returns its result.',
  )
  const { run, handle } = await watchNewRun(stage, 'AAPL')
  const outcome = await followToResult(stage, handle)
  showSignal(stage, outcome)
  const { result, retrieval_metadata } = await lifetime.during(
    runs.retrieve({ ...run, resultKeys: ['trading_signal'] }),
  )
  screen.row('without a watch', `${JSON.stringify(result)}, from ${retrieval_metadata.strategy_used}`)
  return scenario('a plain run', 'nothing', outcome)
}

/** A worker dies in the middle of a run, and another one continues its watch. */
export async function killedWorker(stage: Stage, worker: WorkerProcess): Promise<Scenario> {
  const { screen } = stage
  screen.title('2. The worker dies in the middle of a run')
  screen.say(
    'Crashes, deploys and full machines end workers. Temporal keeps the watch, so another worker can continue it.',
  )
  const { handle } = await watchNewRun(stage, 'MSFT')
  const { poll_count } = await followUntil(stage, handle, isPast(2))
  const killedAtMs = Date.now()
  await worker.stop()
  screen.row('killed', `process ${worker.pid} by SIGKILL, after poll ${poll_count}; the run continues in LangGraph`)
  stage.now('starting another worker')
  const { pid } = await stage.startWorker()
  screen.clear()
  const gap = secondsSince(killedAtMs)
  screen.row('started', `process ${pid}, ready ${gap} later; it continues the same watch`)
  const outcome = await followToResult(stage, handle)
  showSignal(stage, outcome)
  return scenario('worker killed', `SIGKILL after poll ${poll_count}, no worker for ${gap}`, outcome)
}

/** LangGraph is away for some seconds. */
export async function langGraphAway(stage: Stage): Promise<Scenario> {
  const { screen, lifetime, link } = stage
  screen.title('3. LangGraph is away while a run is watched')
  screen.say('A poll without an answer does not end a watch. It keeps polling until LangGraph answers again.')
  const { handle } = await watchNewRun(stage, 'NVDA')
  await followUntil(stage, handle, isPast(1))
  const cutAtMs = Date.now()
  await lifetime.during(link.cut())
  screen.row('cut', 'the connections of the worker to LangGraph: open ones are reset, new ones refused')
  screen.row('', '(its process is not restarted: this dev server would then leave the run `running` for ever)')
  await followUntil(stage, handle, () => Date.now() - cutAtMs >= outageMs)
  await lifetime.during(link.restore())
  const gap = secondsSince(cutAtMs)
  screen.row('restored', `after ${gap}`)
  const outcome = await followToResult(stage, handle)
  showSignal(stage, outcome)
  const { events } = await lifetime.during(handle.fetchHistory())
  const failed = events?.filter(({ activityTaskFailedEventAttributes: failure }) => failure).length
  return scenario('LangGraph away', `unreachable for ${gap}, ${failed} polls failed`, outcome)
}

/** A run asks a human, who answers. */
export async function askedHuman(stage: Stage): Promise<Scenario> {
  const { screen, lifetime, runs } = stage
  screen.title('4. A run asks a human')
  screen.say('Now the workflow creates the run too, exactly once for its id. The graph stops at an `interrupt()`.')
  const handle = await startPurchase(stage, purchase, 'AAPL')
  const question = await untilItAsks(stage, handle)
  screen.row('asks', `"${question}"`)
  await lifetime.during(runs.resume({ workflowId: handle.workflowId }, { value: 'yes' }))
  screen.row('answered', `"yes", and the run continues; the watch would have waited ${defaultHumanTimeout} for it`)
  const outcome = await followToResult(stage, handle)
  screen.done('Result', `the order is "${fieldOf(outcome, 'order')}"`)
  return scenario('a human asked', `"${question}" answered with "yes"`, outcome)
}

/** Starts an execution that asks a human before it buys or sells. */
export async function startPurchase({ lifetime, runs }: Stage, workflowId: string, symbol: string): Promise<Handle> {
  const request = { assistantId: 'approval', input: { symbol }, onInterrupt: 'wait' } as const
  return lifetime.during(runs.startExecution(workflowId, request))
}

/** @returns the question of the graph */
export async function untilItAsks(stage: Stage, handle: Handle): Promise<string> {
  const { interrupts = [] } = await followUntil(stage, handle, ({ phase }) => phase === 'interrupted')
  return String(Reflect.get(Object(interrupts[0]?.value), 'question'))
}

async function watchNewRun(stage: Stage, symbol: string): Promise<{ run: RunInput; handle: Handle }> {
  const { screen, lifetime, langGraph, runs } = stage
  const { thread_id } = await lifetime.during(langGraph.threads.create())
  const request = { input: { symbol }, multitaskStrategy: 'reject' } as const
  const { run_id } = await lifetime.during(langGraph.runs.create(thread_id, 'trading', request))
  screen.row('run', `${run_id} of the graph "trading", for ${symbol}`)
  const run = { threadId: thread_id, runId: run_id }
  return { run, handle: await lifetime.during(runs.startWatch(run)) }
}

/** In the sleep after this poll or a later one. */
function isPast(poll: number) {
  return ({ phase, poll_count }: WatchProgress) => phase === 'waiting' && poll_count >= poll
}

function showSignal({ screen }: Stage, outcome: Success): void {
  screen.done('Result', `${fieldOf(outcome, 'trading_signal')}, since ${fieldOf(outcome, 'analysis_summary')}`)
}

function fieldOf({ result }: Success, field: string): string {
  return String(Reflect.get(Object(result), field))
}

function scenario(name: string, doneToIt: string, { polling_result, polling_metadata }: Success): Scenario {
  const { poll_count, completion_time_seconds } = polling_metadata
  return { name, doneToIt, outcome: polling_result, polls: poll_count, seconds: completion_time_seconds }
}

function secondsSince(startMs: number): string {
  return `${((Date.now() - startMs) / 1000).toFixed(1)} s`
}
