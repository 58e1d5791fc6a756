import { describe, expect, test } from 'vitest'
import { bounded, seconds, utf8Bytes } from '../../src/domain/text.ts'

describe('bounded', () => {
  test.each(['', 'short', 'x'.repeat(20), '😀'.repeat(5), 'ü'.repeat(10), `${'x'.repeat(17)}…`])(
    'leaves "%s" whole in 20 bytes',
    (text) => {
      expect(bounded(text, 20)).toBe(text)
    },
  )

  test.each([
    { text: 'x'.repeat(21), cut: `${'x'.repeat(17)}…` },
    { text: 'ü'.repeat(11), cut: `${'ü'.repeat(8)}…` },
    { text: '😀'.repeat(6), cut: `${'😀'.repeat(4)}…` },
    { text: `x${'😀'.repeat(6)}`, cut: `x${'😀'.repeat(4)}…` },
    { text: '€'.repeat(1_000_000), cut: `${'€'.repeat(5)}…` },
  ])('cuts to whole characters and marks the cut: $cut', ({ text, cut }) => {
    expect(bounded(text, 20)).toBe(cut)
    expect(utf8Bytes(bounded(text, 20))).toBeLessThanOrEqual(20)
  })

  test('bounds halves of characters too', () => {
    expect(utf8Bytes(bounded('\uD800'.repeat(100), 20))).toBeLessThanOrEqual(20)
    expect(utf8Bytes(bounded('\uDE00\uD83D'.repeat(100), 20))).toBeLessThanOrEqual(20)
  })
})

test('utf8Bytes counts what goes over the wire', () => {
  expect(['', 'a', 'ü', '€', '😀', '\uD800'].map(utf8Bytes)).toEqual([0, 1, 2, 3, 4, 3])
})

test('seconds have one decimal', () => {
  expect([0, 49, 50, 1000, 600_000, 86_400_000].map(seconds)).toEqual([
    '0.0s',
    '0.0s',
    '0.1s',
    '1.0s',
    '600.0s',
    '86400.0s',
  ])
})
