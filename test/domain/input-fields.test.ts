import { describe, expect, test } from 'vitest'
import { parseReadRunStatusInput } from '../../src/domain/parse-input.ts'
import { holes, ids, optionsOf, problemsOf, run } from './inputs.ts'

const day = 86_400_000

describe('ids', () => {
  test('are lower-cased', () => {
    const parsed = parseReadRunStatusInput({ threadId: ids.threadId.toUpperCase(), runId: ids.runId.toUpperCase() })
    expect(parsed).toEqual({ kind: 'accepted', options: run })
  })

  test.each(['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'])('may be %s', (id) => {
    expect(parseReadRunStatusInput({ threadId: id, runId: id })).toHaveProperty('kind', 'accepted')
  })

  test.each([
    '../x',
    '..',
    '',
    ' ',
    `${ids.runId}/`,
    `../${ids.runId}`,
    ` ${ids.runId}`,
    `${ids.runId}\n`,
    `${ids.runId}\n${ids.runId}`,
    `{${ids.runId}}`,
    ids.runId.replaceAll('-', ''),
    ids.runId.slice(1),
    `${ids.runId}0`,
    ids.runId.replace('a', 'g'),
    ids.runId.replace('1', '１'),
    `%2e%2e/${ids.runId}`,
    7,
    0n,
    true,
    [ids.runId],
    { id: ids.runId },
    () => ids.runId,
    Symbol('id'),
    new String(ids.runId),
  ])('cannot be %o', (id) => {
    expect(problemsOf({ ...ids, runId: id })).toEqual([expect.stringMatching(/^`runId` is .*: must be a UUID/s)])
    expect(problemsOf({ ...ids, threadId: id })).toEqual([expect.stringMatching(/^`threadId` is .*: must be a UUID/s)])
  })
})

describe('a deployment', () => {
  test.each(['a', '7', 'eu-west.1_B', 'x'.repeat(63)])('may be %s', (deployment) => {
    expect(optionsOf({ deployment }).run).toEqual({ ...ids, deployment })
  })

  test.each(['', '-a', '.a', '_a', 'a b', 'a/b', 'a\n', 'ü', 'http://host', 'x'.repeat(64), 7, ['a'], {}])(
    'cannot be %j',
    (deployment) => {
      expect(problemsOf({ ...ids, deployment })).toEqual([expect.stringMatching(/^`deployment` is .*: must be/s)])
    },
  )
})

describe('durations', () => {
  const good = [
    { given: '10s', ms: 10_000 },
    { given: '5 minutes', ms: 300_000 },
    { given: '1.5h', ms: 5_400_000 },
    { given: '365d', ms: 365 * day },
    { given: 365 * day, ms: 365 * day },
    { given: 10, ms: 10 },
    { given: '10', ms: 10 },
    { given: 0.5, ms: 1 },
    { given: '1ms', ms: 1 },
    { given: 1500.2, ms: 1501 },
  ] as const
  const bad = [
    0,
    -0,
    -1,
    '-1s',
    '0s',
    365 * day + 1,
    '366d',
    Infinity,
    -Infinity,
    Number.NaN,
    '',
    ' ',
    'abc',
    '10 parsecs',
    'None',
    '1s 2s',
    'x'.repeat(200),
    true,
    [],
    ['10s'],
    10n,
    Symbol('10s'),
  ]

  test.each(good)('may be $given', ({ given, ms }) => {
    expect(optionsOf({ pollInterval: given }).pollInterval).toEqual({
      initialMs: ms,
      coefficient: 1,
      maximumMs: ms,
      jitter: false,
    })
    expect(optionsOf({ maxPollTime: given }).maxPollTimeMs).toBe(ms)
    expect(optionsOf({ stuckAfter: given }).stuckAfterMs).toBe(ms)
  })

  test.each(bad)('cannot be %o', (given) => {
    for (const field of ['pollInterval', 'maxPollTime', 'stuckAfter', 'retrievalTimeout']) {
      const problem = new RegExp(`^\`${field}\` is .*: must be a duration`, 's')
      expect(problemsOf({ ...ids, [field]: given })).toEqual([expect.stringMatching(problem)])
    }
    for (const field of ['initialInterval', 'maximumInterval']) {
      const problem = new RegExp(`^\`pollInterval.${field}\` is .*: must be a duration`, 's')
      expect(problemsOf({ ...ids, pollInterval: { [field]: given } })).toEqual([expect.stringMatching(problem)])
    }
  })

  test.each([Number.NaN, Infinity, -Infinity])('are shown as they were given: %s', (given) => {
    expect(problemsOf({ ...ids, maxPollTime: given })).toEqual([expect.stringContaining(`is ${given}: `)])
  })

  test("'none' means no deadline, and is not a duration", () => {
    expect(optionsOf({ maxPollTime: 'none' }).maxPollTimeMs).toBe(Infinity)
    for (const field of ['pollInterval', 'stuckAfter', 'retrievalTimeout']) {
      expect(problemsOf({ ...ids, [field]: 'none' })).toHaveLength(1)
    }
  })

  test.each(['1s', 1000, '1h', 3_600_000, '999.5ms'])('of a retrieval may be %o', (retrievalTimeout) => {
    expect(optionsOf({ retrievalTimeout }).retrieval.timeoutMs).toBeGreaterThanOrEqual(1000)
  })

  test.each(['999ms', 999, 3_600_001, '61m', '1d'])('of a retrieval cannot be %o', (retrievalTimeout) => {
    expect(problemsOf({ ...ids, retrievalTimeout })).toEqual([expect.stringContaining('a duration from 1s to 1h')])
  })
})

