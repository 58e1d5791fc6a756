import { describe, expect, test } from 'vitest'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { EndedRun, KnownEnding, RunEnding } from '../../src/domain/run.ts'
import { isFinal } from '../../src/workflows/failures.ts'
import { verdictOn } from '../../src/workflows/verdict.ts'

const known: KnownEnding = { kind: 'known', next: [], interrupts: [] }
const asking = { next: ['ask'], interrupts: [{ id: 'i1', value: 'buy?' }] }
const unreadable: RunEnding = { kind: 'unreadable', reason: 'HTTP 500' }
const unproven: RunEnding = { kind: 'unproven', reason: 'no checkpoint of its own' }
const hidden: RunEnding = { kind: 'hidden', reason: 'read through "work"' }

const word = 'The run was cancelled'

function lookOf(status: EndedRun['status'], ending: Partial<KnownEnding> | RunEnding): EndedRun {
  return 'reason' in ending ? { status, ending } : { status, ending: { ...known, ...ending } }
}

describe('what the server calls', () => {
  test.each([
    { status: 'success', what: 'nothing left to do', ending: {}, verdict: { kind: 'success' } },
    { status: 'success', what: 'a question', ending: asking, verdict: { kind: 'waiting' } },
    { status: 'success', what: 'a breakpoint', ending: { next: ['trade'] }, verdict: { kind: 'waiting' } },
    { status: 'success', what: 'an unreadable ending', ending: unreadable, verdict: { kind: 'success' } },
    { status: 'success', what: 'no checkpoint of its own', ending: unproven, verdict: { kind: 'success' } },
    { status: 'success', what: 'an ending that another graph hides', ending: hidden, verdict: { kind: 'success' } },
    {
      status: 'success',
      what: "a question on its thread, whose node isn't known",
      ending: { interrupts: asking.interrupts },
      verdict: { kind: 'waiting' },
    },
    { status: 'interrupted', what: 'a question', ending: asking, verdict: { kind: 'waiting' } },
  ] as const)('$status, with $what, is $verdict.kind', ({ status, ending, verdict }) => {
    expect(verdictOn(lookOf(status, ending))).toMatchObject(verdict)
  })

  const noText = 'LangGraph keeps no error text for it'
  test.each([
    { status: 'error', ending: { error: 'ValueError: boom' }, error: 'ValueError: boom' },
    { status: 'error', ending: {}, error: `The run failed or was cancelled: ${noText}` },
    {
      status: 'error',
      ending: { next: ['work', 'report'] },
      error: `The run failed or was cancelled before node "work", "report" was done: ${noText}`,
    },
    { status: 'error', ending: { ...unproven, error: 'no dict' }, error: 'no dict' },
    {
      status: 'error',
      ending: { next: ['work'], error: word },
      error: 'The run was cancelled before node "work" was done',
    },
    { status: 'error', ending: { ...hidden, error: word }, error: word },
    { status: 'error', ending: unreadable, error: 'The run failed, and why could not be read: HTTP 500' },
    { status: 'error', ending: hidden, error: 'The run failed, and why could not be read: read through "work"' },
    { status: 'error', ending: { ...hidden, error: 'ValueError: boom' }, error: 'ValueError: boom' },
    {
      status: 'error',
      ending: { next: ['work'], overwritten: true },
      error: 'The run failed or was cancelled before node "work" was done: a later run has overwritten its error',
    },
    { status: 'timeout', ending: {}, error: 'LangGraph ended the run at its own time limit for background runs' },
    { status: 'timeout', ending: { error: 'too long' }, error: 'too long' },
    { status: 'interrupted', ending: {}, error: 'The run was cancelled' },
    {
      status: 'interrupted',
      ending: { next: ['work'] },
      error: 'The run was cancelled before node "work" was done',
    },
    {
      status: 'interrupted',
      ending: unreadable,
      error: 'The run was cancelled, or waits for a human: how it ended could not be read: HTTP 500',
    },
  ] as const)('$status is unsuccessful: $error', ({ status, ending, error }) => {
    expect(verdictOn(lookOf(status, ending))).toMatchObject({ kind: 'unsuccessful', status, error })
  })

  test.each([
    { what: 'interrupted', status: 'interrupted', ending: { next: ['work'] }, asked: false, isCancelled: true },
    {
      what: 'interrupted, unreadable',
      status: 'interrupted',
      ending: unreadable,
      asked: false,
      isCancelled: undefined,
    },
    { what: 'interrupted, unreadable', status: 'interrupted', ending: unreadable, asked: true, isCancelled: true },
    { what: 'an error without words', status: 'error', ending: {}, asked: false, isCancelled: undefined },
    { what: 'an error without words', status: 'error', ending: {}, asked: true, isCancelled: true },
    { what: 'an error', status: 'error', ending: { error: 'boom' }, asked: true, isCancelled: undefined },
    { what: 'an error', status: 'error', ending: { error: word }, asked: false, isCancelled: true },
    { what: 'an error, hidden', status: 'error', ending: { ...hidden, error: word }, asked: false, isCancelled: true },
    {
      what: 'interrupted, hidden',
      status: 'interrupted',
      ending: { ...hidden, error: word },
      asked: false,
      isCancelled: true,
    },
    { what: 'a time limit', status: 'timeout', ending: {}, asked: true, isCancelled: undefined },
  ] as const)(
    '$what was cancelled: $isCancelled, if it was asked to stop: $asked',
    ({ status, ending, asked, ...is }) => {
      const verdict = verdictOn(lookOf(status, ending), asked)
      expect('isCancelled' in verdict ? verdict.isCancelled : undefined).toBe(is.isCancelled)
    },
  )

  test.each([
    { ending: { next: ['work'] }, error: 'The run was cancelled before node "work" was done' },
    { ending: { error: 'ValueError: boom' }, error: 'ValueError: boom' },
  ] as const)('error, after it was asked to stop, is told as a cancellation: $error', ({ ending, error }) => {
    expect(verdictOn(lookOf('error', ending), true)).toMatchObject({ error })
  })
})

test.each([
  { type: types.notFound, before: true, after: true },
  { type: types.refused, before: true, after: true },
  { type: types.unauthorized, before: true, after: false },
  { type: types.unavailable, before: false, after: false },
  { type: types.timeout, before: false, after: false },
  { type: types.badAnswer, before: false, after: false },
  { type: types.tooLarge, before: false, after: false },
  { type: types.unforeseen, before: false, after: false },
])('$type is final before any good answer: $before, and after one: $after', ({ type, before, after }) => {
  expect(isFinal(type, false)).toBe(before)
  expect(isFinal(type, true)).toBe(after)
})
