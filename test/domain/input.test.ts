import { describe, expect, test } from 'vitest'
import type { Parsed } from '../../src/domain/fields.ts'
import {
  parseReadRunStatusInput,
  parseRetrieveRunResultInput,
  parseWatchRunInput,
} from '../../src/domain/parse-input.ts'
import { inWords, refusal } from '../../src/domain/problem.ts'
import { circular, holes, ids, problemsOf, run } from './inputs.ts'

const parsers = { parseWatchRunInput, parseRetrieveRunResultInput, parseReadRunStatusInput }

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
      '`interval` is unknown (value "5s"): allowed are threadId, runId, deployment, pollInterval, maxPollTime, stuckAfter, resultKeys, retrievalOrder, retrievalTimeout, onUnsuccessful, onCancel, onPollTimeout, onInterrupt, humanTimeout, retry',
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
