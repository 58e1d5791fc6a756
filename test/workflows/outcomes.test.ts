import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { WatchOutcome } from '../../src/domain/outcome.ts'
import type { WatchOptions } from '../../src/domain/input.ts'
import { beginning } from '../../src/workflows/memory.ts'
import type { Memory } from '../../src/workflows/memory.ts'
import * as outcomes from '../../src/workflows/outcomes.ts'
import type { Retrieval } from '../../src/workflows/retrieve-in-order.ts'
import { Watch } from '../../src/workflows/watch.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-28T10:01:01.200Z') })
})
afterEach(() => {
  vi.useRealTimers()
})

const run = { threadId: 't1', runId: 'r1', deployment: 'default' }
const ids = { run_id: 'r1', thread_id: 't1' }
const options: WatchOptions = {
  pollInterval: { initialMs: 10_000, coefficient: 1, maximumMs: 10_000, jitter: false },
  maxPollTimeMs: 600_000,
  stuckAfterMs: Infinity,
  retrieval: { order: ['thread_state'], timeoutMs: 30_000 },
  onUnsuccessful: 'return',
  onCancel: 'leave',
  onPollTimeout: 'leave',
  onInterrupt: 'return',
  humanTimeoutMs: Infinity,
}
const completed = { poll_count: 7, completion_time_seconds: 61.2, timestamp: '2026-11-28T10:01:01.200Z' }
const metadata = { retrieval_duration_seconds: 0.03, timestamp: '2026-11-28T10:01:01.200Z', attempts: [] }
const known = { kind: 'known', next: [], interrupts: [] } as const
const unreadable = { kind: 'unreadable', reason: 'HTTP 500' } as const
const question = { id: 'i1', value: 'buy?' }

function watchOf(
  change: Partial<Memory> = {},
  polls: Partial<Memory['polls']> = {},
  given: Partial<WatchOptions> = {},
) {
  const memory = beginning(Date.parse('2026-11-28T10:00:00.000Z'), run)
  return new Watch({
    options: { ...options, ...given },
    memory: { ...memory, ...change, polls: { ...memory.polls, count: 7, ...polls } },
    continueAsNew: () => Promise.reject(new Error('not here')),
  })
}

describe('what was retrieved', () => {
  const stored = { url: 's3://b/k', sha256: 'abc', bytes: 5, content_type: 'application/json' } as const
  const rows: readonly { what: string; retrieval: Retrieval; verified?: boolean; outcome: object }[] = [
    {
      what: 'a result',
      retrieval: {
        found: 'result',
        result: { signal: 'BUY' },
        metadata: { ...metadata, strategy_used: 'thread_state' },
      },
      outcome: {
        polling_result: 'success_with_results',
        status: 'success',
        ...ids,
        result: { signal: 'BUY' },
        retrieval_metadata: { ...metadata, strategy_used: 'thread_state' },
        polling_metadata: completed,
      },
    },
    {
      what: 'a result in the result store',
      retrieval: { found: 'stored', reference: stored, metadata: { ...metadata, strategy_used: 'thread_state' } },
      outcome: {
        polling_result: 'success_with_results',
        status: 'success',
        ...ids,
        result_reference: stored,
        retrieval_metadata: { ...metadata, strategy_used: 'thread_state' },
        polling_metadata: completed,
      },
    },
    {
      what: 'nothing, with a reference to what is too large',
      retrieval: { found: 'nothing', error: 'too large', reference: { thread_id: 't1', bytes: 5 }, metadata },
      outcome: {
        polling_result: 'success_no_results',
        status: 'success',
        ...ids,
        error: 'Result retrieval failed: too large',
        result_reference: { thread_id: 't1', bytes: 5 },
        retrieval_metadata: metadata,
        polling_metadata: { ...completed, result_retrieval_error: 'too large' },
      },
    },
    {
      what: 'a question, of a run whose ending could not be read',
      retrieval: { found: 'interrupts', interrupts: [question], truncated: true, metadata },
      verified: false,
      outcome: {
        polling_result: 'interrupted',
        status: 'interrupted',
        ...ids,
        ending_verified: false,
        interrupts: [question],
        truncated: true,
        polling_metadata: completed,
      },
    },
  ]
  test.each(rows)('$what', ({ retrieval, verified = true, outcome }) => {
    expect(outcomes.retrieved(watchOf(), retrieval, verified ? known : unreadable)).toEqual(outcome)
  })
})

