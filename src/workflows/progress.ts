import { present } from '../domain/json.ts'
import { codeBlock, codeSpan, quoted } from '../domain/printable.ts'
import type { WatchProgress } from '../domain/outcome.ts'
import type { WatchState } from '../domain/state.ts'
import { bounded } from '../domain/text.ts'
import { iso, momentMs } from './clock.ts'
import type { Memory } from './memory.ts'
import { openInterrupts } from './question.ts'
import type { Question } from './question.ts'

/** The Web UI shows this much of one question; the query `progress` has all of it. */
const maxShownBytes = 4096

/** What the query `progress` answers. The workflow id may name the run already; then it is not shown again. */
export function progress(
  memory: Memory,
  phase: WatchProgress['phase'],
  state: WatchState,
  isRunNamed: boolean,
): WatchProgress {
  const { startedAtMs, polls, run, question } = memory
  return {
    phase,
    state,
    poll_count: polls.count,
    started_at: iso(startedAtMs),
    elapsed_seconds: (momentMs() - startedAtMs) / 1000,
    ...present({
      // A waiting run is `success` on most servers.
      status: question ? 'interrupted' : polls.seen?.status,
      next_poll_at: phase === 'waiting' && polls.next ? iso(polls.next.atMs) : undefined,
      swept: phase === 'waiting' ? polls.swept : undefined,
      last_error: polls.lastError,
      updated_at: polls.seen?.updatedAt,
      run_id: isRunNamed ? undefined : run?.runId,
      thread_id: isRunNamed ? undefined : run?.threadId,
    }),
    ...(question && asked(question)),
  }
}

function asked(question: Question) {
  const { truncated, next, refused, untilMs } = question
  return {
    interrupts: openInterrupts(question),
    next,
    ...present({
      truncated,
      answer_refused: refused,
      human_deadline_at: untilMs === undefined ? undefined : iso(untilMs),
    }),
  }
}

/** The same for the Web UI, as markdown. */
export function describe(shown: WatchProgress, workflowId: string): string {
  const { phase, status, poll_count, next_poll_at, last_error, updated_at, run_id, thread_id, interrupts, next } = shown
  return [
    `**${phase}**, ${poll_count} polls`,
    run_id && `run ${codeSpan(run_id)} of thread ${codeSpan(thread_id ?? '')}`,
    status && `run status: ${codeSpan(status)}${updated_at ? `, unchanged since ${updated_at}` : ''}`,
    next_poll_at && `next poll: ${next_poll_at}${shown.swept ? ', or when the sweep sees a change' : ''}`,
    last_error && `last poll got no answer: ${codeSpan(last_error)}`,
    shown.answer_refused && `the last answer was refused: ${codeSpan(shown.answer_refused)}`,
    interrupts &&
      `waits for a human before ${codeSpan(next?.join(', ') ?? '')}, until ${shown.human_deadline_at ?? 'somebody answers'}`,
    ...(interrupts ?? []).map((interrupt) => codeBlock(bounded(JSON.stringify(interrupt), maxShownBytes), 'json')),
    interrupts && `to answer: ${codeSpan(`langgraph-runs resume --id ${quoted(workflowId)}`)}`,
  ]
    .filter(Boolean)
    .join('\n\n')
}
