import { langGraphFailureTypes } from '../domain/contract.ts'
import type { CancelAction, Creation, Later, StateNow } from '../domain/creation.ts'
import { present } from '../domain/json.ts'
import type { RetrievalRequest } from '../domain/retrieved.ts'
import { isTerminal } from '../domain/run.ts'
import type { RunRef } from '../domain/run.ts'
import { anyAnswer, statusAnswer } from './answers.ts'
import { askerOf } from './ask.ts'
import type { Ask } from './ask.ts'
import { valuesAt } from './checkpoint.ts'
import { LangGraphClient } from './client.ts'
import type { RequestHeaders, ServerConfig } from './client.ts'
import { tryToCreate } from './creation.ts'
import { BadAnswer, httpStatusOf, isNotFound, LangGraphError } from './errors.ts'
import { firstLook } from './first-look.ts'
import type { Intake } from './intake.ts'
import type { LargeValues } from './large-values.ts'
import { findLaterRun } from './later-run.ts'
import { endingWithoutLaterWords } from './later-words.ts'
import { DeclaredOutputs, withoutUnseen } from './output.ts'
import type { FirstLook, LangGraph, OwnValues, RunToCreate, StatusLook, ThreadSearch } from './port.ts'
import { Outgoing } from './outgoing.ts'
import { Pace } from './pace.ts'
import { Redaction } from './redaction.ts'
import { readStream } from './reads.ts'
import { hiddenBy, noOwnCheckpoint, ownCheckpoint, readEnding } from './run-ending.ts'
import { valuesByRecord } from './record-values.ts'
import { originOf } from './run-options.ts'
import { ownWordIn } from './run-record.ts'
import { searchThreads } from './thread-search.ts'
import { idOf, recordOf, textOf, utcTime } from './wire.ts'

export type { ServerConfig } from './client.ts'

/** One LangGraph server over the LangGraph SDK. */
export class LangGraphServer implements LangGraph {
  readonly client: LangGraphClient
  readonly ask: Ask
  readonly #outgoing: Outgoing
  readonly #outputs: DeclaredOutputs
  readonly #pace: Pace

