import { describe, expect, test } from 'vitest'
import { nextSleepMs } from '../../src/domain/poll-interval.ts'

const fixed = { initialMs: 5000, coefficient: 1, maximumMs: 5000, jitter: false }
const growing = { initialMs: 1000, coefficient: 1.5, maximumMs: 10_000, jitter: true }
const noJitter = 0.5

describe('nextSleepMs', () => {
  test('keeps one exact interval exact', () => {
    expect([0, 1, 50].map((n) => nextSleepMs(fixed, n))).toEqual([5000, 5000, 5000])
  })

  test('grows from the initial interval to the maximum', () => {
    const sleeps = [0, 1, 2, 6, 5000].map((n) => nextSleepMs(growing, n, undefined, noJitter))
    expect(sleeps).toEqual([1000, 1500, 2250, 10_000, 10_000])
  })

  test('spreads growing sleeps by 10 % either way', () => {
    expect(nextSleepMs(growing, 6, undefined, 0)).toBe(9000)
    expect(nextSleepMs(growing, 6, undefined, 0.999_999)).toBe(11_000)
  })

  test('asks again after 1, 2, 4 s when polls fail, but never later than usual', () => {
    const sleeps = [1, 2, 3, 4, 60].map((inARow) => nextSleepMs(fixed, 0, { inARow }))
    expect(sleeps).toEqual([1000, 2000, 4000, 5000, 5000])
  })

  test('honours Retry-After up to a minute', () => {
    expect(nextSleepMs(fixed, 0, { inARow: 1, retryAfterMs: 30_000 })).toBe(30_000)
    expect(nextSleepMs(fixed, 0, { inARow: 1, retryAfterMs: 3_600_000 })).toBe(60_000)
    expect(nextSleepMs(fixed, 0, { inARow: 3, retryAfterMs: 10 })).toBe(4000)
  })

  test('never sleeps shorter than a Temporal timer can', () => {
    expect(nextSleepMs({ ...fixed, initialMs: 50, maximumMs: 50 }, 0)).toBe(1000)
  })
})
