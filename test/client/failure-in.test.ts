import { WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure, ChildWorkflowFailure, TerminatedFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { failureIn, failureTypes, langGraphFailureTypes, storeFailureTypes } from '../../src/client.ts'
import * as forParents from '../../src/workflows/index.ts'

const outcome = { polling_result: 'error', status: 'error', error: 'boom' }
const failure = (type: string, ...details: unknown[]) => ApplicationFailure.nonRetryable(`as ${type}`, type, ...details)
const ofChild = (cause: Error) =>
  new ChildWorkflowFailure('default', { workflowId: 'w', runId: 'r' }, 'watchRun', 'NON_RETRYABLE_FAILURE', cause)
const ofWorkflow = (cause: Error) => new WorkflowFailedError('Workflow execution failed', cause, 'TIMEOUT')

describe('failureIn', () => {
  test.each([
    ['what a call itself throws', failure('InvalidInput'), { type: 'InvalidInput' }],
    ['what a client gets from a workflow', ofWorkflow(failure('RunNotComplete')), { type: 'RunNotComplete' }],
    [
      'what a client gets from an update',
      new WorkflowUpdateFailedError('Workflow Update failed', failure('NotAsked')),
      { type: 'NotAsked' },
    ],
    [
      'what a parent workflow gets from its child',
      ofChild(failure('RunFailed', outcome)),
      { type: 'RunFailed', outcome },
    ],
    [
      "a parent's own failure, for its child's",
      ofWorkflow(ApplicationFailure.create({ type: 'NoTrade', cause: ofChild(failure('RunFailed', outcome)) })),
      { type: 'RunFailed', outcome },
    ],
  ])('reads %s', (_, error, expected) => {
    expect(failureIn(error)).toEqual({ message: `as ${expected.type}`, ...expected })
  })

  const types = [failureTypes, langGraphFailureTypes, storeFailureTypes].flatMap((some) => Object.values<string>(some))
  test.each(types)('knows %s', (type) => {
    expect(failureIn(failure(type))?.type).toBe(type)
  })

  test.each([
    [undefined],
    [null],
    ['RunFailed'],
    [new Error('boom')],
    [failure('NoTrade')],
    [ofWorkflow(new TerminatedFailure('by hand'))],
  ])('finds none in %s', (error) => expect(failureIn(error)).toBeUndefined())

  test('works in parent workflows too', () => {
    expect(forParents.failureIn(ofChild(failure('RunFailed', outcome)))).toMatchObject({ type: 'RunFailed', outcome })
  })
})
