import { Client } from '@langchain/langgraph-sdk'
import type { CancelAction } from '../domain/creation.ts'
import type { RunEnding, RunRef, Unproven } from '../domain/run.ts'
import { maxErrorBytes } from '../domain/defaults.ts'
import { bounded } from '../domain/text.ts'
import { endingAt, isOwn, parseCheckpoint, withoutAnswered } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { errorText } from './error-text.ts'
import { asLangGraphError, BadAnswer, httpStatusOf, isNotFound } from './errors.ts'
import { guardedFetch } from './guarded-fetch.ts'
import type { InheritedOptions, LangGraph, ListedRun, OwnValues, StatusLook } from './port.ts'
import { inheritedOptions, isContinuation, listedRun } from './run-options.ts'
import { lastOwnValues } from './stream.ts'
import type { StreamReading } from './stream.ts'
import { listOf, recordOf, textOf, utcTime } from './wire.ts'
import { withTimeout } from './with-timeout.ts'

/** How to reach one LangGraph server. */
export interface ServerConfig {
  /** The deployment's name, for error texts. */
  readonly name: string
  readonly url: string
  readonly apiKey?: string
  readonly headers?: Readonly<Record<string, string>>
}

const maxStatusBytes = 100
/** A backstop: every call comes with a signal of its own. */
const sdkTimeoutMs = 15_000
const graphCheckTimeoutMs = 2000
const errorTextTimeoutMs = 2000
/** Shorter words of a header are no secrets, and hiding them would make every message unreadable. */
const shortestSecretPart = 6
/** How far back to look for a run's checkpoint on a server that cannot filter. */
const unfilteredHistory = 100
const runsAPage = 100
type RunField = (typeof listedFields)[number]
const listedFields = ['run_id', 'status', 'metadata', 'created_at'] as const
/** The ending needs no values; servers that know `select` leave them out. */
const endingFields = ['next', 'tasks', 'metadata', 'checkpoint', 'interrupts'] as const

const noOwnCheckpoint = "no checkpoint of the thread belongs to the run, so nothing proves which values are the run's"
const unproven: Unproven = { kind: 'unproven', reason: noOwnCheckpoint }

/** One LangGraph server over the LangGraph SDK. */
export class LangGraphServer implements LangGraph {
  readonly #client: Client
  readonly #name: string
  readonly #secrets: readonly string[]

