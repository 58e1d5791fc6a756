import { expect, test } from 'vitest'
import { percentile, sweepingIn } from '../../bench/figures.ts'

test('a percentile is the sample that so many percent are below, in whatever order they came', () => {
  const samples = Array.from({ length: 100 }, (_, n) => (n * 37) % 100)
  expect([0, 50, 95, 99, 100].map((percent) => percentile(samples, percent))).toEqual([0, 50, 95, 99, 99])
})

test('an outcome that never came counts as the latest', () => {
  expect(percentile([20, Number.POSITIVE_INFINITY, 10], 100)).toBe(Number.POSITIVE_INFINITY)
  expect(percentile([20, Number.POSITIVE_INFINITY, 10], 50)).toBe(20)
})

test('requests that follow each other at once are one round of a sweep', () => {
  const searches = [0, 20, 40, 2000, 2030, 4100].map((atMs) => ({ key: 'a', atMs, threads: 1000 }))
  expect(sweepingIn(searches)).toEqual({ rounds: 3, requests: 6, mostAtOnce: 1 })
})

test('a sweep that another worker takes over later was one at a time', () => {
  const searches = [
    ...[0, 2000, 4000].map((atMs) => ({ key: 'a', atMs, threads: 10 })),
    ...[19_000, 21_000].map((atMs) => ({ key: 'b', atMs, threads: 10 })),
  ]
  expect(sweepingIn(searches)).toEqual({ rounds: 5, requests: 5, mostAtOnce: 1 })
})

test('two workers whose requests alternate swept at the same time', () => {
  const searches = [0, 2000, 4000, 6000].flatMap((atMs) => [
    { key: 'a', atMs, threads: 10 },
    { key: 'b', atMs: atMs + 1000, threads: 10 },
  ])
  expect(sweepingIn(searches)).toEqual({ rounds: 8, requests: 8, mostAtOnce: 2 })
})

test('no requests are no sweep', () => {
  expect(sweepingIn([])).toEqual({ rounds: 0, requests: 0, mostAtOnce: 0 })
})
