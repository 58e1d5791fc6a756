import { ActivityFailure, ApplicationFailure, CancelledFailure, RetryState, TimeoutFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import { noAnswer } from '../../src/workflows/failures.ts'

function failed(cause: Error): ActivityFailure {
  return new ActivityFailure('failed', 'createRun', '1', RetryState.MAXIMUM_ATTEMPTS_REACHED, 'worker', cause)
}

describe('a try to create a run may have created it', () => {
  test.each([
    { why: 'its time is over', cause: new TimeoutFailure('StartToClose', undefined, 'START_TO_CLOSE'), may: true },
    { why: 'its request was sent', cause: failure(types.unavailable, { creation_sent: true }), may: true },
    { why: 'something outside of it failed', cause: failure('WorkerShutdown'), may: true },
    { why: 'LangGraph could not be reached before', cause: failure(types.unavailable), may: false },
    { why: 'of a bug before', cause: failure(types.unforeseen), may: false },
  ])('if $why: $may', ({ cause, may }) => {
    expect(noAnswer(failed(cause)).mayHaveCreated).toBe(may)
  })
})

test('what a try sent whose time is over may arrive for 8 s: up to 2 s before it is sent, and 6 s on its way', () => {
  const cause = new TimeoutFailure('StartToClose', undefined, 'START_TO_CLOSE')
  expect(noAnswer(failed(cause)).mayArriveForMs).toBe(8000)
})

test('what says nothing about LangGraph is thrown on', () => {
  const cancelled = failed(new CancelledFailure('cancelled'))
  expect(() => noAnswer(cancelled)).toThrow(cancelled)
  expect(() => noAnswer(new RangeError('a bug'))).toThrow(RangeError)
})

function failure(type: string, ...details: object[]): ApplicationFailure {
  return ApplicationFailure.create({ type, message: 'no', details })
}
