import type { WatchOutcome, WatchProgress } from '../client.ts'
import { isOutcome } from '../client/outcome-in.ts'
import { valueOf } from './outcome.ts'
import { waitsForHuman } from './question.ts'
import { runOfWatch } from './run-of.ts'
import type { Temporal } from './temporal.ts'

/** What a listed workflow says itself; absent where it gives no answer in time, as without a worker. */
export interface Details {
  readonly deployment?: string
  readonly thread_id?: string
  readonly run_id?: string
  /** Of an open one. */
  readonly phase?: WatchProgress['phase']
  readonly waits_for_human?: true
  /** Of one that has ended, where its outcome is small. */
  readonly polling_result?: WatchOutcome['polling_result']
}

interface Found {
  readonly id: string
  readonly ended?: string
  readonly historyBytes: number
}

const atOnce = 8
const answerMs = 1500
/** A list does not keep a person waiting, however many there are. */
const allMs = 4000
/** An outcome comes whole, with the run's result. */
const mostHistoryBytes = 100_000

/** Asks each for its progress or its outcome. @returns as many as were given, in their order */
export async function lookCloser(temporal: Temporal, all: readonly Found[]): Promise<Details[]> {
  const untilMs = Date.now() + allMs
  const details = all.map(({ id }): Details => ofId(id))
  let next = 0
  const one = async () => {
    for (let index = next++; index < all.length && Date.now() < untilMs; index = next++) {
      const found = all[index]
      if (found) details[index] = { ...details[index], ...(await detailsOf(temporal, found, untilMs)) }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return details
}

async function detailsOf(temporal: Temporal, found: Found, untilMs: number): Promise<Details> {
  const { client, runs } = temporal
  const deadlineMs = Math.min(untilMs, Date.now() + answerMs)
  try {
    return await client.withDeadline(deadlineMs, async () => {
      if (found.ended === undefined) return ofProgress(await runs.progress({ workflowId: found.id }))
      if (found.historyBytes > mostHistoryBytes) return {}
      const value = await valueOf(client.workflow.getHandle(found.id))
      return isOutcome(value) ? ofOutcome(value) : {}
    })
  } catch {
    // A column stays empty; whoever wants to know why asks for the status.
    return {}
  }
}

function ofProgress(progress: WatchProgress): Details {
  const { phase, run_id, thread_id } = progress
  return { phase, ...(waitsForHuman(progress) && { waits_for_human: true }), ...ids(run_id, thread_id) }
}

function ofOutcome({ polling_result, run_id, thread_id }: WatchOutcome): Details {
  return { polling_result, ...ids(run_id, thread_id) }
}

function ids(run_id: string | undefined, thread_id: string | undefined): Details {
  return { ...(thread_id !== undefined && { thread_id }), ...(run_id !== undefined && { run_id }) }
}

function ofId(workflowId: string): Details {
  const run = runOfWatch(workflowId)
  return run ? { ...(run.deployment && { deployment: run.deployment }), ...ids(run.runId, run.threadId) } : {}
}
