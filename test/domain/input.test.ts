import { describe, expect, test } from 'vitest'
import {
  parseReadRunStatusInput,
  parseRetrieveRunResultInput,
  parseWatchRunInput,
} from '../../src/domain/parse-input.ts'
import type { Parsed } from '../../src/domain/fields.ts'
import { inWords, refusal } from '../../src/domain/problem.ts'

const ids = { threadId: '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', runId: '1199a1b2-c3d4-1e5f-0a9b-0c1d2e3f4a5b' }
const run = { ...ids, deployment: 'default' }
const day = 86_400_000
const parsers = { parseWatchRunInput, parseRetrieveRunResultInput, parseReadRunStatusInput }

/** Holds itself: no JSON. */
const circular: Record<string, unknown> = {}
circular['self'] = circular
const holes: unknown[] = ['stream_values']
holes[2] = 'join_stream'

const problemsOf = (input: unknown): readonly string[] => {
  const parsed = parseWatchRunInput(input)
  return parsed.kind === 'refused' ? parsed.problems.map(inWords) : []
}
const optionsOf = (more: object) => {
  const parsed = parseWatchRunInput({ ...ids, ...more })
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(inWords).join('\n'))
  return parsed.options
}

describe('without options', () => {
  test('a watch has the documented defaults', () => {
    expect(parseWatchRunInput(ids)).toEqual({
      kind: 'accepted',
      options: {
        run,
        pollInterval: { initialMs: 1000, coefficient: 1.5, maximumMs: 10_000, jitter: true },
        maxPollTimeMs: 600_000,
        stuckAfterMs: Infinity,
        retrieval: { order: ['stream_values', 'thread_state', 'join_stream'], timeoutMs: 30_000 },
        onUnsuccessful: 'return',
        onCancel: 'leave',
        onPollTimeout: 'leave',
        onInterrupt: 'return',
        humanTimeoutMs: 604_800_000,
      },
    })
  })

  test('a retrieval and a look have them too', () => {
    const retrieval = { order: ['stream_values', 'thread_state', 'join_stream'], timeoutMs: 30_000 }
    expect(parseRetrieveRunResultInput(ids)).toEqual({ kind: 'accepted', options: { run, retrieval } })
    expect(parseReadRunStatusInput(ids)).toEqual({ kind: 'accepted', options: run })
  })

  test.each([
    'deployment',
    'pollInterval',
    'maxPollTime',
    'stuckAfter',
    'retrievalOrder',
    'retrievalTimeout',
    'resultKeys',
    'onUnsuccessful',
  ])('null for %s means "not given"', (field) => {
    expect(parseWatchRunInput({ ...ids, [field]: null })).toEqual(parseWatchRunInput(ids))
    expect(parseWatchRunInput({ ...ids, [field]: undefined })).toEqual(parseWatchRunInput(ids))
  })
})

