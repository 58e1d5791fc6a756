import { describe, expect, test, vi } from 'vitest'
import { endingAt, isOwn, parseCheckpoint } from '../../src/langgraph/checkpoint.ts'
import { errorText } from '../../src/langgraph/error-text.ts'
import { asLangGraphError, parseRetryAfter } from '../../src/langgraph/errors.ts'
import { Outgoing } from '../../src/langgraph/outgoing.ts'
import { Redaction } from '../../src/langgraph/redaction.ts'
import { utcTime } from '../../src/langgraph/wire.ts'
import { withTimeout } from '../../src/langgraph/with-timeout.ts'

const KB = 1024
const isOwnOf = (metadata: object) => isOwn(parseCheckpoint({ metadata }), 'abc')

describe("a graph's error", () => {
  test.each([
    { wire: '{"message":"boom for AAPL","name":"ValueError"}', text: 'ValueError: boom for AAPL' },
    { wire: '{"error":"ValueError","message":"boom for AAPL"}', text: 'ValueError: boom for AAPL' },
    { wire: "ValueError('boom for AAPL')", text: 'ValueError: boom for AAPL' },
    { wire: `ValueError("it's AAPL")`, text: "ValueError: it's AAPL" },
    { wire: "ValueError('boom',)", text: 'ValueError: boom' },
    { wire: "my.module.CustomError('x')", text: 'my.module.CustomError: x' },
    { wire: 'ValueError()', text: 'ValueError' },
    { wire: "ValueError('')", text: 'ValueError' },
    { wire: '{"name":"ValueError","message":""}', text: 'ValueError' },
    { wire: '{"message":"no name"}', text: 'no name' },
    { wire: String.raw`E('a\n\t\\\'\x41é\U0001f600\q')`, text: "E: a\n\t\\'Aé😀q" },
    { wire: "KeyError('a', 2)", text: "KeyError: 'a', 2" },
    { wire: "HTTPError(500, 'x')", text: "HTTPError: 500, 'x'" },
  ])('is the same on every dialect: $wire', ({ wire, text }) => {
    expect(errorText(wire)).toBe(text)
  })

  test.each(['', 'boom', '"boom"', 'null', '[]', '{}', '{"name":"E"}', '{"message":7}', 'E(', '{"message"', 'a b(c)'])(
    'stays what it is if it has no known form: %s',
    (wire) => {
      expect(errorText(wire)).toBe(wire)
    },
  )

  test.each([
    { what: 'that is huge', wire: `ValueError('${'x'.repeat(20_000_000)}')` },
    { what: 'with a character that does not exist', wire: String.raw`E('\Uffffffff')` },
    { what: 'of backslashes', wire: `E('${'\\'.repeat(100_001)}')` },
  ])('can be any text: one $what', ({ wire }) => {
    expect(errorText(wire).length).toBeGreaterThan(0)
  })
})

