import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { outcomeIn } from '../../src/client.ts'
import * as forParents from '../../src/workflows/index.ts'

const outcome = {
  polling_result: 'error',
  status: 'error',
  error: 'boom',
  polling_metadata: { poll_count: 1, timestamp: '2026-11-24T12:00:00.000Z', completion_time_seconds: 1 },
}
const carrying = (...details: unknown[]) => ApplicationFailure.nonRetryable('boom', 'RunFailed', ...details)
const ofChild = (cause: Error) =>
  new ChildWorkflowFailure('default', { workflowId: 'w', runId: 'r' }, 'watchRun', 'NON_RETRYABLE_FAILURE', cause)
const seenByClient = (cause: Error) => new WorkflowFailedError('Workflow execution failed', cause, 'TIMEOUT')

describe('outcomeIn', () => {
  test.each([
    ['the failure itself', carrying(outcome)],
    ['what a client gets from a watch', seenByClient(carrying(outcome))],
    ['what a parent workflow gets from its child', ofChild(carrying(outcome))],
    ['what a client gets from a parent whose child has failed', seenByClient(ofChild(carrying(outcome)))],
  ])('finds the outcome in %s', (_, error) => {
    expect(outcomeIn(error)).toBe(outcome)
  })

  test.each([
    [undefined],
    [null],
    ['boom'],
    [new Error('boom')],
    [carrying()],
    [seenByClient(carrying(['a field is wrong']))],
  ])('finds none in %s', (error) => expect(outcomeIn(error)).toBeUndefined())

  test('is exported for parent workflows, with the types of failures', () => {
    expect(forParents.outcomeIn(ofChild(carrying(outcome)))).toBe(outcome)
    expect(forParents.failureTypes.runFailed).toBe('RunFailed')
  })
})
