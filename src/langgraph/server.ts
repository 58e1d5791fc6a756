import { Client } from '@langchain/langgraph-sdk'
import type { CancelAction } from '../domain/creation.ts'
import { present } from '../domain/json.ts'
import type { RunRef } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { askerOf } from './ask.ts'
import type { Ask } from './ask.ts'
import { isOwn, parseCheckpoint, valuesAt } from './checkpoint.ts'
import { findLaterRun, tryToCreate } from './creation.ts'
import { BadAnswer, isNotFound } from './errors.ts'
import { guardedFetch } from './guarded-fetch.ts'
import type { LangGraph, OwnValues, RunToCreate, StatusLook } from './port.ts'
import { newestOwnCheckpoint, readStream } from './reads.ts'
import { misread, noOwnCheckpoint, readEnding } from './run-ending.ts'
import { recordOf, textOf, utcTime } from './wire.ts'

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

/** One LangGraph server over the LangGraph SDK. */
export class LangGraphServer implements LangGraph {
  readonly client: Client
  readonly ask: Ask

  constructor({ name, url, apiKey, headers = {} }: ServerConfig) {
    this.ask = askerOf(name, [apiKey ?? '', ...Object.values(headers)])
    this.client = new Client({
      apiUrl: url,
      // null: otherwise the SDK would send a LangSmith key from the environment to any server.
      apiKey: apiKey ?? null,
      defaultHeaders: headers,
      timeoutMs: sdkTimeoutMs,
      callerOptions: { maxRetries: 0, maxConcurrency: Infinity, fetch: guardedFetch },
    })
  }

  readStatus({ threadId, runId }: RunRef, signal: AbortSignal): Promise<StatusLook> {
    return this.ask(`status of run ${runId}`, signal, async () => {
      const wire = recordOf(await this.client.runs.get(threadId, runId, { signal }))
      const status = textOf(wire['status'])
      if (status === undefined) throw new BadAnswer('holds no status')
      const resumable = recordOf(wire['kwargs'])['resumable']
      return {
        status: bounded(status, maxStatusBytes),
        ...present({
          updatedAt: utcTime(wire['updated_at']),
          resumable: typeof resumable === 'boolean' ? resumable : undefined,
        }),
      }
    })
  }

  readEnding(run: RunRef, { status }: StatusLook, signal: AbortSignal) {
    const access = { client: this.client, run, signal }
    return this.ask(`ending of run ${run.runId}`, signal, () => readEnding(access, status))
  }

  readOwnState(run: RunRef, signal: AbortSignal): Promise<OwnValues> {
    const access = { client: this.client, run, signal }
    return this.ask(`state of thread ${run.threadId}`, signal, async () => {
      const newest = parseCheckpoint(await this.client.threads.getState(run.threadId, undefined, { signal }))
      const own = isOwn(newest, run.runId) ? newest : await newestOwnCheckpoint(access)
      if (!own) return { found: 'nothing', reason: noOwnCheckpoint }
      return (await misread(access, own)) ?? valuesAt(own)
    })
  }

  readOwnStream(run: RunRef, from: 'begin' | 'now', signal: AbortSignal): Promise<OwnValues> {
    return this.ask(`stream of run ${run.runId}`, signal, async () => {
      const read = await readStream({ client: this.client, run, signal }, from)
      return read.found === 'error' ? { found: 'nothing', reason: `the stream holds an error: ${read.error}` } : read
    })
  }

  hasThread(threadId: string, signal: AbortSignal): Promise<boolean> {
    return this.ask(`thread ${threadId}`, signal, async () => {
      try {
        await this.client.threads.getHistory(threadId, { limit: 1, select: ['metadata'], signal })
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    })
  }

  tryToCreate(request: RunToCreate, signal: AbortSignal) {
    return tryToCreate(this, request, signal)
  }

  findLaterRun(run: RunRef, signal: AbortSignal) {
    return findLaterRun(this, run, signal)
  }

  cancelRun({ threadId, runId }: RunRef, action: CancelAction, signal: AbortSignal): Promise<void> {
    return this.ask(`cancelling run ${runId}`, signal, async () => {
      try {
        await this.client.runs.cancel(threadId, runId, false, action, { signal })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    })
  }
}
