import { EventEmitter, once } from 'node:events'
import { expect, test } from 'vitest'
import { Slots } from '../../src/activities/slots.ts'
import { NotAsked } from '../../src/langgraph/pace.ts'

/** Holds slots until `release`. @returns how many of them the deployment got */
async function holdAll(slots: Slots, deployment: string, wanted: number) {
  const emitter = new EventEmitter()
  const released = once(emitter, 'release')
  const release = () => emitter.emit('release')
  let refused = 0
  const holds = Array.from({ length: wanted }, async () => {
    try {
      await slots.hold(deployment, () => released)
    } catch (error) {
      if (!(error instanceof NotAsked)) throw error
      refused += 1
    }
  })
  await Promise.resolve()
  return { held: wanted - refused, release, done: Promise.all(holds) }
}

test('one deployment that hangs leaves half of the slots, two leave a third', async () => {
  const slots = new Slots(90)
  const first = await holdAll(slots, 'a', 90)
  expect(first.held).toBe(45)
  const second = await holdAll(slots, 'b', 90)
  expect(second.held).toBe(23)
  await expect(slots.hold('c', async () => 'answered')).resolves.toBe('answered')
})

test('the share is free again when the answers have come, or have failed', async () => {
  const slots = new Slots(4)
  const { held, release, done } = await holdAll(slots, 'a', 4)
  expect(held).toBe(2)
  release()
  await done
  await expect(slots.hold('a', () => Promise.reject(new Error('reset')))).rejects.toThrow('reset')
  expect((await holdAll(slots, 'a', 4)).held).toBe(2)
})

test('a refusal names the deployment, and how much it holds', async () => {
  const slots = new Slots(4)
  await holdAll(slots, 'trading', 4)
  await expect(slots.hold('trading', async () => 1)).rejects.toThrow(
    'Deployment "trading" was not asked, since 2 requests to it wait for an answer already',
  )
})
