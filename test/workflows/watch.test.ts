import { describe, expect, test } from 'vitest'
import type { WatchOptions } from '../../src/domain/input.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { beginning } from '../../src/workflows/memory.ts'
import type { Memory } from '../../src/workflows/memory.ts'
import { questionIn } from '../../src/workflows/question.ts'
import type { Question } from '../../src/workflows/question.ts'
import { stuck } from '../../src/workflows/poll-until-terminal.ts'
import { pauseMs } from '../../src/workflows/wait-for-human.ts'
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
  failedLooks: 0,
}
const unreadable: RunLook = { status: 'success', ending: { kind: 'unreadable', reason: 'HTTP 500' } }

function at(askedAtMs: number, look: RunLook) {
  return { ...look, askedAtMs }
}

function watchOf(change: Partial<Memory> = {}, given: Partial<WatchOptions> = {}): Watch {
  return new Watch({
    options: { ...options, ...given },
    memory: { ...beginning(0, run), ...change },
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
    watch.pollAnswered(at(1000, running))
    expect(watch.memory).toMatchObject({ hasBeenReached: true, polls: { failedInARow: 0, lastError: undefined } })
  })

  test('that cannot read the ending is a failure too, and counts for itself', () => {
    const watch = watchOf()
    watch.pollFailed('HTTP 503')
    watch.pollAnswered(at(1000, unreadable))
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
    for (const [n, look] of looks.entries()) watch.pollAnswered(at(1000 * (n + 1), look))
    expect(watch.memory.polls.seen).toMatchObject({ status: 'running', sinceMs })
  })

  test('that does not say when it was made decides nothing by the clock', () => {
    const watch = watchOf()
    for (const look of [running, { ...running, updatedAt, dueAt: '2999-01-01T00:00:00.000Z' }]) watch.pollAnswered(look)
    expect(stuck(watch)).toBeUndefined()
    expect(watch.memory.polls.fromMs).toBeUndefined()
    expect(watch.deadlineMs).toBe(options.maxPollTimeMs)
  })

  test.each([
    { ms: 30_999, isStuck: false },
    { ms: 31_000, isStuck: true },
  ])('calls a run stuck that has not changed for `stuckAfter`: at $ms ms $isStuck', ({ ms, isStuck }) => {
    const watch = watchOf()
    watch.pollAnswered(at(1000, running))
    watch.pollAnswered(at(ms, running))
    expect(stuck(watch)?.kind).toBe(isStuck ? 'refused' : undefined)
  })
})

describe('an outage', () => {
  test('is of polls that LangGraph has not answered, since the first of them, and ends with an answer', () => {
    const watch = watchOf()
    watch.pollFailed('HTTP 503', 1000)
    watch.pollFailed('the worker makes a pause', 2000, true)
    watch.pollFailed('HTTP 503', 3000)
    expect(watch.memory.polls).toMatchObject({ failedInARow: 3, unanswered: { inARow: 2, sinceMs: 1000 } })
    watch.pollAnswered(at(4000, unreadable))
    expect(watch.memory.polls.unanswered).toBeUndefined()
  })
})

describe('what may be shown', () => {
  test('is a memo from the first word on, search attributes by the last, and links until others come', () => {
    const watch = watchOf()
    watch.mayShow({ searchAttributes: true })
    expect(watch.memory.shown).toBeUndefined()
    watch.mayShow({ memo: true, searchAttributes: true, links: ['https://eu.example'] })
    watch.mayShow({})
    expect(watch.memory.shown).toEqual({ memo: true, links: ['https://eu.example'] })
  })
})

describe('the next poll', () => {
  test.each([
    { when: 'an interval later', failures: 0, sleepMs: 10_000 },
    { when: '1 s after a failure', failures: 1, sleepMs: 1000 },
    { when: '4 s after the third failure', failures: 3, sleepMs: 4000 },
  ])('comes $when', ({ failures, sleepMs }) => {
    const watch = watchOf()
    for (let n = 0; n < failures; n += 1) watch.pollFailed('HTTP 503')
    watch.scheduleNextPoll()
    expect(watch.memory.polls).toMatchObject({ sleeps: 1, next: { sleepMs } })
  })
})

