import { log } from '@temporalio/workflow'
import type { LaterRun, StateNow } from '../domain/creation.ts'
import { isWaiting } from '../domain/run.ts'
import type { RunRef } from '../domain/run.ts'
import { seconds } from '../domain/text.ts'
import { findLaterRun, offered } from './activities.ts'
import { continuation, createOnce, findRun } from './create-once.ts'
import { noAnswer } from './failures.ts'
import { isQuestionNews, notifyOfQuestion } from './notifying.ts'
import { asAskedNow } from '../domain/same-question.ts'
import { pollUntilTerminal } from './poll-until-terminal.ts'
import { editedQuestion, isAnswered } from './question.ts'
import type { Question } from './question.ts'
import { aboutRun } from './watch-events.ts'
import type { Watch } from './watch.ts'

/** Looks for a run that somebody else made: 10 s apart at first, 5 min at last. Failed looks are repeated as polls are. */
const firstLookMs = 10_000
const lastLookMs = 300_000
const firstRetryMs = 1000
const threadIsMissing =
  "LangGraph has neither the run nor its thread: if nobody has deleted the thread, correct the deployment's URL in the worker's configuration"

export type HumanEnd =
  | { readonly kind: 'continued'; readonly run: RunRef; readonly by: 'resume' | 'elsewhere' }
  | { readonly kind: 'unanswered'; readonly question: Question; readonly why: string; readonly isCancelled?: true }

/** Waits until the question is answered here or elsewhere, nobody has answered in time, or nobody can any more. */
export async function waitForHuman(watch: Watch): Promise<HumanEnd> {
  let isLastLook = false
  watch.enter('interrupted')
  if (isQuestionNews(watch)) await notifyOfQuestion(watch)
  for (;;) {
    const { run } = watch
    const end = isOver(watch) ? await goOn(watch, run) : await lookElsewhere(watch, run)
    if (end) return end
    // An answer that came to nothing has led through other phases, and what is asked may have changed.
    watch.enter('interrupted')
    if (isQuestionNews(watch)) await notifyOfQuestion(watch)
    if (isLastLook && !isAnswered(questionOf(watch))) {
      return unanswered(watch, `Nobody answered within ${seconds(watch.options.humanTimeoutMs)} (\`humanTimeout\`)`)
    }
    isLastLook = await watch.untilHumanNews(() => isOver(watch), pauseMs(questionOf(watch)))
    await watch.restartWhereLong()
  }
}

function questionOf({ memory: { question } }: Watch): Question {
  if (!question) throw new Error('nobody is asked')
  return question
}

/** Nobody needs to be waited for any more. */
function isOver(watch: Watch): boolean {
  return isAnswered(questionOf(watch)) || watch.memory.cancelling !== undefined
}

export function pauseMs({ looks, failedLooks }: Question): number {
  const ordinaryMs = Math.min(firstLookMs * 2 ** Math.min(Math.max(looks - 1, 0), 10), lastLookMs)
  return failedLooks > 0 ? Math.min(ordinaryMs, firstRetryMs * 2 ** Math.min(failedLooks - 1, 10)) : ordinaryMs
}

/** Gives the answers to LangGraph; after a cancellation finds out whether another run continues this one. */
async function goOn(watch: Watch, run: RunRef): Promise<HumanEnd | undefined> {
  const request = continuation(watch, questionOf(watch), run)
  const end = await createOnce(watch, request)
  switch (end.kind) {
    case 'created':
      return end.asksAgain ? askAgain(watch, end.run) : { kind: 'continued', run: end.run, by: 'resume' }
    case 'overtaken':
      return overtaken(watch, end.by, run)
    case 'cancelled': {
      const why = isAnswered(questionOf(watch))
        ? `The run was cancelled before the answer was given to it${mayHaveBeenGiven(watch)}`
        : 'The run was cancelled while it waited for a human'
      return { ...unanswered(watch, why), isCancelled: true }
    }
    case 'timed_out': {
      const found = watch.options.onPollTimeout === 'cancel_run' ? await findRun(watch, request) : undefined
      if (found?.kind === 'created') return { kind: 'continued', run: found.run, by: 'resume' }
      if (found) return overtaken(watch, found.by, run)
      const why = `The answer could not be given to LangGraph within \`maxPollTime\`${mayHaveBeenGiven(watch)}`
      return unanswered(watch, `${why}: ${watch.memory.polls.lastError ?? end.lastError}`)
    }
    case 'unproven':
      return unanswered(watch, `The answer may have been given to LangGraph: ${end.reason}`)
    case 'edited':
      return edited(watch, end.now)
    case 'refused':
      log.warn('the answer was refused', aboutRun(watch))
      watch.answersRefused(end.reason)
      return undefined
  }
}

function mayHaveBeenGiven(watch: Watch): string {
  return watch.mayHaveCreated ? ' (or it was, and the run that continues is not known)' : ''
}

async function lookElsewhere(watch: Watch, run: RunRef): Promise<HumanEnd | undefined> {
  watch.tryBegins()
  try {
    const { interrupts, next, failedLooks } = questionOf(watch)
    const look = { ...run, asked: { interrupts, next } }
    const options = { summary: 'did somebody else answer?', ...offered(failedLooks) }
    const found = await findLaterRun.executeWithOptions(options, [look])
    if (found.kind === 'gone' && found.threadMissing && !watch.outages.isThreadGone()) {
      watch.lookFailed(threadIsMissing)
      return undefined
    }
    watch.mayShow(found)
    watch.lookAnswered()
    watch.nameRunToSweep(found)
    switch (found.kind) {
      case 'none':
        return undefined
      case 'gone':
        return unanswered(watch, 'The run, or its thread, is gone: nobody can answer it')
      case 'edited':
        return edited(watch, found.now)
      case 'later':
        return overtaken(watch, found.by, run)
    }
  } catch (error) {
    const failed = noAnswer(error)
    if (failed.shown) watch.mayShow(failed.shown)
    watch.lookFailed(failed.message)
    return undefined
  }
}

/** After an edit of the state the answers are kept until the graph has asked again: it may ask something else now. */
async function askAgain(watch: Watch, run: RunRef): Promise<HumanEnd | undefined> {
  const end = await pollUntilTerminal(watch, run)
  if (end.kind !== 'terminal')
    return unanswered(watch, 'The answer could not be given: the run that was to ask again did not end')
  const { ending } = end.look
  if (!isWaiting(ending)) return { kind: 'continued', run, by: 'elsewhere' }
  watch.askedAgain(run)
  return edited(watch, ending)
}

/** The thread's state was edited by hand: what it asks now is asked here, if it asks anything. */
function edited(watch: Watch, now: StateNow): HumanEnd | undefined {
  const question = questionOf(watch)
  const same = asAskedNow(question, now)
  if (same) watch.askedUnderOtherIds(same)
  else watch.askedAnew(editedQuestion(question, now))
  if (now.next.length > 0) return undefined
  return unanswered(watch, "The thread's state was edited by hand, and nobody is asked any more")
}

/** A run that started over did so with the key of this workflow if the server got its creation twice. */
function overtaken(watch: Watch, { runId, resumes, isOwn }: LaterRun, run: RunRef): HumanEnd {
  if (resumes || isOwn) return { kind: 'continued', run: { ...run, runId }, by: 'elsewhere' }
  return unanswered(
    watch,
    `Run ${runId} started over on this thread without answering, so the question can no longer be answered`,
  )
}

function unanswered(watch: Watch, why: string) {
  return { kind: 'unanswered', question: questionOf(watch), why } as const
}
