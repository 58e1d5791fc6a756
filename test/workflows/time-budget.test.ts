import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TimeBudget } from '../../src/workflows/time-budget.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** What is left of 30 s after work that takes so long, if 10 s are the most that a worker lets it take. */
async function leftAfter(...tookMs: readonly number[]): Promise<number> {
  const budget = new TimeBudget(30_000)
  for (const ms of tookMs) {
    const work = budget.spend(10_000, new Promise((resolve) => setTimeout(resolve, ms)))
    await vi.advanceTimersByTimeAsync(ms)
    await work
  }
  return budget.leftMs()
}

test('work takes its time off the budget, even if it is a little late', async () => {
  expect(await leftAfter(10_000)).toBe(20_000)
  expect(await leftAfter(0, 3000, 15_000)).toBe(12_000)
})

test('a time without a worker does not count', async () => {
  expect(await leftAfter(5000, 3_600_000)).toBe(25_000)
})

test('a worker that is always late comes to an end', async () => {
  expect(await leftAfter(16_000, 16_000, 16_000)).toBe(30_000)
  expect(await leftAfter(16_000, 16_000, 16_000, 16_000)).toBe(14_000)
})

test('what is left is never less than nothing', async () => {
  expect(await leftAfter(15_000, 15_000, 15_000)).toBe(0)
})
