import { isContinuation } from '../domain/creation.ts'
import type { Creation } from '../domain/creation.ts'
import { isTerminal } from '../domain/run.ts'
import { threadAnswer } from './answers.ts'
import type { Connection } from './ask.ts'
import type { RunToCreate } from './port.ts'
import type { ListedRun } from './run-options.ts'
import { recordOf, textOf } from './wire.ts'

const lookTimeoutMs = 4000

/**
 * Waits in place of a server that ignores multitask strategies and would run several runs at once.
 *
 * @returns `undefined` if none is in the way
 */
export async function besideAnother(
  server: Connection,
  request: RunToCreate,
  runs: readonly ListedRun[],
  signal: AbortSignal,
): Promise<Creation | undefined> {
  const { run, threadId } = request
  const ofServer = runs.filter(({ ignoresStrategies }) => ignoresStrategies)
  const active = ofServer.find(({ status }) => !isTerminal(status))
  const strategy = isContinuation(run) ? 'reject' : run.multitaskStrategy
  if (active && (strategy === 'interrupt' || strategy === 'rollback')) {
    const reason = `the server knows no multitask strategy and would leave run ${active.runId} active: cancel that run, or use "enqueue"`
    return { kind: 'refused', threadId, reason }
  }
  if (active) return { kind: 'busy', threadId, reason: `run ${active.runId} is still active on the thread` }
  // Such a server refuses an answer until the thread, too, shows that its last run has ended.
  const mayBeEnding = isContinuation(run) && ofServer.length > 0
  if (!mayBeEnding || !(await isThreadBusy(server, threadId, signal))) return undefined
  return { kind: 'busy', threadId, reason: 'its last run is still ending' }
}

async function isThreadBusy({ ask, client }: Connection, threadId: string, signal: AbortSignal): Promise<boolean> {
  return ask({ what: `thread ${threadId}`, withinMs: lookTimeoutMs }, signal, async (limited) => {
    const thread = recordOf(await client.reading(threadAnswer).threads.get(threadId, { signal: limited }))
    return textOf(thread['status']) === 'busy'
  })
}