describe('a checkpoint', () => {
  test('is read from what each dialect sends', () => {
    const wire = {
      values: { partial: 1 },
      next: ['ask', 'work'],
      tasks: [
        { name: 'ask', interrupts: [{ id: 'i', value: 'buy?', ns: ['ask:1'] }], error: null },
        { name: 'work', interrupts: [], error: "ValueError('boom')" },
        { name: 'work', error: '{"name":"TypeError","message":"bad"}' },
      ],
      metadata: { run_id: 'R', source: 'loop' },
      created_at: '2026-11-24T10:00:00',
      checkpoint: { checkpoint_id: 'c' },
    }
    expect(parseCheckpoint(wire)).toEqual({
      runId: 'R',
      source: 'loop',
      checkpointId: 'c',
      createdAtMs: Date.parse('2026-11-24T10:00:00Z'),
      next: ['ask', 'work'],
      error: 'ValueError: boom; TypeError: bad',
      failedNodes: ['work'],
      interrupts: { interrupts: [{ id: 'i', value: 'buy?', node: 'ask' }] },
      values: { partial: 1 },
    })
  })

  test('may have its id beside it, its interrupts on the state, and theirs under an older name', () => {
    const wire = { checkpoint_id: 'c', interrupts: [{ interrupt_id: 'i', value: 0 }, { value: false }, 'odd'] }
    expect(parseCheckpoint(wire)).toMatchObject({
      checkpointId: 'c',
      interrupts: { interrupts: [{ id: 'i', value: 0 }, { value: false }, { value: null }] },
    })
  })

  test.each([
    undefined,
    null,
    7,
    'text',
    [],
    {},
    { values: null, next: null, tasks: null, metadata: null, checkpoint: null },
    { next: 'ask', tasks: {}, metadata: [], checkpoint: 'c', interrupts: 'i' },
    { next: [null, 7], tasks: [null, 7, []], metadata: { run_id: 7, source: {} }, checkpoint: { checkpoint_id: 7 } },
  ])('of another shape reads as empty: %j', (wire) => {
    expect(parseCheckpoint(wire)).toEqual({ next: [], interrupts: { interrupts: [] }, values: null })
  })

  test.each([
    {
      what: 'a node that has finished beside others',
      listed: ['a', 'b'],
      tasks: [{ name: 'a', result: {} }, { name: 'b' }],
      next: ['b'],
    },
    { what: 'no node that has failed', listed: [], tasks: [{ name: 'c', error: 'boom' }], next: ['c'] },
    {
      what: 'nodes that a later run has finished',
      listed: ['a', 'b'],
      tasks: [{ name: 'a', result: {} }],
      next: ['a', 'b'],
    },
  ])('comes before the nodes that are left, if the server lists $what', ({ listed, tasks, next }) => {
    expect(parseCheckpoint({ next: listed, tasks }).next).toEqual(next)
  })

  const aborted = '{"name":"AbortError","message":"This operation was aborted"}'
  test.each([
    { errors: ['CancelledError()', 'CancelledError()'], failed: {} },
    {
      errors: ["asyncio.CancelledError('x')", "ValueError('boom')"],
      failed: { error: 'ValueError: boom', nodes: ['1'] },
    },
    { errors: ["MyCancelledError('x')"], failed: { error: 'MyCancelledError: x', nodes: ['0'] } },
    { errors: [aborted, "ValueError('boom')"], failed: { error: 'ValueError: boom', nodes: ['1'] } },
    { errors: [aborted], failed: { error: 'AbortError: This operation was aborted', nodes: ['0'] } },
    {
      errors: ['{"name":"Error","message":"interrupt"}'],
      failed: { cancelledAs: 'The run was cancelled' },
    },
    {
      errors: ['{"name":"Error","message":"rollback"}', "ValueError('boom')"],
      failed: { error: 'ValueError: boom', nodes: ['1'], cancelledAs: 'The run was cancelled and rolled back' },
    },
  ])('leaves out what stopping a run leaves in its nodes: $errors', ({ errors, failed }) => {
    const tasks = errors.map((error, n) => ({ name: String(n), error }))
    const { error, failedNodes: nodes, cancelledAs } = parseCheckpoint({ tasks })
    expect({ error, nodes, cancelledAs }).toEqual(failed)
  })

  test('belongs to the run that it names, unless a hand wrote it', () => {
    expect(isOwnOf({ run_id: 'abc' })).toBe(true)
    expect(isOwnOf({ run_id: 'ABC', source: 'loop' })).toBe(true)
    expect(isOwnOf({ run_id: 'abc', source: 'input' })).toBe(true)
    expect(isOwnOf({ run_id: 'abc', source: 'update' })).toBe(false)
    expect(isOwnOf({ run_id: 'other' })).toBe(false)
    expect(isOwnOf({})).toBe(false)
  })

  test('keeps of its interrupts what fits into 256 KB, the ids before the values', () => {
    const interrupts = [
      { id: 'a', value: 'x'.repeat(200 * KB) },
      { id: 'b', value: 'y'.repeat(100 * KB) },
      { id: 'c', value: 'z' },
    ]
    const kept = parseCheckpoint({ tasks: [{ name: 'ask', interrupts }] }).interrupts
    expect(kept).toEqual({
      interrupts: [
        { ...interrupts[0], node: 'ask' },
        { id: 'b', value: null, node: 'ask' },
        { id: 'c', value: 'z', node: 'ask' },
      ],
      truncated: true,
    })
  })

  test('leaves out interrupts of which not even the ids fit', () => {
    const interrupts = Array.from({ length: 10_000 }, (_, n) => ({ id: `${n}`.padStart(100, '0'), value: n }))
    const kept = parseCheckpoint({ interrupts }).interrupts
    expect(kept.truncated).toBe(true)
    expect(JSON.stringify(kept.interrupts).length).toBeLessThan(270 * KB)
  })

  test('bounds its error and its next nodes', () => {
    const error = JSON.stringify({ name: 'E', message: 'ü'.repeat(100 * KB) })
    const sent = { tasks: [{ error }], next: Array(1000).fill('node') }
    const ending = new Outgoing(new Redaction([])).ending(endingAt(parseCheckpoint(sent)))
    expect(Buffer.byteLength(ending.kind === 'known' ? (ending.error ?? '') : '')).toBeLessThanOrEqual(4 * KB)
    expect(ending).toHaveProperty('next.length', 100)
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-11-24T10:00:00Z')

  test.each([
    { value: '7', ms: 7000 },
    { value: ' 7 ', ms: 7000 },
    { value: 'Tue, 24 Nov 2026 10:00:30 GMT', ms: 30_000 },
    { value: 'Tue, 24 Nov 2026 09:00:00 GMT', ms: 0 },
    { value: 'Tue, 24 Nov 2026 12:00:00 GMT', ms: 3_600_000 },
    { value: '9'.repeat(400), ms: 3_600_000 },
    { value: 'soon', ms: undefined },
    { value: '', ms: undefined },
    { value: null, ms: undefined },
  ])('$value is $ms ms', ({ value, ms }) => {
    expect(parseRetryAfter(value, now)).toBe(ms)
  })
})

test.each([
  { wire: '2026-11-24T10:00:00.123456+00:00', utc: '2026-11-24T10:00:00.123Z' },
  { wire: '2026-11-24T10:00:00', utc: '2026-11-24T10:00:00.000Z' },
  { wire: '2026-11-24T12:00:00+02:00', utc: '2026-11-24T10:00:00.000Z' },
  { wire: '2026-11-24T10:00:00z', utc: '2026-11-24T10:00:00.000Z' },
  { wire: 'yesterday', utc: undefined },
  { wire: '', utc: undefined },
  { wire: 7, utc: undefined },
  { wire: null, utc: undefined },
])('the time $wire is $utc', ({ wire, utc }) => {
  expect(utcTime(wire)).toBe(utc)
})

describe('whatever a request rejects with', () => {
  const asked = { what: 'status of run r', deployment: 'eu', redaction: new Redaction(['hidden']) }

  test.each([undefined, null, 'hidden', 7, {}, new Error('hidden'), new RangeError('hidden')])(
    'it becomes a failure that repeats nothing of it: %o',
    (error) => {
      const failure = asLangGraphError(error, asked)
      expect(failure.type).toBe('Unforeseen')
      expect(failure.message).toMatch(/^status of run r from deployment "eu": \w+$/)
      expect(failure.message).not.toContain('hidden')
    },
  )
})

/** A call that settles when its signal aborts, with the reason. */
function untilAborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    signal.addEventListener('abort', () => resolve(signal.reason))
  })
}

describe('a limit', () => {
  test('aborts with its signal, for the same reason', async () => {
    const controller = new AbortController()
    const nested = withTimeout(controller.signal, 60_000, (limited) => withTimeout(limited, 60_000, untilAborted))
    controller.abort('because')
    expect(await nested).toBe('because')
  })

  test('has passed if its signal has', async () => {
    expect(await withTimeout(AbortSignal.abort('because'), 60_000, untilAborted)).toBe('because')
  })

  test('passes as a timeout, and leaves its signal alone', async () => {
    const { signal } = new AbortController()
    expect(await withTimeout(signal, 1, untilAborted)).toMatchObject({ name: 'TimeoutError' })
    expect(signal.aborted).toBe(false)
  })

  test.each([
    { how: 'answered', call: () => Promise.resolve() },
    { how: 'failed', call: () => Promise.reject(new Error('boom')) },
  ])('leaves no timer behind when the call has $how', async ({ call }) => {
    vi.useFakeTimers()
    try {
      await withTimeout(new AbortController().signal, 60_000, call).catch(() => undefined)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})
