import { EventEmitter, once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { startTemporal } from './temporal.ts'

/** A server that ends when it is told to. */
function server() {
  const events = new EventEmitter()
  const died = once(events, 'end').then(([why]): never => {
    throw new Error(String(why))
  })
  const end = (why: string) => void events.emit('end', why)
  return { address: '127.0.0.1:7233', died, end, stop: async () => end('stopped') }
}

test('Temporal is started again on its database and port if it panics while it starts, and if it ends by itself', async () => {
  const [first, second, third] = [server(), server(), server()]
  const start = vi
    .fn<NonNullable<Parameters<typeof startTemporal>[0]>>()
    .mockResolvedValueOnce(first)
    .mockRejectedValueOnce(new Error('panic'))
    .mockResolvedValueOnce(second)
    .mockResolvedValueOnce(third)
  const temporal = await startTemporal(start)
  await temporal.restart(0)
  expect(temporal.ended).toEqual(['panic'])
  second.end('crash')
  await vi.waitFor(() => expect(start).toHaveBeenCalledTimes(4))
  await temporal.stop()
  expect(temporal.ended).toEqual(['panic', 'crash'])
  const [{ databaseFile }] = start.mock.calls[0] ?? [{ databaseFile: '' }]
  expect(start.mock.calls.slice(1)).toEqual([1, 2, 3].map(() => [{ databaseFile, port: 7233 }]))
})