describe('what JavaScript has rounded', () => {
  test('is named beside a result', () => {
    const retrieval = { found: 'result', result: 1, inexactNumbers: ['order.id'], metadata } as const
    expect(outcomes.retrieved(watchOf(), retrieval, known)).toHaveProperty('inexact_numbers', ['order.id'])
  })

  test('is named beside a question, asked or not answered', () => {
    const inexactNumbers = ['interrupts[0].value']
    const asked = { ...known, interrupts: [question], inexactNumbers }
    const unanswered = { ...asked, answers: {}, goOn: false, looks: 0, failedLooks: 0 }
    for (const outcome of [
      outcomes.interrupted(watchOf(), asked),
      outcomes.unanswered(watchOf(), { kind: 'unanswered', question: unanswered, why: 'late' }),
    ]) {
      expect(outcome).toHaveProperty('inexact_numbers', inexactNumbers)
      expect(outcome).not.toHaveProperty('inexactNumbers')
    }
  })
})

describe('what other runs on the thread hide', () => {
  const hidden = { kind: 'hidden', reason: 'read through "work"' } as const

  test('is never called a success if no strategy found values', () => {
    const retrieval = { found: 'nothing', error: 'All result retrieval strategies failed', metadata } as const
    expect(outcomes.retrieved(watchOf(), retrieval, hidden)).toEqual({
      polling_result: 'error',
      status: 'polling_error',
      ...ids,
      ending_verified: false,
      error:
        'The run has ended, but whether it finished or waits for a human cannot be proven: read through "work". All result retrieval strategies failed',
      polling_metadata: completed,
    })
  })

  test('does not spoil values that its stream proves to be its own', () => {
    const retrieval = { found: 'result', result: 1, metadata } as const
    const outcome = outcomes.retrieved(watchOf(), retrieval, hidden)
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: 1 })
    expect(outcome).not.toHaveProperty('ending_verified')
  })

  test('is said of a question that a later run has overwritten', () => {
    const outcome = outcomes.interrupted(watchOf(), { ...known, next: ['ask'], overwritten: true })
    const error = expect.stringContaining('a later run has overwritten what it asked')
    expect(outcome).toMatchObject({ polling_result: 'interrupted', interrupts: [], next: ['ask'], error })
  })

  test('may be the node of a question that the thread still has', () => {
    const outcome = outcomes.interrupted(watchOf(), { ...known, interrupts: [question] })
    expect(outcome).toMatchObject({ polling_result: 'interrupted', interrupts: [question] })
    expect(outcome).not.toHaveProperty('next')
  })
})

describe('a run that ended badly', () => {
  test.each([
    { status: 'error', polling_result: 'error' },
    { status: 'timeout', polling_result: 'timeout' },
    { status: 'interrupted', polling_result: 'interrupted' },
  ] as const)('as $status', ({ status, polling_result }) => {
    const outcome = outcomes.unsuccessful(watchOf(), { kind: 'unsuccessful', status, error: 'boom' }, known)
    expect(outcome).toEqual({ polling_result, status, ...ids, error: 'boom', polling_metadata: completed })
  })

  test('names the nodes that failed', () => {
    const verdict = { kind: 'unsuccessful', status: 'error', error: 'boom' } as const
    const outcome = outcomes.unsuccessful(watchOf(), verdict, { ...known, failedNodes: ['two'] })
    expect(outcome).toHaveProperty('failed_nodes', ['two'])
  })

  test('says that it was cancelled, whatever its server calls that', () => {
    const verdict = { kind: 'unsuccessful', status: 'error', error: 'cancelled', isCancelled: true } as const
    expect(outcomes.unsuccessful(watchOf(), verdict, known)).toHaveProperty('cancelled', true)
  })

  test('as cancelled half-way names the nodes that would have run', () => {
    const verdict = { kind: 'unsuccessful', status: 'interrupted', error: 'cancelled' } as const
    expect(outcomes.unsuccessful(watchOf(), verdict, { ...known, next: ['work'] })).toHaveProperty('next', ['work'])
  })

  test('with endless words is told with the first 4 KB of them', () => {
    const verdict = { kind: 'unsuccessful', status: 'error', error: 'ü'.repeat(5000) } as const
    expect(outcomes.unsuccessful(watchOf(), verdict, known)).toHaveProperty('error', `${'ü'.repeat(2046)}…`)
  })
})

