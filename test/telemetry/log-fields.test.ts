import { runInNewContext } from 'node:vm'
import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { fieldsOf, framesOf } from '../../src/telemetry/log-fields.ts'

describe('the fields of a log line', () => {
  test('are flat, and say whose run an id names', () => {
    const sdk = { sdkComponent: 'activity', taskToken: 'x', activityId: '7', isLocal: false, spanContexts: [{}] }
    const known = { taskQueue: 'q', workflowId: 'w', runId: 'of-temporal', workflowType: 'watchRun', attempt: 1 }
    const own = { deployment: 'd', thread_id: 't', run_id: 'of-langgraph', missing: undefined, none: null }
    expect(fieldsOf({ ...sdk, ...known, ...own, names: ['a', 'b'], more: { deep: [1] }, big: 1n }, false)).toEqual({
      task_queue: 'q',
      workflow_id: 'w',
      workflow_run_id: 'of-temporal',
      workflow_type: 'watchRun',
      attempt: 1,
      deployment: 'd',
      thread_id: 't',
      run_id: 'of-langgraph',
      none: null,
      names: 'a, b',
      more: '{"deep":[1]}',
      big: '1n',
    })
  })

  test('hold an error as a text, also one of a workflow, and its stack only if it is to be there', () => {
    const cause = new TypeError('no route')
    expect(fieldsOf({ error: new Error('lost', { cause }) }, false)).toEqual({ error: 'Error: lost: no route' })
    expect(fieldsOf({ error: ApplicationFailure.nonRetryable('no', 'RunFailed') }, false)).toEqual({
      error: 'RunFailed: no',
    })
    const foreign: unknown = runInNewContext("new RangeError('inside')")
    expect(fieldsOf({ error: foreign }, false)).toEqual({ error: 'RangeError: inside' })
    expect(fieldsOf({ error: 'a text' }, true)).toEqual({ error: 'a text' })
    const { stack } = fieldsOf({ error: new Error('lost') }, true)
    expect(stack).toMatch(/^at .*log-fields\.test\.ts:\d+:\d+/)
    expect(stack).not.toContain(process.cwd())
  })

  test('are cut to 4 KB each', () => {
    expect(String(fieldsOf({ reason: 'x'.repeat(10_000) }, false)['reason'])).toHaveLength(4094)
  })
})

test('a stack names no folder of the machine', () => {
  const error = new Error('lost')
  error.stack = [
    'Error: lost',
    '    at poll (file:///home/jane/app/dist/activities/index.js:1:2)',
    '    at async Object.run (/home/jane/app/node_modules/@temporalio/worker/lib/activity.js:3:4)',
    '    at C:\\Users\\Jane\\app\\src\\plugin.ts:5:6',
    '    at start (/home/jane/main.js:7:8)',
    '    at node:internal/process/task_queues:95:5',
    '    at new Promise (<anonymous>)',
  ].join('\n')
  expect(framesOf(error).split('\n')).toEqual([
    'at poll (dist/activities/index.js:1:2)',
    'at async Object.run (node_modules/@temporalio/worker/lib/activity.js:3:4)',
    'at src/plugin.ts:5:6',
    'at start (main.js:7:8)',
    'at node:internal/process/task_queues:95:5',
    'at new Promise (<anonymous>)',
  ])
})
