import { Client } from '@langchain/langgraph-sdk'
import { assert, vi } from 'vitest'
import type { GraphName } from './graphs.ts'

export interface Ids {
  readonly threadId: string
  readonly runId: string
}

/** The fields of the test graphs' state that a test gives. */
interface GraphInput {
  readonly symbol: string
  /** How long the node `work` takes. */
  readonly seconds?: number
  readonly blob?: string
  /** How many characters the node `work` adds as `blob`; of `recovering`: how often it fails. */
  readonly size?: number
  /** Of `recovering`: in which attempt it takes `seconds`. */
  readonly answer2?: number
}

interface RunOptions {
  /** Default: a new one. */
  readonly threadId?: string
  readonly streamResumable?: boolean
  readonly interruptBefore?: string[]
  readonly multitaskStrategy?: 'reject' | 'enqueue'
  /** Instead of the input. */
  readonly resume?: unknown
}

const patience = { timeout: 30_000, interval: 100 }

/** What a LangGraph client does beside this application: it creates runs, and looks at them. */
export class LangGraphRuns {
  readonly #client: Client

  constructor(url: string) {
    this.#client = new Client({ apiUrl: url, apiKey: null, callerOptions: { maxRetries: 0 } })
  }

  async create(graph: GraphName, input: GraphInput, { threadId, resume, ...options }: RunOptions = {}): Promise<Ids> {
    const thread = threadId ?? (await this.#client.threads.create()).thread_id
    const what = resume === undefined ? { input: { ...input } } : { command: { resume } }
    const { run_id } = await this.#client.runs.create(thread, graph, { ...what, ...options })
    return { threadId: thread, runId: run_id }
  }

  /** A run that has ended. */
  async ended(...run: Parameters<LangGraphRuns['create']>): Promise<Ids> {
    const ids = await this.create(...run)
    await this.untilEnded(ids)
    return ids
  }

  async status({ threadId, runId }: Ids): Promise<string> {
    return (await this.#client.runs.get(threadId, runId)).status
  }

  /** The runs of a thread, the oldest first. */
  async runsOf(threadId: string): Promise<string[]> {
    const runs = await this.#client.runs.list(threadId, { limit: 100 })
    return runs.toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at)).map(({ run_id }) => run_id)
  }

  /** What the thread holds: its values, and the nodes that come next. */
  async state(threadId: string): Promise<{ values: unknown; next: readonly string[] }> {
    const { values, next } = await this.#client.threads.getState(threadId)
    return { values, next }
  }

  async untilEnded(ids: Ids): Promise<void> {
    await vi.waitFor(async () => assert.notInclude(['pending', 'running'], await this.status(ids)), patience)
  }

  async untilRunning(ids: Ids): Promise<void> {
    await vi.waitFor(async () => assert.equal(await this.status(ids), 'running'), patience)
  }

  /** Until the node `work` is what comes next: the node before it has left its values. */
  async untilAtWork({ threadId }: Ids): Promise<void> {
    const next = async () => (await this.#client.threads.getState(threadId)).next
    await vi.waitFor(async () => assert.deepEqual(await next(), ['work']), patience)
  }

  async cancel({ threadId, runId }: Ids): Promise<void> {
    await this.#client.runs.cancel(threadId, runId)
  }

  async delete({ threadId, runId }: Ids): Promise<void> {
    await this.#client.runs.delete(threadId, runId)
  }

  /** As a person does it, in LangGraph Studio for example. */
  async edit(threadId: string, values: Partial<GraphInput>): Promise<void> {
    await this.#client.threads.updateState(threadId, { values: { ...values } })
  }

  async deleteThread(threadId: string): Promise<void> {
    await this.#client.threads.delete(threadId)
  }

  /** How many bytes the server's answer about a run takes: it repeats the input. */
  async statusBytes({ threadId, runId }: Ids): Promise<number> {
    return JSON.stringify(await this.#client.runs.get(threadId, runId)).length
  }
}
