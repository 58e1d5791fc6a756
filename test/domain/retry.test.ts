import { describe, expect, test } from 'vitest'
import { namedError, pauseBeforeAttemptMs } from '../../src/domain/retry.ts'
import { ids, optionsOf, problemsOf } from './inputs.ts'

const retryOf = (retry: unknown) => optionsOf({ retry }).retry

describe('the option `retry`', () => {
  test('is off by default, and has intervals of its own', () => {
    expect(optionsOf({})).not.toHaveProperty('retry')
    expect(optionsOf({ retry: null })).not.toHaveProperty('retry')
    const defaults = { initialMs: 10_000, coefficient: 2, maximumMs: 300_000, nonRetryableErrors: [] }
    expect(retryOf({ maximumAttempts: 2 })).toEqual({ maximumAttempts: 2, ...defaults })
  })

  test('moves the default of one interval out of the way of the other', () => {
    expect(retryOf({ maximumAttempts: 2, initialInterval: '1h' })).toMatchObject({ maximumMs: 3_600_000 })
    expect(retryOf({ maximumAttempts: 2, maximumInterval: '2s' })).toMatchObject({ initialMs: 2000 })
  })

  test.each([
    [true, '`retry` is true: must be an object'],
    ['5', '`retry` is "5": must be an object'],
    [{}, '`retry.maximumAttempts` is missing: must be a whole number from 2 to 100'],
    [{ maximumAttempts: 1 }, '`retry.maximumAttempts` is 1: must be'],
    [{ maximumAttempts: 101 }, '`retry.maximumAttempts` is 101: must be'],
    [{ maximumAttempts: 2.5 }, '`retry.maximumAttempts` is 2.5: must be'],
    [{ maximumAttempts: 2, backoffCoefficient: 11 }, '`retry.backoffCoefficient` is 11: must be a number from 1 to 10'],
    [{ maximumAttempts: 2, initialInterval: 0 }, '`retry.initialInterval` is 0: must be a duration'],
    [
      { maximumAttempts: 2, initialInterval: '2s', maximumInterval: '1s' },
      '`retry.maximumInterval` is "1s": must be at least `initialInterval`',
    ],
    [{ maximumAttempts: 2, nonRetryableErrors: [] }, '`retry.nonRetryableErrors` is []: must be 1-100 names of errors'],
    [{ maximumAttempts: 2, nonRetryableErrors: 'ValueError' }, '`retry.nonRetryableErrors` is "ValueError": must be'],
    [{ maximumAttempts: 2, tries: 3 }, '`retry.tries` is unknown'],
  ])('cannot be %j', (retry, problem) => {
    expect(problemsOf({ ...ids, retry })).toEqual([expect.stringContaining(problem)])
  })
})

test('pauses grow from the first to the longest, and are 1 s at least', () => {
  const options = {
    maximumAttempts: 100,
    initialMs: 10_000,
    coefficient: 2,
    maximumMs: 300_000,
    nonRetryableErrors: [],
  }
  const pauses = [2, 3, 4, 5, 6, 7, 100].map((attempt) => pauseBeforeAttemptMs(options, attempt) / 1000)
  expect(pauses).toEqual([10, 20, 40, 80, 160, 300, 300])
  expect(pauseBeforeAttemptMs({ ...options, initialMs: 10 }, 2)).toBe(1000)
})

describe('an error is known by its name', () => {
  test.each([
    ['ValueError: boom', 'ValueError'],
    ['ValueError', 'ValueError'],
    ["TypeError: x; ValueError: 'y'", 'ValueError'],
    ['openai.RateLimitError: 429', 'RateLimitError'],
    ['openai.RateLimitError: 429', 'openai.RateLimitError'],
  ])('%s is %s', (error, name) => {
    expect(namedError(error, ['KeyError', name])).toBe(name)
  })

  test.each([
    ['ValueErrors: boom', 'ValueError'],
    ['MyValueError: boom', 'ValueError'],
    ['Exception: got a ValueError: boom', 'ValueError'],
    ['ValueError boom', 'ValueError'],
    ['RateLimitError: 429', 'openai.RateLimitError'],
    ['', 'ValueError'],
  ])('%s is not %s', (error, name) => {
    expect(namedError(error, [name])).toBeUndefined()
  })
})
