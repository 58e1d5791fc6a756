import type { Client as LangGraph } from '@langchain/langgraph-sdk'
import { WorkflowFailedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { CancelledFailure } from '@temporalio/common'
import { v5 as uuidV5 } from 'uuid'
import type { Cancellation, WatchOutcome } from '../../src/client.ts'
import { runMemoKey } from '../../src/domain/contract.ts'
import { isRecord, messageOf } from '../../src/domain/json.ts'
import type { WatchMemo } from '../../src/domain/state.ts'
import { chanceOf } from './chance.ts'
import type { Kind } from './kinds.ts'
import type { Patience } from './patience.ts'
import type { ChaosServer } from './servers.ts'
import type { Stage } from './stage.ts'

/** A run to play. */
export interface Part {
  readonly kind: Kind
  readonly server: ChaosServer
  /** Of this run alone: what the graph is given. */
  readonly symbol: string
  /** Of several runs, if they have one thread. */
  readonly threadId?: string
}

export type Ending =
  | { readonly kind: 'outcome'; readonly outcome: WatchOutcome }
  /** The workflow was cancelled. */
  | { readonly kind: 'cancelled'; readonly cancellation: Cancellation | undefined }
  | { readonly kind: 'none'; readonly why: string }

/** What a client was told of a run. */
export interface Played {
  readonly part: Part
  readonly workflowId: string
  readonly threadId: string
  readonly ending: Ending
  /** Each says what was cancelled. */
  readonly cancellations: readonly Cancellation[]
  /** The runs that receipts name. */
  readonly receipts: readonly (string | undefined)[]
}

export const metadataKey = 'chaos'
const betweenLooksMs = 500
const longestCallMs = 60_000
const longestBeforeCancelMs = 8000
const unlimited = { maxPollTime: '1d' } as const

/** What the graph `human` is answered. */
export function answerTo({ symbol }: Part): string {
  return `answer to ${symbol}`
}

/** Plays the part of a client, from the start of a run to its outcome. */
export async function play(stage: Stage, part: Part, patience: Patience): Promise<Played> {
  const player = new Player(stage, part, patience)
  return player.play()
}

class Player {
  readonly #stage: Stage
  readonly #part: Part
  readonly #patience: Patience
  readonly #cancellations: Cancellation[] = []
  readonly #receipts: (string | undefined)[] = []

  constructor(stage: Stage, part: Part, patience: Patience) {
    this.#stage = stage
    this.#part = part
    this.#patience = patience
  }

  async play(): Promise<Played> {
    const { kind, server, symbol } = this.#part
    let started = { workflowId: `chaos/${symbol}`, threadId: this.#part.threadId ?? derivedThread(server, symbol) }
    let ending: Ending
    try {
      const { handle, threadId } = kind.by === 'executeRun' ? await this.#execute(started) : await this.#watch(started)
      started = { workflowId: handle.workflowId, threadId }
      const [ended] = await Promise.all([this.#untilEnded(handle), this.#act(handle)])
      ending = ended
    } catch (error) {
      ending = { kind: 'none', why: await this.#lastSeen(started.workflowId, error) }
    }
    return { part: this.#part, ...started, ending, cancellations: this.#cancellations, receipts: this.#receipts }
  }

  async #execute({ workflowId, threadId }: { readonly workflowId: string; readonly threadId: string }) {
    const { kind, server } = this.#part
    const given = this.#part.threadId === undefined ? {} : { threadId }
    const input = { assistantId: kind.graph, input: this.#input, ...given, ...this.#options, deployment: server.name }
    const start = () => this.#stage.runs.startExecution(workflowId, input)
    return { handle: await this.#patience.withTemporal(start), threadId }
  }

  async #watch({ threadId }: { readonly threadId: string }) {
    const { name: deployment, truth } = this.#part.server
    const runId = await this.#patience.withLangGraph(() => this.#createOnce(truth, threadId))
    const watch = { threadId, runId, ...this.#options, deployment }
    const handle = await this.#patience.withTemporal(() => this.#stage.runs.startWatch(watch))
    return { handle, threadId }
  }

  /** This program's own run, which somebody else's watch adopts. */
  async #createOnce(langGraph: LangGraph, threadId: string): Promise<string> {
    const { kind, symbol } = this.#part
    await langGraph.threads.create({ threadId, ifExists: 'do_nothing' })
    const known = await langGraph.runs.list(threadId, { limit: 100 })
    const own = known.find(({ metadata }) => Object(metadata)[metadataKey] === symbol)
    if (own) return own.run_id
    const options = { input: this.#input, metadata: { [metadataKey]: symbol }, multitaskStrategy: 'enqueue' } as const
    return (await langGraph.runs.create(threadId, kind.graph, options)).run_id
  }

  get #input() {
    return { symbol: this.#part.symbol, ...this.#part.kind.input }
  }

  get #options() {
    return { ...unlimited, ...this.#part.kind.options }
  }

  async #untilEnded(handle: WorkflowHandle): Promise<Ending> {
    const { client } = this.#stage
    try {
      const ask = () => client.withDeadline(Date.now() + longestCallMs, (): Promise<WatchOutcome> => handle.result())
      return { kind: 'outcome', outcome: await this.#patience.withTemporal(ask) }
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error
      if (!(error.cause instanceof CancelledFailure)) return { kind: 'none', why: messageOf(error.cause ?? error) }
      const { memo } = await this.#patience.withTemporal(() => handle.describe())
      const cancellation: Cancellation | undefined = memo?.['cancellation'] as Cancellation | undefined
      return { kind: 'cancelled', cancellation }
    }
  }

  async #act(handle: WorkflowHandle): Promise<void> {
    const { act } = this.#part.kind
    switch (act) {
      case 'answer':
        return this.#answer(handle)
      case 'cancel the run':
        await this.#pauseBeforeCancel()
        return this.#cancelRun(handle)
      case 'cancel the workflow':
        await this.#pauseBeforeCancel()
        await this.#patience.withTemporal(() => handle.cancel())
        return
      case undefined:
        return
    }
  }

  /** Once; again under the same update id only if nobody has said what came of it. */
  async #answer(handle: WorkflowHandle): Promise<void> {
    const { workflowId } = handle
    const value = answerTo(this.#part)
    for (let n = 1; await this.#isAsked(handle); n += 1) {
      const options = { updateId: `answer ${n}` }
      try {
        const resume = () => this.#stage.runs.resume({ workflowId }, { value }, options)
        const { run_id } = await this.#patience.withTemporal(resume)
        this.#receipts.push(run_id)
        return
      } catch (error) {
        // What else it says is that this answer was not given. The outcome shows whether that is true.
        if (!(error instanceof WorkflowUpdateFailedError) && !(error instanceof WorkflowNotFoundError)) throw error
      }
    }
  }

  /** @returns false if the workflow has ended */
  async #isAsked(handle: WorkflowHandle): Promise<boolean> {
    for (;;) {
      const { status, memo } = await this.#patience.withTemporal(() => handle.describe())
      if (status.name !== 'RUNNING') return false
      if (stateIn(memo) === 'human') return true
      await this.#patience.pause(betweenLooksMs)
    }
  }

  /** Until it is known what came of it. */
  async #cancelRun({ workflowId }: WorkflowHandle): Promise<void> {
    for (;;) {
      try {
        const cancellation = await this.#patience.withTemporal(() => this.#stage.runs.cancelRun({ workflowId }))
        this.#cancellations.push(cancellation)
        if (cancellation.result !== 'cancel_unconfirmed') return
      } catch (error) {
        // The watch has ended meanwhile, for example by the same request, whose answer was lost.
        if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError) return
        throw error
      }
    }
  }

  async #pauseBeforeCancel(): Promise<void> {
    await this.#patience.pause(chanceOf(this.#part.symbol, 'cancelled')() * longestBeforeCancelMs)
  }

  /** For a person who looks into it. */
  async #lastSeen(workflowId: string, error: unknown): Promise<string> {
    const { client } = this.#stage
    try {
      const { status, memo, historyLength } = await client.workflow.getHandle(workflowId).describe()
      return `${messageOf(error)}; ${status.name}, ${historyLength} events, memo ${JSON.stringify(memo)}`
    } catch {
      return messageOf(error)
    }
  }
}

/** As the application derives it. */
function derivedThread({ name }: ChaosServer, symbol: string): string {
  return uuidV5(['default', name, `chaos/${symbol}`].join('/'), uuidV5.URL)
}

function stateIn(memo: Readonly<Record<string, unknown>> | undefined): WatchMemo['state'] | undefined {
  const own: unknown = memo?.[runMemoKey]
  return isRecord(own) ? (own['state'] as WatchMemo['state']) : undefined
}
