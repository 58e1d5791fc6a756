import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { NotAsked } from '../../src/langgraph/pace.ts'
import type { LangGraph } from '../../src/langgraph/port.ts'
import { json, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'

let scripted: ScriptedLangGraph
/** When the server was asked for a status. */
let askedAtMs: number[]
beforeEach(async () => {
  scripted = await ScriptedLangGraph.start()
  askedAtMs = []
  scripted.on('run', timed(json({ status: 'running' }))).on('search', timed(json([])))
})
afterEach(() => scripted.stop())

const { signal } = new AbortController()
const run = () => ({ threadId: randomUUID(), runId: randomUUID(), deployment: 'default' })
const status = (langGraph: LangGraph) => langGraph.readStatus(run(), signal)

function timed(answer: Answer): Answer {
  return (response) => {
    askedAtMs.push(performance.now())
    return answer(response)
  }
}

function tooMany(headers: Readonly<Record<string, string>> = {}): Answer {
  return timed(text('slow down', { status: 429, headers }))
}

function server(maxRequestsPerSecond?: number): LangGraph {
  const limit = maxRequestsPerSecond === undefined ? {} : { maxRequestsPerSecond }
  return createDeployments([{ name: 'default', url: scripted.url, ...limit }])('default')
}

/** What so many steps at once come to: for each that was sent away, after how long it is to come again. */
async function statuses(langGraph: LangGraph, count: number) {
  const asked = await Promise.allSettled(Array.from({ length: count }, () => status(langGraph)))
  const sentAway = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  return sentAway.map((error) => {
    if (!(error instanceof NotAsked)) throw error
    return error.retryAfterMs ?? 0
  })
}

describe('after a 429', () => {
  test('no step is begun until its Retry-After is over', async () => {
    const langGraph = server()
    scripted.on('run', tooMany({ 'retry-after': '2' }), timed(json({ status: 'running' })))
    await expect(status(langGraph)).rejects.toThrow('HTTP 429')
    expect(await statuses(langGraph, 50)).toHaveLength(50)
    await expect(langGraph.searchThreads([randomUUID()], signal)).rejects.toThrow(
      /not asked, since it asked for a pause \(HTTP 429\): again in \d\.\ds$/,
    )
    expect(askedAtMs).toHaveLength(1)
    await vi.waitFor(() => status(langGraph), { timeout: 10_000, interval: 50 })
    expect((askedAtMs[1] ?? 0) - (askedAtMs[0] ?? 0)).toBeGreaterThan(1950)
  })

  test.each([
    { says: '20', leastMs: 20_000 },
    { says: undefined, leastMs: 5000 },
    { says: 'nonsense', leastMs: 5000 },
    { says: '3600', leastMs: 60_000 },
  ])('with Retry-After $says the steps come again from $leastMs ms on, spread', async ({ says, leastMs }) => {
    const langGraph = server()
    scripted.on('run', tooMany(says === undefined ? {} : { 'retry-after': says }))
    await expect(status(langGraph)).rejects.toThrow('HTTP 429')
    const again = await statuses(langGraph, 200)
    expect(again).toHaveLength(200)
    expect(Math.min(...again)).toBeGreaterThan(leastMs - 1000)
    expect(Math.max(...again)).toBeLessThan(2 * leastMs + 1)
    expect(Math.max(...again) - Math.min(...again)).toBeGreaterThan(leastMs / 2)
  })

  test('those that wait for their turn already are sent away too', async () => {
    const langGraph = server(2)
    scripted.on('run', tooMany())
    const refused = status(langGraph).catch(String)
    expect(await statuses(langGraph, 2)).toHaveLength(2)
    expect(await refused).toContain('HTTP 429')
    expect(askedAtMs).toHaveLength(1)
  })

  test('a run is cancelled all the same', async () => {
    const langGraph = server()
    scripted.on('run', tooMany()).on('cancel', json({}, { status: 202 }))
    await expect(status(langGraph)).rejects.toThrow('HTTP 429')
    await langGraph.cancelRun(run(), 'interrupt', signal)
    expect(scripted.to('cancel')).toHaveLength(1)
  })

  test('other deployments are asked as ever', async () => {
    const other = await ScriptedLangGraph.start()
    try {
      other.on('run', json({ status: 'running' }))
      const servers = [
        { name: 'default', url: scripted.url },
        { name: 'other', url: other.url },
      ]
      const deployments = createDeployments(servers)
      scripted.on('run', tooMany())
      await expect(status(deployments('default'))).rejects.toThrow('HTTP 429')
      expect(await status(deployments('other'))).toMatchObject({ status: 'running' })
    } finally {
      await other.stop()
    }
  })
})

describe('maxRequestsPerSecond', () => {
  test('is kept by steps that wait for their turn, and what is due later than in a second is sent away', async () => {
    const again = await statuses(server(20), 60)
    const gapsMs = askedAtMs.slice(1).map((atMs, index) => atMs - (askedAtMs[index] ?? 0))
    expect(askedAtMs.length).toBeGreaterThanOrEqual(20)
    expect(askedAtMs.length).toBeLessThanOrEqual(22)
    expect((askedAtMs.at(-1) ?? 0) - (askedAtMs[0] ?? 0)).toBeGreaterThan(45 * gapsMs.length)
    expect(again).toHaveLength(60 - askedAtMs.length)
  })

  test('spreads the return of those that are sent away', async () => {
    const langGraph = server(10)
    const returnsAtMs: number[] = []
    const sentAway = (error: unknown) => {
      if (!(error instanceof NotAsked)) throw error
      expect(error.retryAfterMs).toBeGreaterThan(1000)
      expect(error.retryAfterMs).toBeLessThan(12_000)
      returnsAtMs.push(performance.now() + (error.retryAfterMs ?? 0))
    }
    await Promise.all(Array.from({ length: 100 }, () => status(langGraph).catch(sentAway)))
    const sorted = returnsAtMs.toSorted((a, b) => a - b)
    expect(sorted.length).toBeGreaterThan(80)
    for (const [index, atMs] of sorted.slice(1).entries()) expect(atMs - (sorted[index] ?? 0)).toBeGreaterThan(80)
  })

  test('never sends anybody away for longer than a minute', async () => {
    expect(Math.max(...(await statuses(server(0.5), 100)))).toBe(60_000)
  })

  test('lets a step finish at once, and the next ones wait for all that it asked', async () => {
    const langGraph = server(2)
    const history = scripted.on('history', timed(json([]))).on('thread', json({}))
    const beganAtMs = performance.now()
    await status(langGraph)
    for (let n = 0; n < 4; n += 1) await langGraph.hasThread(randomUUID(), signal)
    expect(performance.now() - beganAtMs).toBeLessThan(400)
    expect(history.to('history')).toHaveLength(4)
    const [againMs = 0] = await statuses(langGraph, 1)
    expect(againMs).toBeGreaterThan(2000)
  })

  test('lets the sweep wait, and never sends it away', async () => {
    const langGraph = server(5)
    const polls = statuses(langGraph, 50)
    const beganAtMs = performance.now()
    expect(await langGraph.searchThreads([randomUUID()], signal)).toMatchObject({ kind: 'found' })
    expect(performance.now() - beganAtMs).toBeGreaterThan(900)
    expect((await polls).length).toBeGreaterThan(40)
  })

  test('says of a step whose time is over before its turn that nothing was asked', async () => {
    const langGraph = server(2)
    await status(langGraph)
    await expect(langGraph.readStatus(run(), AbortSignal.timeout(50))).rejects.toThrow(NotAsked)
    expect(askedAtMs).toHaveLength(1)
  })
})
