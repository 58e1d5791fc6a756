import { isDeepStrictEqual } from 'node:util'
import type { WatchOutcome } from '../../src/client.ts'
import { answerTo } from './acts.ts'
import { judgeAttempts, judgeKeys } from './judge-attempts.ts'
import type { Played } from './play.ts'
import type { TrueRun } from './truth.ts'

/** What must not be. */
export const wrongs = {
  wrong: 'the outcome is not what the server knows',
  lost: 'no outcome, or one without what the run has come to',
  doubled: 'more than one run was created',
  'untrue cancel': 'called cancelled, and it was not',
  'answer not once': 'the answer has not reached the graph, or more than once',
} as const
export type Wrong = keyof typeof wrongs

const unconfirmed = 'cancel_unconfirmed'

export interface Finding {
  readonly wrong: Wrong
  readonly text: string
}

/** Compares what a client was told with what the server knows. */
export function judge(played: Played, runs: readonly TrueRun[]): readonly Finding[] {
  const own = ownOf(played, runs)
  const doubled = judgeCount(played, own)
  switch (played.part.kind.ends) {
    case 'result':
      return [...doubled, ...judgeResult(played, own)]
    case 'error':
      return [...doubled, ...judgeError(played, own)]
    case 'cancelled':
      return [...doubled, ...judgeCancelled(played, own)]
    case 'recovered':
      return [...doubled, ...judgeRecovered(played, own)]
  }
}

interface Own {
  /** Created for this client; of these there may be one. */
  readonly first: readonly TrueRun[]
  /** Created by its answer, or by its retry. */
  readonly continuing: readonly TrueRun[]
}

function ownOf({ part, workflowId }: Played, runs: readonly TrueRun[]): Own {
  const key = `default/${workflowId}`
  const continuing = runs.filter((run) => run.key?.startsWith(`${key}/`))
  const isFirst = (run: TrueRun) => (part.kind.by === 'watchRun' ? run.symbol === part.symbol : run.key === key)
  // Servers hand on a run's metadata to those that continue it.
  return { continuing, first: runs.filter((run) => isFirst(run) && !continuing.includes(run)) }
}

function judgeCount({ part }: Played, { first, continuing }: Own): readonly Finding[] {
  const answers = part.kind.act === 'answer' ? 1 : 0
  const doubled = first.length > 1 ? [finding('doubled', `${first.length} runs have its key`)] : []
  if (part.kind.ends === 'recovered') return [...doubled, ...judgeKeys(continuing)]
  return [
    ...doubled,
    ...(continuing.length > answers
      ? [finding('answer not once', `${continuing.length} runs continue it, for ${answers} answer`)]
      : []),
  ]
}

function judgeResult({ part, ending, told: { receipts } }: Played, { first, continuing }: Own): readonly Finding[] {
  if (ending.kind === 'none') return [finding('lost', ending.why)]
  if (ending.kind === 'cancelled') return [finding('wrong', 'it was cancelled')]
  const { outcome } = ending
  const { symbol } = part
  if (outcome.polling_result !== 'success_with_results') return [unsuccessful(outcome)]
  const isAnswered = part.kind.act === 'answer'
  const run = (isAnswered ? continuing : first).find(({ runId }) => runId === outcome.run_id)
  if (!run) return [finding('wrong', `its outcome is that of run ${outcome.run_id}, which is not its own`)]
  const { answer } = run.values
  const answered = isAnswered ? answerTo(symbol) : undefined
  const isReceiptTrue = receipts.every((runId) => runId === run.runId)
  return [
    ...(isDeepStrictEqual(outcome.result, run.values)
      ? []
      : [finding('wrong', `its result is ${shown(outcome.result)}, the run's is ${shown(run.values)}`)]),
    ...(run.status === 'success' && run.values['final'] === `done ${symbol}` && run.values['symbol'] === symbol
      ? []
      : [finding('wrong', `the run is ${run.status}: ${shown(run.values)}`)]),
    ...(answer === answered && isReceiptTrue
      ? []
      : [finding('answer not once', `the graph has ${shown(answer)}, the receipts name ${shown(receipts)}`)]),
    ...(part.kind.isStored && !ending.isStored ? [finding('wrong', 'its result is not kept in the store')] : []),
  ]
}

