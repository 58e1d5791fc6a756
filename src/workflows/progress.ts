import { present } from '../domain/json.ts'
import type { WatchProgress } from '../domain/outcome.ts'
import type { WatchState } from '../domain/state.ts'
import { iso, momentMs } from './clock.ts'
import type { Memory } from './memory.ts'
import { openInterrupts } from './question.ts'
import type { Question } from './question.ts'

/** What the query `progress` answers. The workflow id may name the run already; then it is not shown again. */
export function progress(
  memory: Memory,
  phase: WatchProgress['phase'],
  state: WatchState,
  isRunNamed: boolean,
): WatchProgress {
  const { startedAtMs, polls, run, question, retry } = memory
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
      ...attemptOf(memory),
      last_error: polls.lastError ?? retry?.failed.error,
      updated_at: polls.seen?.updatedAt,
      run_id: isRunNamed ? undefined : run?.runId,
      thread_id: isRunNamed ? undefined : run?.threadId,
    }),
    ...(question && asked(question)),
  }
}

/** Which attempt is running or comes next, from the first failure on. */
function attemptOf({ chain, retry }: Memory) {
  if (retry) {
    const { attempt, dueAtMs } = retry
    return { attempt, next_attempt_at: dueAtMs === undefined ? undefined : iso(dueAtMs) }
  }
  const retried = chain.filter(({ continued_by }) => continued_by === 'retry').length
  return { attempt: retried === 0 ? undefined : retried + 1 }
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
