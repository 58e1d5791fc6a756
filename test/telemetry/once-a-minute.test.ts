import { expect, test } from 'vitest'
import { onceAMinute } from '../../src/telemetry/once-a-minute.ts'

test('what repeats is let through once a minute, and says how much was held back', () => {
  const clock = { ms: 0 }
  const heldBack = onceAMinute(() => clock.ms)
  expect([heldBack('a'), heldBack('a'), heldBack('b'), heldBack('a')]).toEqual([0, undefined, 0, undefined])
  clock.ms = 59_999
  expect(heldBack('a')).toBeUndefined()
  clock.ms = 60_000
  expect([heldBack('a'), heldBack('b'), heldBack('a')]).toEqual([3, 0, undefined])
})