function judgeRecovered({ part, ending }: Played, { first, continuing }: Own): readonly Finding[] {
  if (ending.kind === 'none') return [finding('lost', ending.why)]
  if (ending.kind === 'cancelled') return [finding('wrong', 'it was cancelled')]
  return judgeAttempts(part, ending.outcome, [...first, ...continuing])
}

/** What says that it could not find out is lost, and what says something else is wrong. */
function unsuccessful(outcome: WatchOutcome): Finding {
  const isLost = outcome.status === 'success' || outcome.status.startsWith('polling_')
  return finding(isLost ? 'lost' : 'wrong', shown(outcome))
}

function judgeError({ part, ending }: Played, { first: [run] }: Own): readonly Finding[] {
  if (ending.kind === 'none') return [finding('lost', ending.why)]
  if (ending.kind === 'cancelled') return [finding('wrong', 'it was cancelled')]
  const { outcome } = ending
  if (outcome.status.startsWith('polling_')) return [finding('lost', shown(outcome))]
  const isTold =
    outcome.status === 'error' &&
    (outcome.error.includes(`boom for ${part.symbol}`) || outcome.ending_verified === false)
  const isTrue = run?.status === 'error' && run.runId === outcome.run_id
  return isTold && isTrue ? [] : [finding('wrong', `${shown(outcome)}; the server has ${shown(run)}`)]
}

function judgeCancelled(played: Played, { first }: Own): readonly Finding[] {
  const { ending } = played
  const { cancellations } = played.told
  if (ending.kind === 'none') return [finding('lost', ending.why)]
  const said = ending.kind === 'cancelled' ? ending.cancellation : cancellations.at(-1)
  const active = first.filter(({ status }) => ['pending', 'running'].includes(status))
  const finished = first.filter(({ values }) => 'final' in values)
  if (said?.result === 'not_created') {
    return first.length === 0 ? [] : [finding('untrue cancel', `not_created, and there is ${shown(first)}`)]
  }
  const isCalledCancelled =
    ending.kind === 'cancelled' ? said?.result === 'cancelled' : ending.outcome.cancelled === true
  const isStopped = first.length > 0 && active.length + finished.length === 0
  if (isCalledCancelled) {
    return isStopped ? [] : [finding('untrue cancel', `cancelled, and there is ${shown(first)}`)]
  }
  if (isUnconfirmed(played) || (isStopped && isUnread(played))) return []
  return [finding('wrong', `${shown(ending)}; the server has ${shown(first)}`)]
}

/** Honest: nobody could find out, and everybody who asked was told that. */
function isUnconfirmed({ part, ending, told: { cancellations } }: Played): boolean {
  if (ending.kind === 'cancelled') return ending.cancellation?.result === unconfirmed
  if (ending.kind === 'none') return false
  const { status, run_id, cancellation } = ending.outcome
  // The creation got no answer, so that no run is known. A run that somebody else has created is known.
  const mayHaveNone = part.kind.by === 'executeRun' && status === 'polling_error' && run_id === undefined
  return (
    mayHaveNone && cancellation?.result === unconfirmed && cancellations.every(({ result }) => result === unconfirmed)
  )
}

/** Honest, if the run has stopped: that it has, but not whether it was cancelled or had asked a question. */
function isUnread({ ending, told: { cancellations } }: Played): boolean {
  if (ending.kind !== 'outcome') return false
  const { status, ending_verified } = ending.outcome
  const isCalledCancelled = cancellations.some(({ result }) => result === 'cancelled')
  return status === 'interrupted' && ending_verified === false && !isCalledCancelled
}

/** What an outcome says that nobody could find out. That is no wrong, and not what a user hopes for. */
export function unknownIn({ ending }: Played): string | undefined {
  switch (ending.kind) {
    case 'outcome':
      if (ending.outcome.cancellation?.result === unconfirmed) return unconfirmed
      return ending.outcome.ending_verified === false ? 'ending_verified: false' : undefined
    case 'cancelled':
      return ending.cancellation?.result === unconfirmed ? unconfirmed : undefined
    case 'none':
      return undefined
  }
}

function finding(wrong: Wrong, text: string): Finding {
  return { wrong, text }
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 600)
}