describe('a creation', () => {
  test('that got no answer may have made a run, whatever fails after it', () => {
    const watch = watchOf({ run: undefined })
    expect(watch.whatIsUnknown()).toBeUndefined()
    watch.creationUnanswered('no answer')
    watch.pollFailed('HTTP 503')
    expect(watch.whatIsUnknown()).toEqual({
      result: 'cancel_unconfirmed',
      error: 'A run may have been created: HTTP 503',
    })
  })

  test.each([
    { kind: 'busy', mayExist: true },
    { kind: 'not_found', mayExist: false },
  ] as const)('that is answered says whether one was made: $kind', ({ kind, mayExist }) => {
    const watch = watchOf({ run: undefined })
    watch.creationUnanswered('no answer')
    watch.creationAnswered({ kind, threadId: 't1', reason: 'run r0' })
    expect(watch.whatIsUnknown() !== undefined).toBe(mayExist)
    expect(watch.memory).toMatchObject({ hasBeenReached: true, creation: { threadId: 't1' } })
  })
})

describe('looking for a run in vain', () => {
  test('leaves open whether one was created, if that was tried', () => {
    const watch = watchOf()
    watch.creationUnanswered('no answer')
    watch.runNotFoundOut('HTTP 503')
    expect(watch.whatIsUnknown()?.error).toBe('A run may have been created: HTTP 503')
  })

  test('leaves open whether somebody has continued the run, if nothing was created here', () => {
    const watch = watchOf()
    watch.runNotFoundOut('HTTP 503')
    const error = 'Whether another run continues this one could not be found out: HTTP 503'
    expect(watch.whatIsUnknown()?.error).toBe(error)
  })
})

describe('a run that is due later', () => {
  const dueAt = '1970-01-01T00:05:00.000Z'
  test('has all of `maxPollTime` from then on, and is not stuck before', () => {
    const watch = watchOf()
    watch.pollAnswered(at(1000, { status: 'pending', dueAt, updatedAt: '1970-01-01T00:00:00.000Z' }))
    expect(watch.deadlineMs).toBe(360_000)
    watch.pollAnswered(at(200_000, { status: 'pending', dueAt, updatedAt: '1970-01-01T00:00:00.000Z' }))
    expect(stuck(watch)).toBeUndefined()
  })

  test('is believed at the first look, and only if it is due within a year', () => {
    const endless = watchOf()
    endless.pollAnswered(at(1000, { status: 'pending', dueAt: '9999-12-31T00:00:00.000Z' }))
    expect(endless.deadlineMs).toBe(60_000)
    const later = watchOf()
    later.pollAnswered(at(1000, { status: 'pending', dueAt }))
    later.pollAnswered(at(2000, { status: 'pending', dueAt: '1970-01-01T00:10:00.000Z' }))
    expect(later.deadlineMs).toBe(360_000)
  })

  test('is not one that was made before it was asked for', () => {
    const watch = watchOf()
    watch.pollAnswered(at(400_000, { ...running, dueAt }))
    expect(watch.deadlineMs).toBe(60_000)
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

  test('asked under other ids keeps its answers; another one that is asked has none', () => {
    const watch = watchOf()
    watch.asked(question)
    watch.answered('u1', { value: 'yes', interruptId: 'i1' }, 1000)
    watch.askedUnderOtherIds([
      { id: 'j1', value: 'buy?' },
      { id: 'j2', value: 'how many?' },
    ])
    expect(watch.memory).toMatchObject({ question: { answers: { 0: 'yes' } }, handledResumes: [{ id: 'u1' }] })
    watch.askedAnew({ ...question, lost: 'edited' })
    expect(watch.memory).toMatchObject({ question: { answers: {}, lost: 'edited' }, handledResumes: [] })
  })

  test.each([
    { looks: [true], ms: 10_000 },
    { looks: [true, true, true], ms: 40_000 },
    { looks: [true, true, true, false], ms: 1000 },
    { looks: [true, true, true, false, false, false], ms: 4000 },
    { looks: [true, false, true], ms: 20_000 },
  ])('is looked after $ms ms later: after looks that were answered or not, $looks', ({ looks, ms }) => {
    const watch = watchOf()
    watch.asked(question)
    for (const isAnswered of looks) {
      if (isAnswered) watch.lookAnswered()
      else watch.lookFailed('HTTP 503')
    }
    expect(watch.memory.question && pauseMs(watch.memory.question)).toBe(ms)
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
    watch.pollAnswered(at(1000, ended('success')))
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
