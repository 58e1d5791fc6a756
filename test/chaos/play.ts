import type { Client as LangGraph } from '@langchain/langgraph-sdk'
import { WorkflowFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { CancelledFailure } from '@temporalio/common'
import { v5 as uuidV5 } from 'uuid'
import type { Cancellation, WatchOutcome } from '../../src/client.ts'
import { messageOf } from '../../src/domain/json.ts'
import { acts } from './acts.ts'
import type { Told } from './acts.ts'
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
  /** `isStored`: its result is kept in the store, from which the client has read it. */
  | { readonly kind: 'outcome'; readonly outcome: WatchOutcome; readonly isStored?: boolean }
  /** The workflow was cancelled. */
  | { readonly kind: 'cancelled'; readonly cancellation: Cancellation | undefined }
  | { readonly kind: 'none'; readonly why: string }

/** What a client was told of a run. */
export interface Played {
  readonly part: Part
  readonly workflowId: string
  readonly threadId: string
  readonly ending: Ending
  readonly told: Told
}

/** In the metadata of the runs that this program creates itself. */
export const metadataKey = 'chaos'
const longestCallMs = 60_000
/** A result is given up after 30 s by default, and workers alone are frozen for as long. */
const unlimited = { maxPollTime: '1d', retrievalTimeout: '10m' } as const

/** Plays the part of a client, from the start of a run to its outcome. */
export async function play(stage: Stage, part: Part, patience: Patience): Promise<Played> {
  const { kind, symbol } = part
  const threadId = part.threadId ?? derivedThread(part)
  const told: Told = { cancellations: [], receipts: [] }
  let workflowId = idOf(part)
  let ending: Ending
  try {
    const start = kind.by === 'executeRun' ? execute : watch
    const handle = await start({ stage, part, patience, threadId })
    workflowId = handle.workflowId
    const act = kind.act && acts[kind.act]({ stage, handle, patience, symbol, told })
    const [ended] = await Promise.all([untilEnded(stage, handle, patience), act])
    ending = ended
  } catch (error) {
    ending = { kind: 'none', why: await lastSeen(stage, workflowId, error) }
  }
  return { part, workflowId, threadId, ending, told }
}

interface Start {
  readonly stage: Stage
  readonly part: Part
  readonly patience: Patience
  readonly threadId: string
}

async function execute({ stage, part, patience }: Start): Promise<WorkflowHandle> {
  const { kind, server, threadId } = part
  const thread = threadId === undefined ? {} : { threadId }
  const options = { ...unlimited, ...kind.options, deployment: server.name }
  const request = { assistantId: kind.graph, input: inputOf(part), ...thread, ...options }
  return patience.withTemporal(() => stage.runs.startExecution(idOf(part), request))
}

async function watch({ stage, part, patience, threadId }: Start): Promise<WorkflowHandle> {
  const { kind, server } = part
  const runId = await patience.withLangGraph(() => createOnce(server.truth, part, threadId))
  const request = { threadId, runId, ...unlimited, ...kind.options, deployment: server.name }
  return patience.withTemporal(() => stage.runs.startWatch(request))
}

/** A run of this program's own, which a watch adopts. */
async function createOnce(langGraph: LangGraph, part: Part, threadId: string): Promise<string> {
  const { kind, symbol } = part
  await langGraph.threads.create({ threadId, ifExists: 'do_nothing' })
  const known = await langGraph.runs.list(threadId, { limit: 100 })
  const own = known.find(({ metadata }) => Object(metadata)[metadataKey] === symbol)
  if (own) return own.run_id
  const options = { input: inputOf(part), metadata: { [metadataKey]: symbol }, multitaskStrategy: 'enqueue' } as const
  return (await langGraph.runs.create(threadId, kind.graph, options)).run_id
}

async function untilEnded({ client }: Stage, handle: WorkflowHandle, patience: Patience): Promise<Ending> {
  try {
    const ask = () => client.withDeadline(Date.now() + longestCallMs, (): Promise<WatchOutcome> => handle.result())
    const outcome = await patience.withTemporal(ask)
    const asKept: WatchOutcome = await patience.withTemporal(() =>
      client.workflow.getHandle(handle.workflowId).result(),
    )
    return { kind: 'outcome', outcome, isStored: 'result_reference' in asKept && 'result' in outcome }
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    if (!(error.cause instanceof CancelledFailure)) return { kind: 'none', why: messageOf(error.cause ?? error) }
    const { memo } = await patience.withTemporal(() => handle.describe())
    return { kind: 'cancelled', cancellation: memo?.['cancellation'] as Cancellation | undefined }
  }
}

/** For a person who looks into it. */
async function lastSeen({ client }: Stage, workflowId: string, error: unknown): Promise<string> {
  try {
    const { status, memo, historyLength } = await client.workflow.getHandle(workflowId).describe()
    return `${messageOf(error)}; ${status.name}, ${historyLength} events, memo ${JSON.stringify(memo)}`
  } catch {
    return messageOf(error)
  }
}

function idOf({ symbol }: Part): string {
  return `chaos/${symbol}`
}

function inputOf({ symbol, kind }: Part) {
  return { symbol, ...kind.input }
}

/** As the application derives it. */
function derivedThread(part: Part): string {
  return uuidV5(['default', part.server.name, idOf(part)].join('/'), uuidV5.URL)
}
