import { expect, test } from 'vitest'
import { wrapped } from '../../src/domain/wrapped.ts'

test.each([
  ['short lines stay', 'one two\nthree', 'one two\nthree'],
  ['a long line is broken between words', 'one two three four', 'one two\nthree four'],
  ['a word that is too long is broken', 'aaaaaaaaaaaaaaa', 'aaaaaaaaaa\naaaaa'],
  ['what is indented stays so', '  one two three', '  one two\n  three'],
  ['an item of a list is indented below', '- one two three', '- one two\n  three'],
  ['a line of blanks ends', `${' '.repeat(12)}x`, `${' '.repeat(10)}\n     x`],
  ['a character of two units is not broken', 'aaaaaaaaa😀bbb', 'aaaaaaaaa\n😀bbb'],
])('%s', (_, text, expected) => {
  const lines = wrapped(text, 10)
  expect(lines).toBe(expected)
  expect(Math.max(...lines.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(10)
})

test('nothing but spaces is lost', () => {
  const text = 'The 5-day average of MSFT is above its 20-day average: https://example.com/a/very/long/address?with=all'
  expect(wrapped(text, 20).replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''))
})
