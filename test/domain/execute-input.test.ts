import { describe, expect, test } from 'vitest'
import { parseCancelRunInput, parseExecuteRunInput, parseResumeInput } from '../../src/domain/parse-input.ts'
import type { Parsed } from '../../src/domain/fields.ts'
import { inWords } from '../../src/domain/problem.ts'

const threadId = '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b'

const problemsOf = (parsed: Parsed<unknown>): readonly string[] =>
  parsed.kind === 'refused' ? parsed.problems.map(inWords) : []
const requestOf = (more: object) => {
  const parsed = parseExecuteRunInput({ assistantId: 'trading', ...more })
  if (parsed.kind === 'refused') throw new Error(problemsOf(parsed).join('\n'))
  return parsed.options.request
}

describe('the input of executeRun', () => {
  test('needs an assistant, and has the documented defaults', () => {
    expect(parseExecuteRunInput({ assistantId: 'trading' })).toEqual({
      kind: 'accepted',
      options: {
        request: { deployment: 'default', run: { assistantId: 'trading', multitaskStrategy: 'reject' } },
        pollInterval: { initialMs: 1000, coefficient: 1.5, maximumMs: 10_000, jitter: true },
        maxPollTimeMs: 600_000,
        stuckAfterMs: Infinity,
        retrieval: { order: ['stream_values', 'thread_state', 'join_stream'], timeoutMs: 30_000 },
        onUnsuccessful: 'return',
        onCancel: 'cancel_run',
        onPollTimeout: 'leave',
        onInterrupt: 'return',
        humanTimeoutMs: 604_800_000,
      },
    })
  })

  test('passes on what LangGraph is to get, unchanged', () => {
    const run = {
      input: { symbol: 'AAPL', nested: [null, 1, 'x'] },
      config: { tags: ['x'], configurable: { model: 'm' } },
      context: { user: 'u' },
      metadata: { team: 'research' },
      interruptBefore: ['trade'],
      interruptAfter: '*',
      durability: 'exit',
      streamResumable: false,
      multitaskStrategy: 'enqueue',
      afterSeconds: 60,
      webhook: 'https://example.com/hook',
    }
    expect(requestOf({ ...run, threadId: threadId.toUpperCase(), deployment: 'research' })).toEqual({
      deployment: 'research',
      threadId,
      run: { assistantId: 'trading', ...run },
    })
    expect(requestOf({ command: { resume: { i1: 'yes' } } }).run).toMatchObject({ command: { resume: { i1: 'yes' } } })
  })

  test.each([false, 0, '', [], {}])('takes the input %j as an input', (input) => {
    expect(requestOf({ input }).run).toHaveProperty('input', input)
  })

  test.each(['threadId', 'input', 'command', 'config', 'metadata', 'interruptBefore', 'durability', 'webhook'])(
    'takes null for %s as not given',
    (field) => {
      expect(requestOf({ [field]: null })).toEqual(requestOf({}))
    },
  )

  test.each([
    [{ assistantId: '' }, '`assistantId` is "": must be a non-empty text of at most 1,000 characters'],
    [{ threadId: 'x' }, '`threadId` is "x": must be a UUID'],
    [{ command: 'resume' }, '`command` is "resume": must be an object'],
    [{ config: [] }, '`config` is []: must be an object'],
    [{ metadata: { temporal_workflow: 'x' } }, 'must be an object without "temporal_workflow"'],
    [{ interruptBefore: [] }, "`interruptBefore` is []: must be '*' or 1-100 names of nodes of at most 200 bytes each"],
    [{ durability: 'always' }, "must be 'sync' or 'async' or 'exit'"],
    [{ streamResumable: 'yes' }, '`streamResumable` is "yes": must be true or false'],
    [{ multitaskStrategy: 'queue' }, "must be 'reject' or 'enqueue' or 'interrupt' or 'rollback'"],
    [{ afterSeconds: 0 }, 'must be a whole number of seconds'],
    [{ afterSeconds: 1.5 }, 'must be a whole number of seconds'],
    [{ webhook: 'ftp://x' }, 'must be a URL that begins with http:// or https://'],
    [{ onCancel: 'kill' }, "`onCancel` is \"kill\": must be 'leave' or 'cancel_run'"],
    [{ onPollTimeout: true }, "`onPollTimeout` is true: must be 'leave' or 'cancel_run'"],
    [{ onInterrupt: 'ask' }, "`onInterrupt` is \"ask\": must be 'return' or 'wait'"],
    [{ humanTimeout: '0s' }, '`humanTimeout` is "0s": must be a duration above 0 and at most 365d'],
    [{ runId: threadId }, '`runId` is unknown'],
    [{ checkpointId: 'x' }, '`checkpointId` is unknown'],
  ])('refuses %j and names what is allowed', (more, problem) => {
    const problems = problemsOf(parseExecuteRunInput({ assistantId: 'trading', ...more }))
    expect(problems).toEqual([expect.stringContaining(problem)])
  })

  test.each([undefined, null, 'trading', 7, ['trading']])('refuses the argument %j', (input) => {
    const problems = problemsOf(parseExecuteRunInput(input))
    expect(problems).toEqual([expect.stringContaining('must be an object with `assistantId`')])
  })

  test('names every wrong field at once', () => {
    expect(problemsOf(parseExecuteRunInput({ threadId: 1, onCancel: 2, x: 3 }))).toHaveLength(4)
  })

  test('refuses an input that would not fit beside what the watch remembers', () => {
    const [fits, tooLarge] = [1_048_500, 1_048_600].map((bytes) => 'é'.repeat(bytes / 2))
    expect(parseExecuteRunInput({ assistantId: 'a', input: fits })).toHaveProperty('kind', 'accepted')
    expect(problemsOf(parseExecuteRunInput({ assistantId: 'a', input: tooLarge }))).toEqual([
      expect.stringMatching(/^the argument is 10486\d\d bytes of JSON: must be at most 1048576; leave larger data/),
    ])
  })
})

describe('the input of cancelRun', () => {
  test.each([undefined, null, {}, { action: null }])('may be %j', (input) => {
    expect(parseCancelRunInput(input)).toEqual({ kind: 'accepted', options: { action: 'interrupt' } })
  })

  test('may name the action', () => {
    expect(parseCancelRunInput({ action: 'rollback' })).toEqual({ kind: 'accepted', options: { action: 'rollback' } })
  })

  test.each(['rollback', { action: 'kill' }, { actions: 'rollback' }])('refuses %j', (input) => {
    expect(problemsOf(parseCancelRunInput(input))).toHaveLength(1)
  })
})

describe('the input of resume', () => {
  test.each([undefined, null, {}])('may be %j: at a breakpoint nothing is asked', (input) => {
    expect(parseResumeInput(input)).toEqual({ kind: 'accepted', options: { value: undefined, interruptId: undefined } })
  })

  test.each([false, 0, '', 'yes', { approved: true }, [1]])('takes the answer %j', (value) => {
    expect(parseResumeInput({ value })).toEqual({ kind: 'accepted', options: { value, interruptId: undefined } })
  })

  test.each(['yes', { answer: 'yes' }, { value: 1, interruptId: 7 }, { value: 1, interruptId: '' }])(
    'refuses %j',
    (input) => {
      expect(problemsOf(parseResumeInput(input))).toHaveLength(1)
    },
  )
})
