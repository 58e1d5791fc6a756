import { describe, expect, test } from 'vitest'
import type { WatchOptions } from '../../src/domain/input.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { takeUp } from '../../src/workflows/memory.ts'
import type { Memory } from '../../src/workflows/memory.ts'
import { questionIn } from '../../src/workflows/question.ts'
import type { Question } from '../../src/workflows/question.ts'
import { stuck } from '../../src/workflows/poll-until-terminal.ts'
import { Watch } from '../../src/workflows/watch.ts'
import { ended, running } from '../support/looks.ts'

// What a watch remembers of what happens to it. No server: a transition gets its time as an argument.

const run = { threadId: 't1', runId: 'r1', deployment: 'default' }
const next = { ...run, runId: 'r2' }
const options: WatchOptions = {
  pollInterval: { initialMs: 10_000, coefficient: 1, maximumMs: 10_000, jitter: false },
  maxPollTimeMs: 60_000,
  stuckAfterMs: 30_000,
  retrieval: { order: ['thread_state'], timeoutMs: 30_000 },
  onUnsuccessful: 'return',
  onCancel: 'leave',
  onPollTimeout: 'leave',
  onInterrupt: 'wait',
  humanTimeoutMs: 3_600_000,
}
const question: Question = {
  interrupts: [
    { id: 'i1', value: 'buy?' },
    { id: 'i2', value: 'how many?' },
  ],
  next: ['ask'],
  answers: {},
  goOn: false,
  looks: 0,
}
const unreadable: RunLook = { status: 'success', ending: { kind: 'unreadable', reason: 'HTTP 500' } }

function watchOf(change: Partial<Memory> = {}, given: Partial<WatchOptions> = {}): Watch {
  return new Watch({
    options: { ...options, ...given },
    memory: { ...takeUp(undefined, 0, run), ...change },
    continueAsNew: () => Promise.reject(new Error('not here')),
  })
}

describe('a poll', () => {
  test('that begins is counted, and uses up the hint that caused it', () => {
    const watch = watchOf()
    watch.wake()
    watch.pollBegins()
    expect(watch.memory).toMatchObject({ isWoken: false, polls: { count: 1 } })
  })

  test('that is answered ends a row of failures, and proves that LangGraph can be reached', () => {
    const watch = watchOf()
    watch.pollFailed('HTTP 503')
    expect(watch.memory).toMatchObject({ hasBeenReached: false, polls: { failedInARow: 1, lastError: 'HTTP 503' } })
    watch.pollAnswered(running, 1000)
    expect(watch.memory).toMatchObject({ hasBeenReached: true, polls: { failedInARow: 0, lastError: undefined } })
  })

  test('that cannot read the ending is a failure too, and counts for itself', () => {
    const watch = watchOf()
    watch.pollFailed('HTTP 503')
    watch.pollAnswered(unreadable, 1000)
    expect(watch.memory.polls).toMatchObject({
      failedInARow: 2,
      unreadableInARow: 1,
      lastError: 'the run has ended (success), but how could not be read: HTTP 500',
    })
    watch.pollFailed('HTTP 503')
    expect(watch.memory.polls.unreadableInARow).toBe(0)
  })

  const updatedAt = '2026-11-24T10:00:00.000Z'
  test.each<{ looks: readonly RunLook[]; sinceMs: number; what: string }>([
    { what: 'when the server changed the run', looks: [{ ...running, updatedAt }], sinceMs: Date.parse(updatedAt) },
    { what: 'when its status was first seen', looks: [running, running, running], sinceMs: 1000 },
    { what: 'when its status changed', looks: [{ status: 'pending' }, running, running], sinceMs: 2000 },
  ])('remembers $what', ({ looks, sinceMs }) => {
    const watch = watchOf()
    for (const [n, look] of looks.entries()) watch.pollAnswered(look, 1000 * (n + 1))
    expect(watch.memory.polls.seen).toMatchObject({ status: 'running', sinceMs })
  })

  test.each([
    { ms: 30_999, isStuck: false },
    { ms: 31_000, isStuck: true },
  ])('calls a run stuck that has not changed for `stuckAfter`: at $ms ms $isStuck', ({ ms, isStuck }) => {
    const watch = watchOf()
    watch.pollAnswered(running, 1000)
    expect(stuck(watch, ms)?.kind).toBe(isStuck ? 'refused' : undefined)
  })
})

describe('the next poll', () => {
  test.each([
    { when: 'an interval later', failures: 0, atMs: 15_000 },
    { when: '1 s after a failure', failures: 1, atMs: 6000 },
    { when: '4 s after the third failure', failures: 3, atMs: 9000 },
  ])('comes $when', ({ failures, atMs }) => {
    const watch = watchOf()
    for (let n = 0; n < failures; n += 1) watch.pollFailed('HTTP 503')
    watch.scheduleNextPoll(5000)
    expect(watch.memory.polls).toMatchObject({ sleeps: 1, nextAtMs: atMs })
  })

  test.each([49_100, 55_000])('comes at the deadline if it would come close to it or later: from %i ms', (nowMs) => {
    const watch = watchOf()
    watch.scheduleNextPoll(nowMs)
    expect(watch.memory.polls.nextAtMs).toBe(60_000)
  })
})

