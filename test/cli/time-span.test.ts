import { expect, test } from 'vitest'
import { days } from '../../src/cli/time-span.ts'

const hour = 3600

test.each([
  [720 * hour, '30 days'],
  [24 * hour, '1 day'],
  [36 * hour, '36 hours'],
  [hour, '1 hour'],
  [1.5 * hour, '1 h 30 min'],
])('%i s are %s', (seconds, text) => {
  expect(days(seconds)).toBe(text)
})