  constructor({ name, url, apiKey, headers = {} }: ServerConfig) {
    this.#name = name
    this.#secrets = secretsIn([apiKey ?? '', ...Object.values(headers)])
    this.#client = new Client({
      apiUrl: url,
      // null: otherwise the SDK would send a LangSmith key from the environment to any server.
      apiKey: apiKey ?? null,
      defaultHeaders: headers,
      timeoutMs: sdkTimeoutMs,
      callerOptions: { maxRetries: 0, maxConcurrency: Infinity, fetch: guardedFetch },
    })
  }

  readStatus(run: RunRef, signal: AbortSignal) {
    return this.#ask(`status of run ${run.runId}`, signal, async () => {
      const wire = recordOf(await this.#client.runs.get(run.threadId, run.runId, { signal }))
      const status = textOf(wire['status'])
      if (status === undefined) throw new BadAnswer('holds no status')
      const updatedAt = utcTime(wire['updated_at'])
      const resumable = recordOf(wire['kwargs'])['resumable']
      return {
        status: bounded(status, maxStatusBytes),
        ...(updatedAt !== undefined && { updatedAt }),
        ...(typeof resumable === 'boolean' && { resumable }),
      }
    })
  }

  readEnding(run: RunRef, seen: StatusLook, signal: AbortSignal): Promise<RunEnding> {
    return this.#ask(`ending of run ${run.runId}`, signal, async () => {
      const checkpoint =
        (await this.#newestOwnCheckpoint(run, signal, endingFields)) ??
        (seen.status === 'success' ? await this.#checkpointItStoppedAt(run, seen, signal) : undefined) ??
        (seen.status === 'error' ? await this.#checkpointItFailedAt(run, seen, signal) : undefined)
      const ending = checkpoint ? endingAt(checkpoint) : unproven
      if (seen.status !== 'error' || ending.error !== undefined) return ending
      const error = await this.#errorOutsideNodes(run, signal)
      return { ...ending, ...(error !== undefined && { error }) }
    })
  }

  readOwnState(run: RunRef, signal: AbortSignal): Promise<OwnValues> {
    return this.#ask(`state of thread ${run.threadId}`, signal, async () => {
      const newest = parseCheckpoint(await this.#client.threads.getState(run.threadId, undefined, { signal }))
      const own = isOwn(newest, run.runId) ? newest : await this.#newestOwnCheckpoint(run, signal)
      if (!own) return { found: 'nothing', reason: noOwnCheckpoint }
      return (await this.#misread(own, run.threadId, signal)) ?? valuesAt(own)
    })
  }

  readOwnStream(run: RunRef, from: 'begin' | 'now', signal: AbortSignal): Promise<OwnValues> {
    return this.#ask(`stream of run ${run.runId}`, signal, async () => {
      const read = await this.#readStream(run, from, signal)
      return read.found === 'error' ? { found: 'nothing', reason: `the stream holds an error: ${read.error}` } : read
    })
  }

  hasThread(threadId: string, signal: AbortSignal): Promise<boolean> {
    return this.#ask(`thread ${threadId}`, signal, async () => {
      try {
        await this.#client.threads.getHistory(threadId, { limit: 1, select: ['metadata'], signal })
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    })
  }

  listRuns(threadId: string, signal: AbortSignal): Promise<readonly ListedRun[]> {
    return this.#ask(`runs of thread ${threadId}`, signal, () => this.#runsOf(threadId, signal))
  }

  createRun(threadId: string, run: Parameters<LangGraph['createRun']>[1], signal: AbortSignal): Promise<string> {
    const { assistantId, ...options } = run
    const asked = { what: `new run of assistant "${assistantId}"`, on404: 'check `assistantId` and the deployment' }
    return this.#ask(asked, signal, async () => {
      const payload = { ...options, ifNotExists: 'create' as const, signal }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's lists are not readonly
      const created = recordOf(await this.#client.runs.create(threadId, assistantId, payload as never))
      const runId = textOf(created['run_id'])?.toLowerCase()
      if (runId !== undefined) return runId
      throw new BadAnswer('names no run')
    })
  }

  isContinuation({ threadId, runId }: RunRef, signal: AbortSignal): Promise<boolean> {
    return this.#ask(`input of run ${runId}`, signal, () => this.#isContinuation(threadId, runId, signal))
  }

  readOptions({ threadId, runId }: RunRef, signal: AbortSignal): Promise<InheritedOptions> {
    return this.#ask(`options of run ${runId}`, signal, async () =>
      inheritedOptions(recordOf(await this.#client.runs.get(threadId, runId, { signal }))),
    )
  }

  cancelRun({ threadId, runId }: RunRef, action: CancelAction, signal: AbortSignal): Promise<void> {
    return this.#ask(`cancelling run ${runId}`, signal, async () => {
      try {
        await this.#client.runs.cancel(threadId, runId, false, action, { signal })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    })
  }

  async #runsOf(threadId: string, signal: AbortSignal): Promise<readonly ListedRun[]> {
    const runs = new Map<string, NonNullable<ReturnType<typeof listedRun>>>()
    // A server may give fewer a page than it is asked for, so only an empty page, or one without news, is the end.
    for (let offset = 0; ;) {
      const page = await this.#pageOfRuns(threadId, offset, signal)
      const before = runs.size
      for (const run of page.map(listedRun)) if (run) runs.set(run.runId, run)
      if (runs.size === before) break
      offset += page.length
    }
    return [...runs.values()].toSorted((a, b) => a.beginsAtMs - b.beginsAtMs || (a.runId < b.runId ? -1 : 1))
  }

  async #isContinuation(threadId: string, runId: string, signal: AbortSignal): Promise<boolean> {
    return isContinuation(recordOf(await this.#client.runs.get(threadId, runId, { signal })))
  }

  /** A run repeats its input, which may be large: servers that can leave it out. */
  async #withoutInputs(list: (select?: { select: RunField[] }) => Promise<unknown>): Promise<unknown> {
    try {
      return await list({ select: [...listedFields] })
    } catch (error) {
      if (!isRefusedQuery(httpStatusOf(error))) throw error
      return list()
    }
  }

  async #pageOfRuns(threadId: string, offset: number, signal: AbortSignal): Promise<readonly unknown[]> {
    try {
      const page = await this.#withoutInputs((select) =>
        this.#client.runs.list(threadId, { limit: runsAPage, offset, signal, ...select }),
      )
      if (Array.isArray(page)) return page
      throw new BadAnswer('is no list')
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
  }

  async #newestOwnCheckpoint(
    { threadId, runId }: RunRef,
    signal: AbortSignal,
    select?: typeof endingFields,
  ): Promise<Checkpoint | undefined> {
    const filtered = { limit: 1, metadata: { run_id: runId } }
    const queries = [...(select ? [{ ...filtered, select: [...select] }] : []), filtered]
    for (const query of queries) {
      try {
        const [newest] = await this.#history(threadId, { ...query, signal })
        if (!newest || isOwn(newest, runId)) return newest
        break
      } catch (error) {
        if (!isRefusedQuery(httpStatusOf(error))) throw error
      }
    }
    // The server cannot filter, or a state written by hand carries the run's id.
    const checkpoints = await this.#history(threadId, { limit: unfilteredHistory, signal })
    return checkpoints.find((checkpoint) => isOwn(checkpoint, runId))
  }

  async #history(threadId: string, query: Parameters<Client['threads']['getHistory']>[1]): Promise<Checkpoint[]> {
    const history: unknown = await this.#client.threads.getHistory(threadId, query)
    if (Array.isArray(history)) return history.map(parseCheckpoint)
    throw new BadAnswer('is no list')
  }

  /**
   * A run that answered one of several questions, went on to the next one at once, or failed with the answer, has written
   * no checkpoint: it stopped where the one before it did. It did so if it was the last run of its thread, and the thread
   * still waits, or has failed.
   */
  async #checkpointItStoppedAt(
    { threadId, runId }: RunRef,
    { status }: StatusLook,
    signal: AbortSignal,
  ): Promise<Checkpoint | undefined> {
    const state: unknown = await this.#client.threads.getState(threadId, undefined, { signal })
    const newest = parseCheckpoint(withoutAnswered(state))
    const hasFailed = newest.error !== undefined
    // A thread that has failed has no `next` on some servers.
    if (status === 'error' ? !hasFailed : hasFailed || newest.next.length === 0) return undefined
    const runs = await this.#runsOf(threadId, signal)
    const isLast = runs.at(-1)?.runId === runId
    // Else it may be the error of that one.
    if (hasFailed && runs.at(-2)?.status === 'error') return undefined
    return isLast && (await this.#isContinuation(threadId, runId, signal)) ? newest : undefined
  }

  async #checkpointItFailedAt(run: RunRef, seen: StatusLook, signal: AbortSignal): Promise<Checkpoint | undefined> {
    try {
      return await this.#checkpointItStoppedAt(run, seen, withTimeout(signal, errorTextTimeoutMs))
    } catch {
      signal.throwIfAborted()
      return undefined
    }
  }

  /**
   * A server reads a thread's checkpoints through the graph that ran last on it. After a run of another graph the
   * checkpoints of the watched run seem to have ended: `next` is empty, even where a human was waiting.
   */
  async #misread(own: Checkpoint, threadId: string, signal: AbortSignal): Promise<OwnValues | undefined> {
    if (own.graphId === undefined) return undefined
    const limited = withTimeout(signal, graphCheckTimeoutMs)
    const threads = await this.#client.threads
      .search({ ids: [threadId], limit: 1, select: ['thread_id', 'metadata'], signal: limited })
      // A server without this query, or one that answers with another thread, gives no evidence.
      .catch(() => [])
    signal.throwIfAborted()
    const thread = listOf(threads)
      .map(recordOf)
      .find((found) => found['thread_id'] === threadId)
    const graphId = textOf(recordOf(thread?.['metadata'])['graph_id'])
    if (graphId === undefined || graphId === own.graphId) return undefined
    const reason = `a later run of another graph ("${graphId}") hides how this run of "${own.graphId}" ended`
    return { found: 'nothing', reason }
  }

  /**
   * A run that failed between nodes (recursion limit, a graph that cannot be loaded) leaves no error in its checkpoint.
   * Some servers keep it on the thread, where it is the last run's, some in what is left of the run's own stream.
   */
  async #errorOutsideNodes(run: RunRef, signal: AbortSignal): Promise<string | undefined> {
    const limited = withTimeout(signal, errorTextTimeoutMs)
    try {
      return (await this.#errorOnThread(run, limited)) ?? (await this.#errorInStream(run, limited))
    } catch {
      // Without it the run still is a failed one, and says that no text is to be had.
      signal.throwIfAborted()
      return undefined
    }
  }

  async #errorInStream(run: RunRef, signal: AbortSignal): Promise<string | undefined> {
    const read = await this.#readStream(run, 'begin', signal)
    return read.found === 'error' ? read.error : undefined
  }

  async #errorOnThread({ threadId, runId }: RunRef, signal: AbortSignal): Promise<string | undefined> {
    const { error } = recordOf(await this.#client.threads.get(threadId, { signal }))
    if (error === undefined || error === null) return undefined
    const newestRuns = await this.#client.runs.list(threadId, { limit: 1, signal })
    return newestRuns[0]?.run_id === runId ? bounded(errorText(JSON.stringify(error)), maxErrorBytes) : undefined
  }

  async #readStream(run: RunRef, from: 'begin' | 'now', signal: AbortSignal): Promise<StreamReading> {
    // Leaving the loop early does not close the SDK's connection, so this does.
    const leave = new AbortController()
    try {
      const stream = this.#client.runs.joinStream(run.threadId, run.runId, {
        signal: AbortSignal.any([signal, leave.signal]),
        streamIdleReconnect: 0,
        ...(from === 'begin' && { lastEventId: '-1' }),
      })
      return await lastOwnValues(stream, run.runId)
    } finally {
      leave.abort()
    }
  }

  async #ask<T>(
    asked: string | { readonly what: string; readonly on404: string },
    signal: AbortSignal,
    request: () => Promise<T>,
  ): Promise<T> {
    try {
      const answer = await request()
      // The SDK ends an aborted stream as if it were whole.
      signal.throwIfAborted()
      return answer
    } catch (error) {
      if (signal.aborted && !isTimeout(signal.reason)) throw signal.reason
      const cause: unknown = signal.aborted ? signal.reason : error
      const subject = typeof asked === 'string' ? { what: asked } : asked
      throw asLangGraphError(cause, { ...subject, deployment: this.#name, secrets: this.#secrets })
    }
  }
}

/** Whole, and in their parts: of `Bearer <token>` a server may repeat the token alone. Longest first: one may hold another. */
function secretsIn(values: readonly string[]): string[] {
  const parts = values.flatMap((value) => value.split(/\s+/)).filter((part) => part.length >= shortestSecretPart)
  return [...values, ...parts].filter((secret) => secret !== '').toSorted((a, b) => b.length - a.length)
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}

/** Some servers answer a filter, or a selection, that they do not know with an error. */
function isRefusedQuery(httpStatus: number | undefined): boolean {
  return httpStatus === 400 || httpStatus === 422 || httpStatus === 500 || httpStatus === 501
}

function valuesAt({ next, error, interrupts, values, checkpointId }: Checkpoint): OwnValues {
  if (next.length > 0 && error === undefined) return { found: 'interrupts', ...interrupts, next }
  if (next.length > 0) return { found: 'nothing', reason: `the run stopped half-way: ${error}` }
  return { found: 'values', values, ...(checkpointId !== undefined && { checkpointId }) }
}