  constructor(config: ServerConfig, intake: Intake, requestHeaders?: RequestHeaders) {
    const { name, apiKey = '', headers = {} } = config
    const redaction = new Redaction([apiKey, ...Object.values(headers)])
    this.#outgoing = new Outgoing(redaction)
    this.ask = askerOf(name, redaction)
    this.#pace = new Pace(name, config.maxRequestsPerSecond)
    this.client = new LangGraphClient(config, intake, this.#pace, requestHeaders)
    this.#outputs = new DeclaredOutputs(this.client)
  }

  async firstLook(signal: AbortSignal): Promise<FirstLook> {
    return this.#outgoing.firstLook(await firstLook(this, signal))
  }

  async searchThreads(threadIds: readonly string[], signal: AbortSignal): Promise<ThreadSearch> {
    // One request in place of a thousand: it is never sent away.
    await this.#pace.turn('the states of threads', signal, Infinity)
    return searchThreads(this, threadIds, signal)
  }

  async readStatus({ threadId, runId }: RunRef, signal: AbortSignal): Promise<StatusLook> {
    const what = `status of run ${runId}`
    await this.#pace.turn(what, signal)
    return this.ask(what, signal, async () => {
      const wire = recordOf(await this.client.reading(statusAnswer).runs.get(threadId, runId, { signal }))
      const status = textOf(wire['status'])
      if (status === undefined) throw new BadAnswer('holds no status')
      const { resumable, temporary } = recordOf(wire['kwargs'])
      return this.#outgoing.status({
        status,
        ...present({
          updatedAt: utcTime(wire['updated_at']),
          dueAt: utcTime(wire['created_at']),
          resumable: typeof resumable === 'boolean' ? resumable : undefined,
          isStateless: temporary === true ? true : undefined,
          assistantId: idOf(wire['assistant_id']),
          origin: isTerminal(status) ? originOf(wire) : undefined,
          ownWord: isTerminal(status) ? ownWordIn(wire) : undefined,
        }),
      })
    })
  }

  readEnding(run: RunRef, seen: StatusLook, signal: AbortSignal) {
    const access = { client: this.client, run, signal }
    return this.ask(`ending of run ${run.runId}`, signal, async () =>
      this.#outgoing.ending(await readEnding(access, seen)),
    )
  }

  async readOwnState(request: RetrievalRequest, signal: AbortSignal, large?: LargeValues): Promise<OwnValues> {
    const { threadId, origin, resultKeys } = request
    const access = { client: this.client, run: request, signal, large }
    const what = `state of thread ${threadId}`
    await this.#pace.turn(what, signal)
    return this.ask(what, signal, async () => {
      const keys = resultKeys ?? (await this.#outputs.fieldsOf(origin))
      const own = await ownCheckpoint(access, origin, keys)
      const byRecord = origin?.holdsOutput ? await valuesByRecord(access, own, resultKeys) : undefined
      if (byRecord) return this.#outgoing.values(byRecord)
      if (!own) return { found: 'nothing', reason: noOwnCheckpoint }
      const reason = await hiddenBy(access, origin)
      if (reason !== undefined) return this.#outgoing.values({ found: 'nothing', reason })
      return this.#outgoing.values(valuesAt(own, await endingWithoutLaterWords(access, 'success', own)))
    })
  }

  async readOwnStream(
    request: RetrievalRequest,
    from: 'begin' | 'now',
    signal: AbortSignal,
    large?: LargeValues,
  ): Promise<OwnValues> {
    const { runId, origin, resultKeys } = request
    const what = `stream of run ${runId}`
    await this.#pace.turn(what, signal)
    return this.ask(what, signal, async () => {
      const declared = await this.#outputs.fieldsOf(origin)
      const access = { client: this.client, run: request, signal, large }
      const read = await readStream(access, from, resultKeys ?? declared)
      if (read.found !== 'error') return this.#outgoing.values(withoutUnseen(read, resultKeys, declared))
      return this.#outgoing.values({ found: 'nothing', reason: `the stream holds an error: ${read.error}` })
    })
  }

  hasThread(threadId: string, signal: AbortSignal): Promise<boolean> {
    return this.ask(`thread ${threadId}`, signal, async () => {
      try {
        await this.client.reading(anyAnswer).threads.getHistory(threadId, { limit: 1, select: ['metadata'], signal })
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    })
  }

  async tryToCreate(request: RunToCreate, signal: AbortSignal): Promise<Creation> {
    await this.#pace.turn(`runs of thread ${request.threadId}`, signal)
    return this.#outgoing.creation(await tryToCreate(this, request, signal))
  }

  async findLaterRun(run: RunRef, asked: StateNow, signal: AbortSignal): Promise<Later> {
    await this.#pace.turn(`runs of thread ${run.threadId}`, signal)
    return this.#outgoing.later(await findLaterRun(this, run, asked, signal))
  }

  cancelRun({ threadId, runId }: RunRef, action: CancelAction, signal: AbortSignal): Promise<void> {
    return this.ask(`cancelling run ${runId}`, signal, async () => {
      try {
        await this.client.reading(anyAnswer).runs.cancel(threadId, runId, false, action, { signal })
      } catch (error) {
        if (action === 'rollback' && isRefusal(error)) throw noRollback(runId)
        if (!isNotFound(error)) throw error
      }
    })
  }
}

function isRefusal(error: unknown): boolean {
  return [400, 422].includes(httpStatusOf(error) ?? 0)
}

function noRollback(runId: string): LangGraphError {
  const message = `the server refuses to roll back run ${runId}: cancel it with the action "interrupt"`
  return new LangGraphError(langGraphFailureTypes.refused, message)
}