describe('a growing poll interval', () => {
  test.each([
    { given: {}, interval: [1000, 1.5, 10_000] },
    {
      given: { initialInterval: null, backoffCoefficient: null, maximumInterval: null },
      interval: [1000, 1.5, 10_000],
    },
    { given: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m' }, interval: [2000, 2, 60_000] },
    { given: { initialInterval: '5s', maximumInterval: '5s' }, interval: [5000, 1.5, 5000] },
    { given: { backoffCoefficient: 1 }, interval: [1000, 1, 10_000] },
    { given: { backoffCoefficient: 10 }, interval: [1000, 10, 10_000] },
    // One that is given moves the other's default out of its way.
    { given: { initialInterval: '1m' }, interval: [60_000, 1.5, 60_000] },
    { given: { maximumInterval: '500ms' }, interval: [500, 1.5, 500] },
  ])('may be $given', ({ given, interval: [initialMs, coefficient, maximumMs] }) => {
    expect(optionsOf({ pollInterval: given }).pollInterval).toEqual({ initialMs, coefficient, maximumMs, jitter: true })
  })

  test.each([0.99, 10.01, 0, -1, Number.NaN, Infinity, '2', true, [], {}, 2n])(
    'cannot grow by %o',
    (backoffCoefficient) => {
      expect(problemsOf({ ...ids, pollInterval: { backoffCoefficient } })).toEqual([
        expect.stringMatching(/^`pollInterval.backoffCoefficient` is .*: must be a number from 1 to 10$/s),
      ])
    },
  )

  test('cannot begin above its maximum', () => {
    expect(problemsOf({ ...ids, pollInterval: { initialInterval: '10s', maximumInterval: '9s' } })).toEqual([
      '`pollInterval.maximumInterval` is "9s": must be at least `initialInterval`',
    ])
  })

  test('has no other fields', () => {
    expect(problemsOf({ ...ids, pollInterval: { interval: '5s' } })).toEqual([
      '`pollInterval.interval` is unknown (value "5s"): allowed are initialInterval, maximumInterval, backoffCoefficient',
    ])
  })
})

describe('a retrieval order', () => {
  test.each([
    { order: ['thread_state'] },
    { order: ['join_stream', 'stream_values'] },
    { order: ['thread_state', 'stream_values', 'join_stream'] },
  ])('may be $order', ({ order }) => {
    expect(optionsOf({ retrievalOrder: order }).retrieval.order).toEqual(order)
  })

  test.each([
    { order: [] },
    { order: ['thread_state', 'thread_state'] },
    { order: ['stream_values', 'thread_state', 'join_stream', 'stream_values'] },
    { order: ['magic'] },
    { order: ['Thread_State'] },
    { order: ['thread_state', null] },
    { order: [['thread_state']] },
    { order: holes },
    { order: Array(2) },
    { order: 'thread_state' },
    { order: { 0: 'thread_state', length: 1 } },
    { order: new Set(['thread_state']) },
    { order: 7 },
  ])('cannot be $order', ({ order }) => {
    expect(problemsOf({ ...ids, retrievalOrder: order })).toEqual([
      expect.stringMatching(/^`retrievalOrder` is .*: must be 1-3 of 'stream_values', 'thread_state', 'join_stream'/s),
    ])
  })
})

describe('result keys', () => {
  test.each([
    { keys: ['a'] },
    { keys: ['__proto__', 'toString', ' ', '\n', 'a', 'a'] },
    { keys: Array(100).fill('k') },
  ])('may be $keys', ({ keys }) => {
    expect(optionsOf({ resultKeys: keys }).retrieval.resultKeys).toEqual(keys)
  })

  test.each([
    { keys: [] },
    { keys: [''] },
    { keys: ['a', ''] },
    { keys: ['a', 7] },
    { keys: ['a', undefined] },
    { keys: Array(101).fill('k') },
    { keys: Array(3) },
    { keys: 'a' },
    { keys: { a: true } },
  ])('cannot be $keys', ({ keys }) => {
    expect(problemsOf({ ...ids, resultKeys: keys })).toEqual([
      expect.stringMatching(/^`resultKeys` is .*: must be 1-100 non-empty field names of at most 200 bytes each$/s),
    ])
  })
})

describe('onUnsuccessful', () => {
  test.each(['return', 'fail'])('may be %s', (onUnsuccessful) => {
    expect(optionsOf({ onUnsuccessful }).onUnsuccessful).toBe(onUnsuccessful)
  })

  test.each(['Fail', '', 'toString', true, ['fail'], {}])('cannot be %j', (onUnsuccessful) => {
    expect(problemsOf({ ...ids, onUnsuccessful })).toEqual([expect.stringMatching(/^`onUnsuccessful` is /)])
  })
})
