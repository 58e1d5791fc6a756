import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { assert, expect, inject, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { EnhancedBackgroundRunPoller, RunResultRetriever } from '../../src/poller.ts'
import type { PollerOptions } from '../../src/poller.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'
import { ScriptedLangGraph, events, hang, json } from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'
import { openStage } from './stage.ts'
import type { PollerStage } from './stage.ts'

export const aapl = { symbol: 'AAPL' }
export const values = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }
export const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
export const retrievalMetadata = {
  strategy_used: 'thread_state',
  retrieval_duration_seconds: expect.any(Number),
  timestamp: time,
}
export const completed = {
  poll_count: expect.any(Number),
  completion_time_seconds: expect.any(Number),
  timestamp: time,
}

export const nobodyListens = '127.0.0.1:1'
export const elsewhere = { deployment: 'scripted' }
export type Options = Partial<PollerOptions>

export function ids({ threadId, runId }: Ids) {
  return { thread_id: threadId, run_id: runId }
}

export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => `no error but ${JSON.stringify(value)}`,
    (error: unknown) => error,
  )
}

export async function inputOf(handle: WorkflowHandle): Promise<unknown> {
  const { events: history } = await handle.fetchHistory()
  const payload = history?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data
  return JSON.parse(Buffer.from(payload ?? []).toString('utf8'))
}

/** The classes on a worker of their own, with the shared LangGraph server and a scripted one. */
export class Pollers {
  readonly langGraph = new LangGraphRuns(inject('langGraphUrl'))
  readonly runs: BackgroundRuns
  readonly stage: PollerStage
  readonly #scripted: ScriptedLangGraph
  /** Thread id → the checkpoint of a run that the scripted server says has succeeded. About other threads it is silent. */
  readonly #checkpoints = new Map<string, unknown>()

  static async open(): Promise<Pollers> {
    const scripted = await ScriptedLangGraph.start()
    const stage = await openStage(inject('temporalAddress'), [
      { name: 'default', url: inject('langGraphUrl') },
      { name: 'scripted', url: scripted.url },
    ])
    return new Pollers(stage, scripted)
  }

  private constructor(stage: PollerStage, scripted: ScriptedLangGraph) {
    this.stage = stage
    this.#scripted = scripted
    this.runs = new BackgroundRuns(stage.client, { taskQueue: stage.taskQueue })
    this.#script()
  }

  async close(): Promise<void> {
    await Promise.all([this.stage.close(), this.#scripted.stop()])
  }

  poller(options: Options = {}): EnhancedBackgroundRunPoller {
    return new EnhancedBackgroundRunPoller({ client: this.stage.client, taskQueue: this.stage.taskQueue, ...options })
  }

  retriever(options: Options = {}): RunResultRetriever {
    return new RunResultRetriever({ client: this.stage.client, taskQueue: this.stage.taskQueue, ...options })
  }

  /** Until the watch of a run has looked once, and sleeps. */
  async untilAsleep(run: Ids): Promise<WorkflowHandle> {
    const asleep = { phase: 'waiting', poll_count: 1 } as const
    await vi.waitFor(async () => assert.deepInclude(await this.runs.progress(run), asleep), { timeout: 30_000 })
    return this.stage.client.workflow.getHandle(watchWorkflowId(run))
  }

  /** The newest retrieval of a run; the list of workflows lags a little behind. */
  async retrievalOf({ threadId, runId }: Ids): Promise<WorkflowHandle> {
    const query = `WorkflowId STARTS_WITH 'retrieve-run-result/default/${threadId}/${runId}/'`
    return vi.waitFor(
      async () => {
        for await (const { workflowId } of this.stage.client.workflow.list({ query })) {
          return this.stage.client.workflow.getHandle(workflowId)
        }
        throw new Error('not listed yet')
      },
      { timeout: 30_000, interval: 50 },
    )
  }

  /** A run of the scripted server that has succeeded: with these values, or on a thread whose state is another run's. */
  succeededWith(own: { readonly values?: unknown }): Ids {
    const run = { threadId: randomUUID(), runId: randomUUID() }
    const isOwn = Object.hasOwn(own, 'values')
    const metadata = { run_id: isOwn ? run.runId : randomUUID(), source: 'loop' }
    const checkpoint = { checkpoint_id: 'c1' }
    this.#checkpoints.set(run.threadId, {
      values: isOwn ? own.values : values,
      next: [],
      tasks: [],
      metadata,
      checkpoint,
    })
    return run
  }

  #ofThread(answer: (checkpoint: unknown) => Answer): Answer {
    return (response) => {
      const [, , threadId = ''] = response.req.url?.split('/') ?? []
      return (this.#checkpoints.has(threadId) ? answer(this.#checkpoints.get(threadId)) : hang)(response)
    }
  }

  #script(): void {
    const succeeded = json({ status: 'success', kwargs: { resumable: false } })
    this.#scripted
      .on(
        'run',
        this.#ofThread(() => succeeded),
      )
      .on('state', this.#ofThread(json))
    this.#scripted.on(
      'history',
      this.#ofThread((checkpoint) => json([checkpoint])),
    )
    this.#scripted
      .on('stream', events([]))
      .on('search', json([]))
      .on('runs', json([]))
      .on('thread', json({ status: 'idle' }))
  }
}