describe('the argument itself', () => {
  test.each([
    { input: undefined, shown: 'undefined' },
    { input: null, shown: 'null' },
    { input: 'text', shown: '"text"' },
    { input: '', shown: '""' },
    { input: 7, shown: '7' },
    { input: Number.NaN, shown: 'NaN' },
    { input: true, shown: 'true' },
    { input: [], shown: '[]' },
    { input: [ids], shown: JSON.stringify([ids]) },
    { input: 10n, shown: '10n' },
    { input: Symbol('s'), shown: 'Symbol(s)' },
    { input: () => 1, shown: '() => 1' },
  ])('cannot be $shown', ({ input, shown }) => {
    for (const parse of Object.values(parsers)) {
      const parsed = parse(input)
      const [problem, ...others] = parsed.kind === 'refused' ? parsed.problems.map(inWords) : []
      expect(problem).toContain(`the argument is ${shown.slice(0, 90)}`)
      expect(problem).toContain('must be an object with `threadId` and `runId`')
      expect(others).toEqual([])
    }
  })

  test('misses both ids when it is empty', () => {
    expect(problemsOf({})).toEqual([
      '`threadId` is missing: must be a UUID such as 0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
      '`runId` is missing: must be a UUID such as 0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
    ])
  })

  test('may come without a prototype or from a class, but its fields are its own', () => {
    expect(parseWatchRunInput(Object.assign(Object.create(null), ids))).toEqual(parseWatchRunInput(ids))
    expect(problemsOf(Object.create(ids))).toHaveLength(2)
    expect(problemsOf(Object.assign(Object.create({ deployment: '!' }), ids))).toEqual([])
  })

  test('may be circular', () => {
    expect(problemsOf({ ...ids, deployment: circular })).toEqual([
      expect.stringContaining('`deployment` is not JSON-serializable (object): must be'),
    ])
  })

  test('names every wrong field at once, with its value and what is allowed', () => {
    const problems = problemsOf({ threadId: 7, runId: 'x', deployment: '', maxPollTime: -1, onUnsuccessful: 'raise' })
    expect(problems).toEqual([
      expect.stringMatching(/^`threadId` is 7: must be a UUID/),
      expect.stringMatching(/^`runId` is "x": must be a UUID/),
      expect.stringMatching(/^`deployment` is "": must be a deployment's name: 1-63 letters/),
      expect.stringMatching(/^`maxPollTime` is -1: must be a duration above 0 and at most 365d.*, or 'none'$/),
      "`onUnsuccessful` is \"raise\": must be 'return' or 'fail'",
    ])
    expect(refusal('watchRun', problems)).toBe(`Invalid input for watchRun: ${problems.join('; ')}`)
  })

  test('is refused for unknown fields, by name', () => {
    expect(problemsOf({ ...ids, interval: '5s', ['__proto__x']: 1 })).toEqual([
      '`interval` is unknown (value "5s"): allowed are threadId, runId, deployment, pollInterval, maxPollTime, stuckAfter, resultKeys, retrievalOrder, retrievalTimeout, onUnsuccessful, onCancel, onPollTimeout, onInterrupt, humanTimeout',
      expect.stringMatching(/^`__proto__x` is unknown/),
    ])
    expect(problemsOf(JSON.parse(`{"__proto__":1,${JSON.stringify(ids).slice(1)}`))).toHaveLength(1)
    expect(problemsOf({ ...ids, toString: 1 })).toHaveLength(1)
    expect(parseReadRunStatusInput({ ...ids, pollInterval: '5s' })).toHaveProperty('kind', 'refused')
    expect(parseRetrieveRunResultInput({ ...ids, maxPollTime: '5s' })).toHaveProperty('kind', 'refused')
  })

  // A failure that does not fit through Temporal would keep the workflow from ever ending.
  test.each([
    { what: 'a hundred thousand unknown fields', input: () => fieldsNamed((n) => `field ${n}`, 100_000) },
    { what: 'unknown fields with endless names', input: () => fieldsNamed((n) => `${n}`.padEnd(100_000, 'ü'), 30) },
    { what: 'endless values', input: () => ({ threadId: '😀'.repeat(1e6), runId: Array(1e6).fill(0) }) },
    { what: 'an endless list of keys', input: () => ({ ...ids, resultKeys: Array(1e6).fill('key') }) },
    { what: 'unknown fields of an interval', input: () => ({ ...ids, pollInterval: fieldsNamed(String, 100_000) }) },
  ])('is refused in a bounded text: $what', ({ input }) => {
    const problems = problemsOf(input())
    expect(problems.length).toBeGreaterThan(0)
    expect(Buffer.byteLength(JSON.stringify(problems))).toBeLessThan(32_000)
  })

  test('counts the unknown fields that it does not name', () => {
    expect(problemsOf({ ...ids, ...fieldsNamed(String, 25) }).at(-1)).toBe('5 more are unknown')
  })
})

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

test('whatever comes in, the options or the problems come out', () => {
  const random = seeded(20_261_124)
  let accepted = 0
  for (let round = 0; round < 5000; round += 1) {
    const input = randomInput(random)
    for (const parse of Object.values(parsers)) {
      const parsed: Parsed<object> = parse(input)
      accepted += parsed.kind === 'accepted' ? 1 : 0
      expect(Object.keys(parsed)).toEqual(['kind', parsed.kind === 'accepted' ? 'options' : 'problems'])
      expect(parsed.kind === 'accepted' || parsed.problems.map(inWords).every(isSentence)).toBe(true)
    }
  }
  // Both ways were taken.
  expect(accepted).toBeGreaterThan(100)
  expect(accepted).toBeLessThan(14_000)
})

function isSentence(problem: unknown): boolean {
  return typeof problem === 'string' && problem.length > 10 && problem.length < 500
}

function fieldsNamed(name: (n: number) => string, count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [name(n), n]))
}

/** Mulberry32: the same numbers in [0, 1) at every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const fieldNames = [
  'deployment',
  'pollInterval',
  'maxPollTime',
  'stuckAfter',
  'retrievalOrder',
  'retrievalTimeout',
  'resultKeys',
  'onUnsuccessful',
  'initialInterval',
  'backoffCoefficient',
  'maximumInterval',
  '__proto__',
  'toString',
  'length',
  '',
]
const scalars = [
  null,
  undefined,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.NaN,
  Infinity,
  7n,
  '',
  '10s',
  '1h',
  'none',
  'fail',
  'thread_state',
  'join_stream',
  '\uD800',
  '😀',
  ids.runId,
  '../x',
  Symbol('s'),
  () => 1,
  new Date(Number.NaN),
  circular,
  holes,
  new Map(),
  Object.create(null),
]

function randomInput(random: () => number): unknown {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const value = (depth: number): unknown => {
    const kind = random()
    if (depth > 3 || kind < 0.7) return pick(scalars)
    if (kind < 0.85) return Array.from({ length: Math.floor(random() * 5) }, () => value(depth + 1))
    return record(depth + 1)
  }
  const record = (depth: number) =>
    Object.fromEntries(Array.from({ length: Math.floor(random() * 3) }, () => [pick(fieldNames), value(depth)]))
  if (random() < 0.1) return value(0)
  return { ...(random() < 0.9 ? ids : { threadId: value(0), runId: value(0) }), ...record(0) }
}
