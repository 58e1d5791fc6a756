import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ElapsedClock } from '../../src/cli/elapsed-clock.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 100_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

test('the time that is shown goes on between two steps of the workflow, and never back', () => {
  const clock = new ElapsedClock(undefined)
  const shown: number[] = []
  // The workflow's step at 5 s is seen at once, that at 8 s only a second later.
  for (const elapsed of [5, 5, 5, 5, 8, 8, 12]) {
    clock.see(elapsed)
    shown.push(clock.secondsAt(Date.now()))
    vi.advanceTimersByTime(1000)
  }

  expect(shown).toEqual([5, 6, 7, 8, 9, 10, 12])
})

test('it begins where an open watch began', () => {
  const clock = new ElapsedClock(new Date(40_000))

  clock.see(10)

  expect(clock.secondsAt(Date.now())).toBe(60)
})
