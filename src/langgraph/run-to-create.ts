import { isContinuation } from '../domain/creation.ts'
import type { Continuation, NewRun, StateNow } from '../domain/creation.ts'
import { isRecord } from '../domain/json.ts'
import type { Interrupt, Json } from '../domain/run.ts'
import { asAskedNow, willAskAgain } from '../domain/same-question.ts'
import { runAnswer } from './answers.ts'
import type { Connection } from './ask.ts'
import { startsNoneWithoutInput, whyItCannotContinue } from './failed-run.ts'
import { editedState } from './later-run.ts'
import type { RunToCreate } from './port.ts'
import { inheritedOptions } from './run-options.ts'
import type { ListedRun } from './run-options.ts'
import { ignoresStrategies, withoutAnswer } from './run-record.ts'
import { recordOf } from './wire.ts'

const lookTimeoutMs = 4000

type Ready =
  | { readonly kind: 'ready'; readonly run: NewRun; readonly asksAgain: boolean }
  | { readonly kind: 'edited'; readonly now: StateNow }
  | { readonly kind: 'refused'; readonly reason: string }

/** What is sent: the run as it was asked for, or one that continues another with that one's options. */
export async function runToCreate(
  server: Connection,
  request: RunToCreate,
  runs: readonly ListedRun[],
  signal: AbortSignal,
): Promise<Ready> {
  const { run, threadId } = request
  if (!isContinuation(run)) return { kind: 'ready', run, asksAgain: false }
  if (run.failedAfter) {
    const reason = await whyItCannotContinue(server, { ...request, run }, runs, signal)
    if (reason !== undefined) return { kind: 'refused', reason }
    const record = await recordToContinue(server, run, threadId, signal)
    if (ignoresStrategies(record)) return { kind: 'refused', reason: startsNoneWithoutInput }
    return { kind: 'ready', run: continuing(record, withoutAnswer(record)), asksAgain: false }
  }
  const now = await editedState(server, threadId, signal)
  const open = run.asked && now ? asAskedNow(run.asked, now) : run.asked?.interrupts
  const asksAgain = run.asked !== undefined && now !== undefined && willAskAgain(run.asked, now)
  if (now && !open && !asksAgain) return { kind: 'edited', now }
  const record = await recordToContinue(server, run, threadId, signal)
  const resume = asksAgain ? undefined : resumeNow(run, open ?? [])
  const what = resume === undefined ? withoutAnswer(record) : { command: { resume } }
  return { kind: 'ready', run: continuing(record, what), asksAgain }
}

function recordToContinue(
  server: Connection,
  { continues }: Continuation,
  threadId: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const asked = { what: `options of run ${continues}`, withinMs: lookTimeoutMs }
  return server.ask(asked, signal, async (limited) =>
    recordOf(await server.client.reading(runAnswer).runs.get(threadId, continues, { signal: limited })),
  )
}

function continuing(record: Readonly<Record<string, unknown>>, what: Pick<NewRun, 'input' | 'command'>): NewRun {
  return { ...inheritedOptions(record), ...what, multitaskStrategy: 'reject' }
}

/** The answers under the ids that the questions have now. */
function resumeNow({ asked, resume }: Continuation, now: readonly Interrupt[]): Json | undefined {
  if (!isRecord(resume)) return resume
  const ids = new Map(asked?.interrupts.map(({ id }, index) => [id, now[index]?.id]))
  return Object.fromEntries(Object.entries(resume).map(([id, answer]) => [ids.get(id) ?? id, answer]))
}