describe('a creation', () => {
  test('that got no answer may have made a run, whatever fails after it', () => {
    const watch = watchOf({ run: undefined })
    expect(watch.runMayExist()).toBeUndefined()
    watch.creationUnanswered(6000, 'no answer')
    watch.pollFailed('HTTP 503')
    expect(watch.runMayExist()).toEqual({
      result: 'cancel_unconfirmed',
      error: 'A run may have been created: HTTP 503',
    })
  })

  test.each([
    { kind: 'busy', mayExist: true },
    { kind: 'not_found', mayExist: false },
  ] as const)('that is answered says whether one was made: $kind', ({ kind, mayExist }) => {
    const watch = watchOf({ run: undefined })
    watch.creationUnanswered(6000, 'no answer')
    watch.creationAnswered({ kind, threadId: 't1', reason: 'run r0' })
    expect(watch.runMayExist() !== undefined).toBe(mayExist)
    expect(watch.memory).toMatchObject({ hasBeenReached: true, creation: { threadId: 't1' } })
  })
})

describe('a question', () => {
  test('is asked of an outcome that has one, with the time until which it waits', () => {
    const stopped = {
      polling_result: 'interrupted',
      status: 'interrupted',
      next: ['ask'],
      polling_metadata: { poll_count: 1, completion_time_seconds: 1, timestamp: '' },
    } as const
    const outcome = { ...stopped, interrupts: question.interrupts }
    expect(questionIn(options, outcome, 1000)).toEqual({ ...question, untilMs: 3_601_000 })
    expect(questionIn({ ...options, humanTimeoutMs: Infinity }, outcome, 1000)).toEqual(question)
    expect(questionIn({ ...options, onInterrupt: 'return' }, outcome, 1000)).toBeUndefined()
    expect(questionIn(options, stopped, 1000)).toBeUndefined()
  })

  test('gives the run that continues all of `maxPollTime`, from the last answer on', () => {
    const watch = watchOf()
    watch.asked(question)
    watch.answered('u1', { value: 'yes', interruptId: 'i1' }, 100_000)
    expect(watch.deadlineMs).toBe(60_000)
    watch.answered('u2', { value: 10, interruptId: undefined }, 200_000)
    expect(watch.deadlineMs).toBe(260_000)
    expect(watch.memory).toMatchObject({
      question: { answers: { 0: 'yes', 1: 10 } },
      handledResumes: [
        { id: 'u1', question: 0 },
        { id: 'u2', question: 0 },
      ],
    })
  })

  test('is open again after a refusal, and forgets the answers to it alone', () => {
    const watch = watchOf({
      chain: [{ run_id: 'r0', status: 'interrupted' }],
      handledResumes: [{ id: 'u0', question: 0 }],
    })
    watch.asked(question)
    watch.answered('u1', { value: 'yes', interruptId: 'i1' }, 1000)
    watch.answersRefused('HTTP 422')
    expect(watch.memory).toMatchObject({
      question: { answers: {}, refused: 'HTTP 422' },
      handledResumes: [{ id: 'u0', question: 0 }],
    })
  })

  test.each([
    { by: 'resume', deadlineMs: 60_000 },
    { by: 'elsewhere', deadlineMs: 560_000 },
  ] as const)('is over when another run continues ($by), of which nothing is known yet', ({ by, deadlineMs }) => {
    const watch = watchOf()
    watch.pollAnswered(ended('success'), 1000)
    watch.asked(question)
    watch.follow(next, by, 500_000)
    expect(watch.run).toEqual(next)
    expect(watch.deadlineMs).toBe(deadlineMs)
    expect(watch.memory).toMatchObject({
      question: undefined,
      chain: [{ run_id: 'r1', status: 'interrupted', continued_by: by }],
      polls: { seen: undefined, sleeps: 0 },
    })
  })
})

describe('a cancellation', () => {
  test('is the one that undoes more, and is remembered as sent', () => {
    const watch = watchOf()
    watch.cancelAsked('rollback')
    watch.cancelSent()
    watch.cancelAsked('interrupt')
    expect(watch.memory.cancelling).toEqual({ action: 'rollback', isSent: true })
  })

  test('that the run does not obey is forgotten, unless another one is still tried', () => {
    const watch = watchOf()
    watch.cancelAsked('interrupt')
    watch.cancelAsked('interrupt')
    watch.cancelFailed()
    expect(watch.memory.cancelling).toBeDefined()
    watch.cancelEnds()
    watch.cancelFailed()
    expect(watch.memory.cancelling).toBeUndefined()
  })
})

test('a memory from before it had groups is taken up with all that it holds', () => {
  const flat = {
    startedAtMs: 1,
    pollCount: 7,
    sleeps: 3,
    failedInARow: 1,
    unreadableInARow: 1,
    answered: true,
    status: 'running',
    updatedAt: '2026-11-24T10:00:00.000Z',
    unchangedSinceMs: 2,
    lastError: 'HTTP 503',
    nextPollAtMs: 3,
    lastHintedPollAtMs: 4,
    wakeRequested: true,
    run,
    threadId: 't1',
    unansweredUntilMs: 5,
    question,
    timeFromMs: 6,
    handledResumes: [{ id: 'u1', question: 0 }],
    cancelAsked: 'rollback',
    cancelSent: true,
  } as const
  expect(takeUp(flat, 1000)).toEqual({
    startedAtMs: 1,
    run,
    chain: [],
    polls: {
      count: 7,
      sleeps: 3,
      failedInARow: 1,
      unreadableInARow: 1,
      seen: { status: 'running', updatedAt: '2026-11-24T10:00:00.000Z', sinceMs: 2 },
      lastError: 'HTTP 503',
      nextAtMs: 3,
      hintedAtMs: 4,
      fromMs: 6,
    },
    creation: { threadId: 't1', unanswered: { untilMs: 5, error: 'HTTP 503' } },
    question,
    cancelling: { action: 'rollback', isSent: true },
    handledResumes: [{ id: 'u1', question: 0 }],
    isWoken: true,
    hasBeenReached: true,
  })
})