describe('a watch whose time is over', () => {
  const updatedAt = '2026-11-28T09:00:00.000Z'
  const unanswered = { unknown: { what: 'created', error: 'HTTP 503' } } as const
  test.each([
    { knows: 'nothing', watch: () => watchOf(), says: '' },
    {
      knows: 'a status',
      watch: () => watchOf({}, { seen: { status: 'running', sinceMs: 0, polledAtMs: 0 } }),
      says: '; last status: running',
    },
    {
      knows: 'a status and an error',
      watch: () =>
        watchOf({}, { seen: { status: 'running', updatedAt, sinceMs: 0, polledAtMs: 0 }, lastError: 'HTTP 503' }),
      says: `; last error: HTTP 503; last status: running, unchanged since ${updatedAt}`,
    },
    {
      knows: 'that a run may exist',
      watch: () => watchOf({ run: undefined, creation: unanswered }, { lastError: 'HTTP 503' }),
      says: '; last error: HTTP 503; a run may have been created all the same',
    },
  ])('and that knows $knows', ({ watch, says }) => {
    expect(outcomes.pollingTimedOut(watch())).toMatchObject({
      status: 'polling_timeout',
      error: `Polling timed out after 600.0s (7 polls)${says}`,
      polling_metadata: { poll_count: 7, elapsed_seconds: 61.2, max_poll_time: 600, timestamp: completed.timestamp },
    })
  })

  test.each([
    { result: 'cancelled', cancelled: true },
    { result: 'cancel_unconfirmed', cancelled: undefined },
  ] as const)('and that has cancelled the run says what came of it: $result', ({ result, cancelled }) => {
    const outcome = outcomes.pollingTimedOut(watchOf(), { result })
    expect(outcome.cancellation).toEqual({ result })
    expect(outcome.cancelled).toBe(cancelled)
  })
})

test.each([
  { onInterrupt: 'return', runs: undefined },
  {
    onInterrupt: 'wait',
    runs: [
      { run_id: 'r0', status: 'interrupted', continued_by: 'resume' },
      { run_id: 'r1', status: 'error' },
    ],
  },
] as const)(
  'the runs of a chain are listed only if a human was to be waited for: $onInterrupt',
  ({ onInterrupt, runs }) => {
    const watch = watchOf(
      { chain: [{ run_id: 'r0', status: 'interrupted', continued_by: 'resume' }] },
      {},
      { onInterrupt },
    )
    const outcome = outcomes.unsuccessful(watch, { kind: 'unsuccessful', status: 'error', error: 'boom' }, known)
    expect(outcomes.chain(watch, outcome).runs).toEqual(runs)
  },
)

describe('in words', () => {
  const base = { ...ids, polling_metadata: { ...completed, poll_count: 1 } }
  const rows: readonly { outcome: WatchOutcome; type: string; summary: string }[] = [
    {
      outcome: { polling_result: 'error', status: 'error', error: 'ValueError: boom', ...base },
      type: 'RunFailed',
      summary: 'error (error): ValueError: boom',
    },
    {
      outcome: { polling_result: 'error', status: 'polling_error', error: 'HTTP 404', ...base },
      type: 'RunPollingFailed',
      summary: 'error (polling_error): HTTP 404',
    },
    {
      outcome: { polling_result: 'timeout', status: 'timeout', error: 'too long', ...base },
      type: 'RunTimedOut',
      summary: 'timeout (timeout): too long',
    },
    {
      outcome: { polling_result: 'interrupted', status: 'interrupted', interrupts: [question], next: ['ask'], ...base },
      type: 'RunInterrupted',
      summary: 'interrupted (interrupted): it waits for a human before node "ask"',
    },
    {
      outcome: { polling_result: 'interrupted', status: 'interrupted', error: 'The run was cancelled', ...base },
      type: 'RunInterrupted',
      summary: 'interrupted (interrupted): The run was cancelled',
    },
  ]
  test.each(rows)('$summary', ({ outcome, type, summary }) => {
    expect(outcomes.failureType(outcome)).toBe(type)
    expect(outcomes.summary(outcome)).toBe(`Run r1 of thread t1 ended as ${summary}`)
  })

  test('an outcome without a run says that none is known', () => {
    const { run_id: _, ...base2 } = base
    const outcome = { polling_result: 'error', status: 'polling_error', error: 'no', ...base2 } as const
    expect(outcomes.summary(outcome)).toBe('No run is known (polling_error): no')
    expect(outcomes.failureType(outcome)).toBe('RunNotCreated')
    expect(outcomes.failureType({ ...outcome, cancelled: true })).toBe('RunPollingFailed')
  })
})
