import type { WatchOutcome, WatchProgress } from '../client.ts'
import { progressQueryName } from '../domain/contract.ts'
import { defaultDeployment } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import { outcomeOf } from './ending.ts'
import { waitsForHuman } from './question.ts'
import { runOfWatch } from './run-of.ts'
import type { Temporal } from './temporal.ts'

export interface Details {
  readonly deployment?: string
  readonly thread_id?: string
  readonly run_id?: string
  readonly phase?: WatchProgress['phase']
  readonly waits_for_human?: true
  /** An open one that did not respond in time, as without a worker: it may wait for a human. */
  readonly no_answer?: true
  /** Absent while it is open, and if its outcome is large. */
  readonly polling_result?: WatchOutcome['polling_result']
  readonly cancelled?: true
}

export interface ListedWorkflow {
  readonly id: string
  /** Temporal's id of this execution. */
  readonly workflowRunId: string
  /** `watchRun` or `executeRun`. */
  readonly type: string
  /** As Temporal names it: RUNNING, COMPLETED, FAILED, … */
  readonly state: string
  /** ISO 8601 UTC. */
  readonly started: string
  readonly ended?: string
  readonly taskQueue: string
  readonly historyBytes: number
}

const atOnce = 8
const answerMs = 1500
/** A list does not keep a person waiting, however long it is. */
const allMs = 4000
const tooLate = `a worker took more than ${answerMs / 1000} s for one, or ${allMs / 1000} s for all`
/** An outcome comes whole, with the run's result. */
const mostHistoryBytes = 100_000

interface Looked {
  /** One for each that was given, in their order. */
  readonly details: readonly Details[]
  /** Why some did not respond. */
  readonly causes: readonly string[]
}

/** Asks each for its progress or its outcome while time allows. A workflow without a worker is not asked. */
export async function lookCloser(temporal: Temporal, all: readonly ListedWorkflow[]): Promise<Looked> {
  const untilMs = Date.now() + allMs
  const withoutWorker = await queuesWithoutWorker(temporal, all)
  const details = all.map(({ id, ended }): Details => ({ ...ofId(id), ...(ended ? {} : { no_answer: true }) }))
  const waiting = [...all.entries()].filter(([, { ended, taskQueue }]) => ended || !withoutWorker.includes(taskQueue))
  const slow = new Set<string>()
  const one = async () => {
    while (waiting.length > 0 && Date.now() < untilMs) {
      // A queue that does not respond, as for a minute after its worker has stopped, does not hold up the others.
      const next = waiting.findIndex(([, { ended, taskQueue }]) => ended || !slow.has(taskQueue))
      for (const [index, found] of waiting.splice(Math.max(next, 0), 1)) {
        const answer = await answerOf(temporal, found, untilMs)
        if (answer) details[index] = { ...ofId(found.id), ...answer }
        else if (!found.ended) slow.add(found.taskQueue)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  const isLate = all.some(({ taskQueue }, index) => details[index]?.no_answer && !withoutWorker.includes(taskQueue))
  return {
    details,
    causes: [
      ...withoutWorker.map((queue) => `no worker polls the task queue "${queue}"`),
      ...(isLate ? [tooLate] : []),
    ],
  }
}

async function queuesWithoutWorker(temporal: Temporal, all: readonly ListedWorkflow[]): Promise<string[]> {
  const queues = [...new Set(all.filter(({ ended }) => !ended).map(({ taskQueue }) => taskQueue))]
  const haveWorkers = await Promise.all(queues.map((queue) => temporal.hasWorker(queue).catch(() => true)))
  return queues.filter((_, index) => !haveWorkers[index])
}

/** @returns `undefined` if none came in time; `status` tells why */
async function answerOf(temporal: Temporal, found: ListedWorkflow, untilMs: number): Promise<Details | undefined> {
  const { client } = temporal
  const deadlineMs = Math.min(untilMs, Date.now() + answerMs)
  const handle = client.workflow.getHandle(found.id, found.workflowRunId)
  try {
    return await client.withDeadline(deadlineMs, async () => {
      if (found.ended === undefined) return ofProgress(await handle.query<WatchProgress>(progressQueryName))
      if (found.historyBytes > mostHistoryBytes) return {}
      const outcome = await outcomeOf(handle)
      return outcome ? ofOutcome(outcome) : {}
    })
  } catch {
    return undefined
  }
}

function ofProgress(progress: WatchProgress): Details {
  const { phase, run_id, thread_id } = progress
  return { phase, ...(waitsForHuman(progress) && { waits_for_human: true }), ...present({ thread_id, run_id }) }
}

function ofOutcome({ polling_result, cancelled, run_id, thread_id }: WatchOutcome): Details {
  return { polling_result, ...present({ cancelled, thread_id, run_id }) }
}

function ofId(workflowId: string): Details {
  const run = runOfWatch(workflowId)
  return run ? { deployment: run.deployment ?? defaultDeployment, thread_id: run.threadId, run_id: run.runId } : {}
}
