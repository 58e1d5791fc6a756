import { randomUUID } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { Intake } from '../../src/langgraph/intake.ts'
import { events, json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'

const KB = 1024
const MB = 1024 * KB
const never = new AbortController().signal
const patience = { timeout: 20_000 }

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

describe('256 MB for all answers of all servers', () => {
  /** Each reserves 8 MB. */
  const mostStreams = 32
  const values = { blob: 'b'.repeat(200 * KB) }
  const sent = [['values', values]] as const
  const found = { found: 'values', values }
  const run = { threadId: randomUUID(), runId: randomUUID(), deployment: 'default' }

  test('hold 32 streams: the next answers wait until one of them has ended, and a poll waits for none', async () => {
    const [first, others] = [new AbortController(), new AbortController()]
    const servers = await Promise.all([ScriptedLangGraph.start(), ScriptedLangGraph.start()])
    onTestFinished(async () => {
      others.abort()
      await Promise.all(servers.map((server) => server.stop()))
    })
    const deployments = createDeployments(servers.map(({ url }, n) => ({ name: `${n}`, url })))
    const [held, free] = [deployments('0'), deployments('1')]
    servers[0].on('stream', events(sent, { end: 'hang' }))
    servers[1]
      .on('stream', events(sent))
      .on('state', json({ values, metadata: { run_id: run.runId } }))
      .on('runs', json([]))
      .on('run', json({ status: 'running', kwargs: { input: 'd'.repeat(12 * MB) } }))
    // Answers are read in turns, so all the others have been read as far as they can be when this long one has.
    const poll = () => free.readStatus(run, AbortSignal.timeout(50_000))
    const streams = Array.from({ length: mostStreams }, (_, n) =>
      held.readOwnStream(run, 'begin', n === 0 ? first.signal : others.signal).catch(() => undefined),
    )
    await expect.poll(() => servers[0].to('stream').length, patience).toBe(mostStreams)
    expect(await poll()).toMatchObject({ status: 'running' })

    let areRead = 0
    const next = [
      free.readOwnStream(run, 'begin', AbortSignal.timeout(50_000)),
      free.readOwnState(run, AbortSignal.timeout(50_000)),
    ].map((reading) => reading.finally(() => (areRead += 1)))
    await expect.poll(() => servers[1].requests.length, patience).toBe(3)
    expect(await poll()).toMatchObject({ status: 'running' })
    expect(areRead).toBe(0)
    first.abort()
    expect(await Promise.all(next)).toMatchObject([found, found])
    others.abort()
    await Promise.all(streams)
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
