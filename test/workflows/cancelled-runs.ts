import { CreationUnanswered } from '../../src/langgraph/creation.ts'
import type { Cancellation } from '../../src/client.ts'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { Creation } from '../../src/domain/creation.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { ended, running, values } from '../support/looks.ts'
import { answers } from '../support/time-skipping.ts'
import type { Script, ScriptedRun } from '../support/time-skipping.ts'

// Runs that are cancelled: by their workflow's cancellation, or by the update `cancelRun`.

type Written = (ids: ScriptedRun['ids']) => Script

export const stopped = ended('interrupted', { next: ['work'] })
export const asking = ended('success', { next: ['ask'], interrupts: [{ id: 'i1', value: 'buy AAPL?' }] })
export const gone = new LangGraphError(types.notFound, 'status from deployment "default": HTTP 404', { status: 404 })
export const outage = new LangGraphError(types.unavailable, 'cancel on deployment "default": HTTP 503', { status: 503 })
/** Nobody knows whether the run was created; the request may still arrive for 20 s. */
export const unanswered = new CreationUnanswered(
  new LangGraphError(types.timeout, 'create run on deployment "default": no answer'),
  20_000,
)
export const patient = { pollInterval: '1h', maxPollTime: '1d' } as const

/** A run that exists at once, and is running. */
export function atWork(script: Script = {}): Written {
  return (ids) => ({
    createRun: async () => ({ kind: 'created', ...ids }),
    getRunStatus: answers(running),
    retrieveStreamValues: answers(values),
    ...script,
  })
}

/** A run that does not exist yet: the first try does not create it, the later ones come to `then`. */
export function notThere(first: 'busy' | Error, then: 'created' | 'not_found' | Error, script: Script = {}): Written {
  return (ids) => {
    const { threadId } = ids
    const busy = { kind: 'busy', threadId, reason: 'run r1 is at work' } as const
    const found = then === 'created' ? ({ kind: then, ...ids } as const) : ({ kind: 'not_found', threadId } as const)
    return {
      createRun: answers<Creation>(first === 'busy' ? busy : first, then instanceof Error ? then : found),
      getRunStatus: answers(running, stopped),
      ...script,
    }
  }
}

/** It runs until it is cancelled; then it is as the look says. The update's looks and the watch's polls come in any order. */
export function untilCancelled(look: RunLook | Error, creationHeld?: Promise<unknown>): Written {
  let isCancelled = false
  return (ids) => ({
    createRun: async () => {
      await creationHeld
      return { kind: 'created', ...ids }
    },
    cancelRun: async () => {
      isCancelled = true
    },
    getRunStatus: async () => {
      if (isCancelled && look instanceof Error) throw look
      return isCancelled && !(look instanceof Error) ? look : running
    },
  })
}

/** A run that asked, and those that continue it: each but the last, which is running, asked too. All were answered elsewhere. */
export function answeredAgainAndAgain(...next: readonly string[]): Written {
  let isCancelled = false
  return ({ threadId, runId }) => ({
    createRun: async (request) => {
      const from = 'continues' in request.run ? request.run.continues : ''
      const by = [runId, ...next][[runId, ...next].indexOf(from) + 1]
      return by === undefined
        ? { kind: 'not_found', threadId }
        : { kind: 'overtaken', threadId, by: { runId: by, resumes: true } }
    },
    cancelRun: async () => {
      isCancelled = true
    },
    getRunStatus: async (asked) => {
      if (asked.runId !== next.at(-1)) return asking
      return isCancelled ? stopped : running
    },
  })
}

export function ofRun(
  { ids }: ScriptedRun,
  result: Cancellation['result'],
  more: Partial<Cancellation> = {},
): Cancellation {
  return { result, run_id: ids.runId, thread_id: ids.threadId, ...more }
}

export function callsOf(run: ScriptedRun, activity: string) {
  return run.calls.filter((call) => call.activity === activity)
}
