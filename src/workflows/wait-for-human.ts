import { condition, log } from '@temporalio/workflow'
import type { LaterRun } from '../domain/creation.ts'
import type { RunRef } from '../domain/run.ts'
import { seconds } from '../domain/text.ts'
import { findLaterRun } from './activities.ts'
import { continuation, createOnce, findRun } from './create-once.ts'
import type { FoundRun } from './create-once.ts'
import { noAnswer } from './failures.ts'
import { isAnswered } from './question.ts'
import type { Question } from './question.ts'
import { isHistoryLong } from './watch.ts'
import type { Watch } from './watch.ts'

/** Looks for a run that somebody else made: 10 s apart at first, 5 min at last. */
const firstLookMs = 10_000
const lastLookMs = 300_000
const betweenHintedLooksMs = 1000

export type HumanEnd =
  | { readonly kind: 'continued'; readonly run: RunRef; readonly by: 'resume' | 'elsewhere' }
  | { readonly kind: 'unanswered'; readonly question: Question; readonly why: string }

/** Waits until the question is answered here or elsewhere, nobody has answered in time, or nobody can any more. */
export async function waitForHuman(watch: Watch, run: RunRef): Promise<HumanEnd> {
  const { untilMs = Infinity } = questionOf(watch)
  for (;;) {
    watch.enter('interrupted')
    const isLastLook = Date.now() >= untilMs
    const end = isOver(watch) ? await goOn(watch, run) : await lookElsewhere(watch, run)
    if (end) return end
    if (isLastLook && !isAnswered(questionOf(watch))) {
      return unanswered(watch, `Nobody answered within ${seconds(watch.options.humanTimeoutMs)} (\`humanTimeout\`)`)
    }
    await untilNews(watch)
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

/** Gives the answers to LangGraph; after a cancellation finds out whether another run continues this one. */
async function goOn(watch: Watch, run: RunRef): Promise<HumanEnd | undefined> {
  const request = continuation(watch, questionOf(watch), run)
  const end = await createOnce(watch, request)
  switch (end.kind) {
    case 'created':
    case 'overtaken':
      return continued(watch, end, run)
    case 'cancelled':
      return unanswered(
        watch,
        isAnswered(questionOf(watch))
          ? `The run was cancelled before the answer was given to it${mayHaveBeenGiven(watch)}`
          : 'The run was cancelled while it waited for a human',
      )
    case 'timed_out': {
      const found = watch.options.onPollTimeout === 'cancel_run' ? await findRun(watch, request) : undefined
      if (found) return continued(watch, found, run)
      const why = `The answer could not be given to LangGraph within \`maxPollTime\`${mayHaveBeenGiven(watch)}`
      return unanswered(watch, `${why}: ${watch.memory.polls.lastError ?? end.lastError}`)
    }
    case 'unproven':
      return unanswered(watch, `The answer may have been given to LangGraph: ${end.reason}`)
    case 'refused':
      log.warn('the answer was refused', { threadId: run.threadId, runId: run.runId })
      watch.answersRefused(end.reason)
      return undefined
  }
}

function mayHaveBeenGiven(watch: Watch): string {
  return watch.runMayExist() ? ' (or it was, and the run that continues is not known)' : ''
}

async function lookElsewhere(watch: Watch, run: RunRef): Promise<HumanEnd | undefined> {
  watch.lookBegins()
  try {
    const later = await findLaterRun.executeWithOptions({ summary: 'did somebody else answer?' }, [run])
    watch.lookAnswered()
    if (!later) return undefined
    if ('isGone' in later) return unanswered(watch, 'The run, or its thread, is gone: nobody can answer it')
    return continued(watch, { kind: 'overtaken', by: later }, run)
  } catch (error) {
    watch.noteError(noAnswer(error).message)
    return undefined
  }
}

function continued(watch: Watch, found: FoundRun, run: RunRef): HumanEnd {
  if (found.kind === 'created') return { kind: 'continued', run: found.run, by: 'resume' }
  const { runId, resumes }: LaterRun = found.by
  if (resumes) return { kind: 'continued', run: { ...run, runId }, by: 'elsewhere' }
  return unanswered(
    watch,
    `Run ${runId} started over on this thread without answering, so the question can no longer be answered`,
  )
}

function unanswered(watch: Watch, why: string): HumanEnd {
  return { kind: 'unanswered', question: questionOf(watch), why }
}

/** Sleeps until an answer, a hint, or the next look. */
async function untilNews(watch: Watch): Promise<void> {
  const { looks, untilMs = Infinity } = questionOf(watch)
  const pauseMs = Math.min(firstLookMs * 2 ** Math.min(looks - 1, 10), lastLookMs)
  const sleepMs = Math.min(pauseMs, untilMs - Date.now())
  if (sleepMs > 0) {
    const isNews = () => isOver(watch) || watch.memory.isWoken || isHistoryLong()
    await condition(isNews, sleepMs, { summary: 'until somebody answers' })
  }
  if (watch.memory.isWoken && !isOver(watch)) await condition(() => isOver(watch), betweenHintedLooksMs)
}
