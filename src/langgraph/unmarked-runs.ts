import { isDeepStrictEqual } from 'node:util'
import { workflowMetadataKey } from '../domain/contract.ts'
import type { Creation, NewRun } from '../domain/creation.ts'
import { likenessAnswer } from './answers.ts'
import type { Connection } from './ask.ts'
import type { RunToCreate } from './port.ts'
import { readRecord } from './reads.ts'
import type { ListedRun } from './run-options.ts'
import { valuesIn } from './values.ts'
import { textOf } from './wire.ts'

const lookTimeoutMs = 4000
/** More are not worth the requests: they would not single out one. */
const mostUnmarked = 20

/**
 * What became of a request without an answer on a server that drops the marks of runs: a run that looks like the one that
 * was asked for is that one only if nobody else creates runs on the thread.
 *
 * @returns `undefined` if it was not created, or the server shows marks
 */
export async function creationOfUnmarked(
  server: Connection,
  { threadId, deployment, run, isOwnThread }: RunToCreate & { readonly run: NewRun },
  runs: readonly ListedRun[],
  signal: AbortSignal,
): Promise<Creation | undefined> {
  const unmarked = runs.filter(({ showsMetadata, metadata }) => !showsMetadata && !(workflowMetadataKey in metadata))
  if (unmarked.length > mostUnmarked) return unproven(threadId, unmarked)
  const alike = await Promise.all(
    unmarked.map(async ({ runId }) => {
      const asked = { what: `input of run ${runId}`, withinMs: lookTimeoutMs }
      const access = { client: server.client, run: { threadId, runId, deployment } }
      return server.ask(asked, signal, async (limited) =>
        isLike(await readRecord({ ...access, signal: limited }, likenessAnswer), run),
      )
    }),
  )
  const candidates = unmarked.filter((_, n) => alike[n])
  const [only, ...others] = candidates
  if (!only) return undefined
  return isOwnThread && others.length === 0
    ? { kind: 'created', threadId, runId: only.runId }
    : unproven(threadId, candidates)
}

const uuid = /^[0-9a-f]{8}-/i

function isLike(record: Readonly<Record<string, unknown>>, { assistantId, input }: NewRun): boolean {
  const isOtherAssistant = uuid.test(assistantId) && textOf(record['assistant_id']) !== assistantId.toLowerCase()
  if (isOtherAssistant) return false
  const sent = valuesIn(record['input'])
  // What is too large to compare may be the same.
  return sent.found !== 'values' || isDeepStrictEqual(sent.values ?? {}, input ?? {})
}

function unproven(threadId: string, candidates: readonly ListedRun[]): Creation {
  const some = candidates.slice(-3).map(({ runId }) => runId)
  const reason = `the server does not show which workflow created a run, and may have created ${some.join(' or ')} for this one`
  return { kind: 'unproven', threadId, reason }
}
