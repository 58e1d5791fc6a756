import { expect, test } from 'vitest'
import { onceMore } from '../../src/client/arguments.ts'

const run = { threadId: '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', runId: '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5c' }
const once = { maximumAttempts: 2, initialInterval: '1s' }

test.each([
  [undefined, once],
  [null, once],
  [{}, once],
  [{ maximumAttempts: null, initialInterval: undefined }, once],
  [
    { maximumAttempts: 5, maximumInterval: '1m' },
    { ...once, maximumAttempts: 5, maximumInterval: '1m' },
  ],
  ['often', 'often'],
  [[5], [5]],
])('a retry by hand with the options %j has the options %j', (retry, expected) => {
  expect(Reflect.apply(onceMore, undefined, [{ ...run, retry }])).toEqual({ ...run, retry: expected })
})

test('of no input at all is left for the parser to refuse', () => {
  expect(Reflect.apply(onceMore, undefined, [null])).toEqual({ retry: once })
})
