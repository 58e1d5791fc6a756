import { describe, expect, test } from 'vitest'
import { Intake } from '../../src/langgraph/intake.ts'

const never = new AbortController().signal

/** What has happened so far, when all that can happen without anybody else has. */
async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}

describe("a worker's memory for answers", () => {
  test('is given in the order in which it was asked for, also to those that need little', async () => {
    const intake = new Intake(10)
    const order: string[] = []
    const first = await intake.reserve(8, never)
    const second = intake.reserve(5, never).then((release) => (order.push('second'), release))
    const third = intake.reserve(1, never).then((release) => (order.push('third'), release))
    await settled()
    expect(order).toEqual([])
    first()
    await Promise.all([second, third])
    expect(order).toEqual(['second', 'third'])
  })

  test('is given back once, however often that is said', async () => {
    const intake = new Intake(10)
    const release = await intake.reserve(10, never)
    release()
    release()
    await intake.reserve(10, never)
    const waiting = intake.reserve(1, AbortSignal.abort('no more'))
    await expect(waiting).rejects.toBe('no more')
  })

  test('is not waited for beyond the time of the request, and the next one does not wait for that either', async () => {
    const intake = new Intake(10)
    const release = await intake.reserve(6, never)
    const limit = new AbortController()
    const large = intake.reserve(10, limit.signal)
    const small = intake.reserve(4, never)
    limit.abort('no time')
    await expect(large).rejects.toBe('no time')
    const releaseSmall = await small
    release()
    releaseSmall()
    await intake.reserve(10, never)
  })
})

test('the turns of the event loop are given one at a time', async () => {
  const intake = new Intake()
  const seen: string[] = []
  let turn = 0
  const count = setInterval(() => undefined, 1)
  const next = () => {
    turn += 1
    if (turn < 20) setImmediate(next)
  }
  setImmediate(next)
  const take = async (name: string) => {
    for (let times = 0; times < 3; times += 1) {
      await intake.turn()
      seen.push(`${turn}${name}`)
    }
  }
  await Promise.all([take('a'), take('b'), take('c')])
  clearInterval(count)
  // No two in one turn, and in turn.
  expect(new Set(seen.map((entry) => Number.parseInt(entry, 10))).size).toBe(9)
  expect(seen.map((entry) => entry.replace(/\d+/, '')).join('')).toBe('abcabcabc')
})
