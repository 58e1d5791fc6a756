import { condition, log, workflowInfo } from '@temporalio/workflow'
import type { Continuation, CreateRunRequest, LaterRun } from '../domain/creation.ts'
import type { Json, RunRef } from '../domain/run.ts'
import { seconds } from '../domain/text.ts'
import { findLaterRun } from './activities.ts'
import { createOnce, findRun } from './create-once.ts'
import type { FoundRun } from './create-once.ts'
import { noAnswer } from './failures.ts'
import { restartWhereLong } from './poll-until-terminal.ts'
import { isAnswered, takeAnswersBack } from './question.ts'
import type { Question } from './question.ts'
import type { Watch } from './watch.ts'

/** Looks for a run that somebody else made: 10 s apart at first, 5 min at last. */
const firstLookMs = 10_000
const lastLookMs = 300_000
const betweenHintedLooksMs = 1000

export type HumanEnd =
  | { readonly kind: 'continued'; readonly run: RunRef; readonly by: 'resume' | 'elsewhere' }
  | { readonly kind: 'unanswered'; readonly why: string }

/** Waits until the question is answered here or elsewhere, nobody has answered in time, or it has become pointless. */
export async function waitForHuman(
  watch: Watch,
  question: Question,
  run: RunRef,
  restart: () => Promise<never>,
): Promise<HumanEnd> {
  const { state, options } = watch
  const { untilMs = Infinity } = question
  for (;;) {
    watch.enter('interrupted')
    const isLastLook = Date.now() >= untilMs
    const end =
      isAnswered(question) || state.cancelAsked
        ? await goOn(watch, question, run, restart)
        : await lookElsewhere(watch, question, run)
    if (end) return end
    if (isLastLook && !isAnswered(question)) {
      return unanswered(`Nobody answered within ${seconds(options.humanTimeoutMs)} (\`humanTimeout\`)`)
    }
    await untilNews(watch, question)
    await restartWhereLong(watch, restart)
  }
}

/** What finds a run that somebody else made to go on from this one. */
export function later(run: RunRef): CreateRunRequest {
  const { deployment, threadId, runId } = run
  return { deployment, threadId, key: `${creationKey()}#`, run: { continues: runId }, findOnly: true }
}

/** What creates the run that goes on; while answers are missing it can only be looked for. */
export function continuation({ state }: Watch, question: Question, run: RunRef): CreateRunRequest {
  const resume = answersOf(question)
  const how: Continuation = { continues: run.runId, ...(resume !== undefined && { resume }) }
  // A watch of the same run may have been there before, with the same id, and another answer.
  const key = `${creationKey()}/${workflowInfo().firstExecutionRunId}#${(state.chain ?? []).length + 1}`
  const request = { deployment: run.deployment, threadId: run.threadId, key, run: how }
  return isAnswered(question) ? request : { ...request, findOnly: true }
}

/** `<namespace>/<workflowId>`, in the metadata of the run that the workflow creates. */
export function creationKey(): string {
  const { namespace, workflowId } = workflowInfo()
  return `${namespace}/${workflowId}`
}

/** Gives the answers to LangGraph; after a cancellation finds out whether a run goes on. */
async function goOn(
  watch: Watch,
  question: Question,
  run: RunRef,
  restart: () => Promise<never>,
): Promise<HumanEnd | undefined> {
  const { state, options } = watch
  const request = continuation(watch, question, run)
  const end = await createOnce(watch, request, restart)
  switch (end.kind) {
    case 'created':
    case 'overtaken':
      return goneOn(end, run)
    case 'cancelled':
      return unanswered(
        isAnswered(question)
          ? `The run was cancelled before the answer was given to it${mayHaveBeenGiven(watch)}`
          : 'The run was cancelled while it waited for a human',
      )
    case 'timed_out': {
      const found = options.onPollTimeout === 'cancel_run' ? await findRun(watch, request) : undefined
      if (found) return goneOn(found, run)
      const why = `The answer could not be given to LangGraph within \`maxPollTime\`${mayHaveBeenGiven(watch)}`
      return unanswered(`${why}: ${state.lastError}`)
    }
    case 'refused':
      log.warn('the answer was refused', { threadId: run.threadId, runId: run.runId })
      takeAnswersBack(state, question, end.reason)
      return undefined
  }
}

function goneOn(found: FoundRun, run: RunRef): HumanEnd {
  return found.kind === 'created' ? { kind: 'continued', run: found.run, by: 'resume' } : overtaken(found.by, run)
}

function mayHaveBeenGiven({ state }: Watch): string {
  return state.unansweredUntilMs === undefined ? '' : ' (or it was, and the run that goes on is not known)'
}

async function lookElsewhere({ state }: Watch, question: Question, run: RunRef): Promise<HumanEnd | undefined> {
  state.wakeRequested = false
  question.looks += 1
  try {
    const later = await findLaterRun.executeWithOptions({ summary: 'did somebody else answer?' }, [run])
    state.lastError = undefined
    if (!later) return undefined
    return 'isGone' in later
      ? unanswered('The run, or its thread, is gone: nobody can answer it')
      : overtaken(later, run)
  } catch (error) {
    state.lastError = noAnswer(error).message
    return undefined
  }
}

function overtaken({ runId, resumes }: LaterRun, run: RunRef): HumanEnd {
  if (resumes) return { kind: 'continued', run: { ...run, runId }, by: 'elsewhere' }
  return unanswered(`Run ${runId} began anew on the thread, without an answer: the question is pointless now`)
}

function unanswered(why: string): HumanEnd {
  return { kind: 'unanswered', why }
}

/** Until an answer, a hint, or the next look. */
async function untilNews({ state }: Watch, question: Question): Promise<void> {
  const isOver = () => isAnswered(question) || state.cancelAsked !== undefined
  const pauseMs = Math.min(firstLookMs * 2 ** Math.min(question.looks - 1, 10), lastLookMs)
  const sleepMs = Math.min(pauseMs, (question.untilMs ?? Infinity) - Date.now())
  if (sleepMs > 0) {
    await condition(() => isOver() || state.wakeRequested, sleepMs, { summary: 'until somebody answers' })
  }
  if (state.wakeRequested && !isOver()) await condition(isOver, betweenHintedLooksMs)
}

/** By id, since the answers to several questions would otherwise be mixed up. */
function answersOf({ interrupts, answers }: Question): Json | undefined {
  if (interrupts.length === 0) return undefined
  if (interrupts.some(({ id }) => id === undefined)) return answers[0] ?? null
  return Object.fromEntries(interrupts.map(({ id = '' }, index) => [id, answers[index] ?? null]))
}
