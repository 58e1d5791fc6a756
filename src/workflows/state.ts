import { outageAfter } from '../domain/defaults.ts'
import type { WatchProgress } from '../domain/outcome.ts'
import type { WatchState } from '../domain/state.ts'
import type { Memory } from './memory.ts'
import { isAnswered } from './question.ts'

/**
 * Where an open watch is, in one word. An outage ends with the first answer. A poll, or a try to create the run, is no state
 * of its own. Once a human has answered, the run that continues is waited for, although it is not created yet.
 */
export function openState({ run, polls, question, retry }: Memory, phase: WatchProgress['phase']): WatchState {
  if (phase === 'retrieving') return 'retrieving'
  if (question && !isAnswered(question)) return 'human'
  if ((polls.unanswered?.inARow ?? 0) >= outageAfter) return 'outage'
  if (retry) return 'backing_off'
  return run ? 'waiting' : 'creating'
}
