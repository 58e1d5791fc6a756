import { present } from '../domain/json.ts'
import type { Interrupt, KnownEnding } from '../domain/run.ts'
import { runAnswer } from './answers.ts'
import type { RunAccess } from './ask.ts'
import { endingAt } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { newestOwnEnding, runsOf, wasEdited } from './reads.ts'
import { isContinuation } from './run-options.ts'
import { recordOf } from './wire.ts'

/** More of them need not be known: the first one decides. */
const mostWriters = 20

/** A later run that continued from the same checkpoint, and wrote its error or its questions into it. */
interface Writer {
  readonly status: string
  /** The ids of the questions that it answered, if it named them. */
  readonly answered: readonly string[]
}

/**
 * How a run ended at its last checkpoint, without what a later run may have written over it: a run that continues and
 * stops in the same node writes no checkpoint of its own, but into the one that it continued from.
 */
export async function endingWithoutLaterWords(
  access: RunAccess,
  status: string,
  checkpoint: Checkpoint,
): Promise<KnownEnding> {
  const { error, failedNodes, ...ending } = endingAt(checkpoint)
  // A run that succeeded on the wire has not failed: the error is a later run's.
  const failure = status === 'success' ? {} : present({ error: error ?? checkpoint.cancelledAs, failedNodes })
  const whole = { ...ending, ...failure }
  if (ending.next.length === 0 && ending.interrupts.length === 0 && error === undefined) return whole
  const writers = await laterWriters(access, checkpoint.createdAtMs)
  const [first] = writers
  if (!first) return whole
  // If only one node was running, runs that failed asked nothing.
  const areOwn = ending.next.length === 1 && writers.every((writer) => writer.status === 'error')
  const told = areOwn ? ending.interrupts : ending.interrupts.filter((question) => wasAnswered(question, first))
  const isWhole = told.length === ending.interrupts.length
  const isTold = isWhole && failure.error === undefined && (areOwn || told.length > 0)
  const { inexactNumbers, ...rest } = ending
  return {
    ...rest,
    interrupts: told,
    ...present({ inexactNumbers: isWhole ? inexactNumbers : undefined }),
    ...(!isTold && { overwritten: true }),
  }
}

function wasAnswered({ id }: Interrupt, { answered }: Writer): boolean {
  return id !== undefined && answered.includes(id)
}

async function laterWriters(access: RunAccess, sinceMs: number | undefined): Promise<readonly Writer[]> {
  const { client, run, signal } = access
  const runs = await runsOf(client, run.threadId, signal)
  const at = runs.findIndex(({ runId }) => runId === run.runId)
  const writers: Writer[] = []
  for (const { runId, status, beginsAtMs } of at === -1 ? [] : runs.slice(at + 1)) {
    if (status === 'pending') continue
    // What continues from here on continues from another checkpoint.
    if (await newestOwnEnding({ ...access, run: { ...run, runId } })) break
    const record = recordOf(await client.reading(runAnswer).runs.get(run.threadId, runId, { signal }))
    if (!isContinuation(record)) continue
    if (await wasEdited(access, sinceMs, beginsAtMs)) break
    writers.push({ status, answered: answeredIn(record) })
    if (writers.length === mostWriters) break
  }
  return writers
}

function answeredIn(record: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(recordOf(recordOf(recordOf(record['kwargs'])['command'])['resume']))
}
