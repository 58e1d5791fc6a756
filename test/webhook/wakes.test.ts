import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Wakes } from '../../src/webhook/wakes.ts'
import type { Told } from '../../src/webhook/wakes.ts'

let told: string[]
let answer: Told
let wakes: Wakes
beforeEach(() => {
  vi.useFakeTimers()
  told = []
  answer = 'told'
  wakes = new Wakes(async (workflowId) => {
    told.push(workflowId)
    return answer
  })
})
afterEach(() => {
  vi.useRealTimers()
})

test('the first wake is told at once, and those of the next second share one', async () => {
  const first = wakes.wake('a')
  const others = [wakes.wake('a'), wakes.wake('a')]
  expect(await first).toBe('told')
  expect(told).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(999)
  expect(told).toEqual(['a'])
  await vi.advanceTimersByTimeAsync(1)
  expect(await Promise.all(others)).toEqual(['told', 'told'])
  expect(told).toEqual(['a', 'a'])
})

test('a shared one begins a second of its own', async () => {
  void wakes.wake('a')
  void wakes.wake('a')
  await vi.advanceTimersByTimeAsync(1500)
  void wakes.wake('a')
  expect(told).toEqual(['a', 'a'])
  await vi.advanceTimersByTimeAsync(500)
  expect(told).toEqual(['a', 'a', 'a'])
})

test('a wake after a second is told at once', async () => {
  void wakes.wake('a')
  await vi.advanceTimersByTimeAsync(1000)
  void wakes.wake('a')
  expect(told).toEqual(['a', 'a'])
})

test('workflows do not wait for each other', () => {
  void wakes.wake('a')
  void wakes.wake('b')
  expect(told).toEqual(['a', 'b'])
})

test('whoever shares a wake hears that Temporal could not be told', async () => {
  void wakes.wake('a')
  answer = 'not_told'
  const shared = wakes.wake('a')
  await vi.advanceTimersByTimeAsync(1000)
  expect(await shared).toBe('not_told')
})
