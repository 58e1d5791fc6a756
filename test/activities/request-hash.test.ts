import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { requestHash } from '../../src/activities/request-hash.ts'
import { canonicalJson } from '../../src/domain/canonical.ts'
import { parseExecuteRunInput } from '../../src/domain/parse-input.ts'

const json = fc.jsonValue({ maxDepth: 4 })
const object = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', '2', '10')), json)
/** What decides the run. */
const deciding = fc.record(
  {
    assistantId: fc.constantFrom('a', 'b'),
    input: json,
    config: object,
    metadata: object,
    afterSeconds: fc.integer({ min: 1, max: 9 }),
  },
  { requiredKeys: ['assistantId'] },
)
/** How it is waited for. */
const waiting = fc.record(
  {
    pollInterval: fc.constantFrom('1s', 2000),
    maxPollTime: fc.constantFrom('1h', 'none'),
    onInterrupt: fc.constantFrom('wait', 'return'),
    onUnsuccessful: fc.constantFrom('fail', 'return'),
    resultKeys: fc.constant(['x']),
  },
  { requiredKeys: [] },
)

function hashOf(input: object): string {
  const parsed = parseExecuteRunInput(input)
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems))
  return requestHash(parsed.options.request)
}

/** The same value with all its keys the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, nested]) => [key, reversed(nested)]),
  )
}

test('the order of keys does not matter, at any depth', () => {
  fc.assert(
    fc.property(deciding, (input) => {
      expect(hashOf(Object(reversed(input)))).toBe(hashOf(input))
    }),
  )
})

test('how the run is waited for does not count', () => {
  fc.assert(
    fc.property(deciding, waiting, (input, options) => {
      expect(hashOf({ ...input, ...options })).toBe(hashOf(input))
    }),
  )
})

test('two requests have the same hash if they are the same JSON, and only then', () => {
  fc.assert(
    fc.property(deciding, deciding, (one, other) => {
      const isSame = canonicalJson(one) === canonicalJson(other)
      expect(hashOf(one) === hashOf(other)).toBe(isSame)
    }),
  )
})

test.each([
  { field: 'input', one: { order: 1 }, other: { order: 2 } },
  { field: 'deployment', one: 'eu', other: 'us' },
  { field: 'threadId', one: '0199a1b2-c3d4-7e5f-8a9b-000000000001', other: '0199a1b2-c3d4-7e5f-8a9b-000000000002' },
  { field: 'multitaskStrategy', one: 'reject', other: 'enqueue' },
])('another $field makes another request', ({ field, one, other }) => {
  expect(hashOf({ assistantId: 'a', [field]: one })).not.toBe(hashOf({ assistantId: 'a', [field]: other }))
})

test('canonical JSON is JSON of the same value', () => {
  fc.assert(
    fc.property(object, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})
