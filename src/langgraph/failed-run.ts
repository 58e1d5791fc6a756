import type { Continuation } from '../domain/creation.ts'
import { checkpointAnswer } from './answers.ts'
import type { Connection } from './ask.ts'
import { parseCheckpoint } from './checkpoint.ts'
import type { RunToCreate } from './port.ts'
import { continuesAnother, newestOwnEnding } from './reads.ts'
import type { ListedRun } from './run-options.ts'

const lookTimeoutMs = 4000
/** As many runs as one watch may make of one that fails. */
const mostSteps = 100

const noCheckpoint =
  'it left no checkpoint from which it could continue: correct what the error says, then start another run'

const deleted = 'it is not on its thread any more'

/** Such a server takes a map of no answers, but only for a run that waits. */
export const startsNoneWithoutInput = 'this server cannot continue a failed run: it starts none without an input'

type Access = RunToCreate & { readonly run: Continuation }

/**
 * Why a run without an input would not continue the failed one: it begins at the thread's newest checkpoint, whoever has
 * written that.
 *
 * @param runs those of the thread, in the order in which they begin
 * @returns `undefined` if it would
 */
export async function whyItCannotContinue(
  server: Connection,
  { threadId, deployment, run }: Access,
  runs: readonly ListedRun[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const ask = <T>(what: string, read: (limited: AbortSignal) => Promise<T>) =>
    server.ask({ what, withinMs: lookTimeoutMs }, signal, read)
  const { client } = server
  const of = (runId: string, limited: AbortSignal) => ({
    client,
    run: { threadId, runId, deployment },
    signal: limited,
  })
  const known = [run.continues, ...(run.failedAfter ?? [])]
  const newest = await ask(`state of thread ${threadId}`, async (limited) => {
    const { threads } = client.reading(checkpointAnswer)
    return parseCheckpoint(await threads.getState(threadId, undefined, { signal: limited }))
  })
  // Only now it is certain that the server has the thread: it may have been another server's.
  if (!runs.some(({ runId }) => runId === run.continues)) return deleted
  if (newest.checkpointId === undefined) return noCheckpoint
  // Whoever has edited the state of a failed run wants it to continue from there.
  if (newest.source === 'update') {
    for (const runId of known) {
      if (await ask(`checkpoints of run ${runId}`, (limited) => newestOwnEnding(of(runId, limited)))) return undefined
    }
    return noCheckpoint
  }
  if (newest.runId !== undefined && known.includes(newest.runId)) return undefined
  // A run that continued another, and failed in the same node, has written no checkpoint: that of the run before it counts.
  const at = runs.findIndex(({ runId }) => runId === run.continues)
  const before = runs.slice(0, at + 1).filter(({ status }) => status !== 'pending')
  for (const { runId } of before.toReversed().slice(0, mostSteps)) {
    if (runId === newest.runId) return undefined
    const continues = await ask(`input of run ${runId}`, (limited) => continuesAnother(of(runId, limited)))
    if (!continues) break
  }
  return noCheckpoint
}
