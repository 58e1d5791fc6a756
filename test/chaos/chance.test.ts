import { expect, test } from 'vitest'
import { chanceOf, Deck } from './chance.ts'

const cards = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const drawn = (seed: string, count: number) => {
  const deck = new Deck(cards, chanceOf(seed, 1))
  return Array.from({ length: count }, () => deck.draw())
}

test('a deck gives all its cards before it gives one again', () => {
  const twice = drawn('a', 12)
  expect(twice.slice(0, 6).toSorted()).toEqual(cards)
  expect(twice.slice(6).toSorted()).toEqual(cards)
})

test('the seed decides the order', () => {
  expect(drawn('a', 12)).toEqual(drawn('a', 12))
  expect(drawn('a', 12)).not.toEqual(drawn('b', 12))
})
