import { setTimeout as pause } from 'node:timers/promises'
import { CancelledFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { expect, test, vi } from 'vitest'
import type { ThreadSearch } from '../../src/langgraph/port.ts'
import type { OpenWatch } from '../../src/sweep/open-watches.ts'
import { Sweeper } from '../../src/sweep/sweeper.ts'

const patience = { timeout: 10_000, interval: 5 }
const quick = { toleratedOutageMs: 200, idleUntilBlindMs: 300, idleUntilEndMs: 600 }
const slow = { toleratedOutageMs: 60_000, idleUntilBlindMs: 60_000, idleUntilEndMs: 60_000 }

function manyWatches(count: number): OpenWatch[] {
  return Array.from({ length: count }, (_, n) => ({ workflowId: `workflow-${n}`, threadId: `thread-${n}` }))
}

/** A sweep over watches, a server and a Temporal that do what the test says; it runs until the test ends it. */
function sweepOf(watches: OpenWatch[], limits = slow, intervalMs = 10, hasFound = false) {
  const searched: (readonly string[])[] = []
  /** When it listed and searched, in ms. */
  const steps: { readonly step: 'list' | 'search'; readonly atMs: number }[] = []
  const woken: string[] = []
  const said: boolean[] = []
  const logged: string[] = []
  const faults: { list?: Error; search?: Error; searchMs?: number; wake?: Error; stop?: Error; isUnsearchable?: true } =
    {}
  const states = new Map(watches.map(({ threadId }) => [threadId, 'busy']))
  const closed = new Set<string>()
  const ended = new AbortController()
  const sweeper = new Sweeper({
    watches: {
      all: watches,
      refresh: async () => {
        steps.push({ step: 'list', atMs: performance.now() })
        if (faults.list) throw faults.list
      },
      drop: (watch) => void watches.splice(watches.indexOf(watch), 1),
    },
    langGraph: {
      searchThreads: async (threadIds): Promise<ThreadSearch> => {
        searched.push(threadIds)
        steps.push({ step: 'search', atMs: performance.now() })
        if (faults.searchMs !== undefined) await pause(faults.searchMs)
        if (faults.search) throw faults.search
        if (faults.isUnsearchable) return { kind: 'unsearchable' }
        const threads = threadIds.map((threadId) => ({ threadId, status: states.get(threadId) ?? '', updatedAt: '' }))
        return { kind: 'found', threads }
      },
    },
    deployment: 'default',
    intervalMs,
    limits,
    wake: async ({ workflowId }) => {
      if (faults.wake) throw faults.wake
      if (closed.has(workflowId)) return 'closed'
      woken.push(workflowId)
      return 'woken'
    },
    signal: ended.signal,
    heartbeat: ({ sees }) => void said.push(sees),
    hasFound,
    throwIfStopping: () => {
      if (faults.stop) throw faults.stop
    },
  })
  const environment = new MockActivityEnvironment(
    {},
    { logger: new DefaultLogger('INFO', ({ message }) => logged.push(message)) },
  )
  const end = environment.run(() => sweeper.run())
  const cancel = async () => {
    ended.abort(new CancelledFailure('cancelled'))
    await end.catch(() => undefined)
  }
  return { states, searched, steps, woken, said, logged, faults, closed, end, cancel }
}

test('asks for 1,000 threads a request, each once, and wakes the watches of those that changed', async () => {
  const watches = manyWatches(2500)
  const sweep = sweepOf([...watches, { workflowId: 'another', threadId: 'thread-0' }])
  await vi.waitFor(() => expect(sweep.said).toContain(true), patience)
  expect(sweep.searched.slice(0, 3).map((ids) => ids.length)).toEqual([1000, 1000, 501])
  expect(sweep.woken).toEqual([])
  for (const thread of ['thread-0', 'thread-2400']) sweep.states.set(thread, 'idle')
  await vi.waitFor(() => expect(sweep.woken).toHaveLength(3), patience)
  expect(sweep.woken.toSorted()).toEqual(['another', 'workflow-0', 'workflow-2400'])
  await sweep.cancel()
})

test('spreads its requests over the interval', async () => {
  const sweep = sweepOf(manyWatches(1500), slow, 300)
  await vi.waitFor(() => expect(sweep.steps.length).toBeGreaterThan(3), patience)
  const [began = 0, , second = 0, next = 0] = sweep.steps.map(({ atMs }) => atMs)
  expect(sweep.steps.slice(0, 4).map(({ step }) => step)).toEqual(['list', 'search', 'search', 'list'])
  // Timers of Node may be up to 1 ms early.
  expect(second - began).toBeGreaterThan(198)
  expect(next - began).toBeGreaterThan(298)
  await sweep.cancel()
})

test('the interval runs from start to start, however long the server takes', async () => {
  const sweep = sweepOf(manyWatches(1), slow, 2000)
  sweep.faults.searchMs = 1400
  await vi.waitFor(() => expect(sweep.steps.length).toBeGreaterThan(2), patience)
  const [began = 0, , next = 0] = sweep.steps.map(({ atMs }) => atMs)
  // From end to start it would be 3.4 s.
  expect(next - began).toBeGreaterThan(1998)
  expect(next - began).toBeLessThan(3300)
  await sweep.cancel()
})

test('says nothing good before the first look is whole', async () => {
  const sweep = sweepOf(manyWatches(1))
  sweep.faults.search = new Error('away')
  await vi.waitFor(() => expect(sweep.said.length).toBeGreaterThan(1), patience)
  expect(sweep.said).not.toContain(true)
  delete sweep.faults.search
  await vi.waitFor(() => expect(sweep.said).toContain(true), patience)
  await sweep.cancel()
})

test.each(['list', 'search', 'wake'] as const)(
  'an outage (%s) is logged once, is said after a while, and ends: nothing is lost',
  async (what) => {
    const sweep = sweepOf(manyWatches(2), { ...quick, idleUntilBlindMs: 60_000, idleUntilEndMs: 60_000 })
    await vi.waitFor(() => expect(sweep.said).toContain(true), patience)
    sweep.faults[what] = new Error('away')
    sweep.states.set('thread-1', 'idle')
    await vi.waitFor(() => expect(sweep.said.at(-1)).toBe(false), patience)
    expect(sweep.logged).toEqual(['the sweep gets no answer'])
    delete sweep.faults[what]
    await vi.waitFor(() => expect(sweep.said.at(-1)).toBe(true), patience)
    expect(sweep.woken).toEqual(['workflow-1'])
    expect(sweep.logged).toEqual(['the sweep gets no answer', 'the sweep works again'])
    await sweep.cancel()
  },
)

test('what was listed before is swept while Temporal cannot list', async () => {
  const sweep = sweepOf(manyWatches(1))
  await vi.waitFor(() => expect(sweep.said).toContain(true), patience)
  sweep.faults.list = new Error('visibility is away')
  sweep.states.set('thread-0', 'idle')
  await vi.waitFor(() => expect(sweep.woken).toEqual(['workflow-0']), patience)
  await sweep.cancel()
})

test('a watch that has closed is not looked at any more', async () => {
  const sweep = sweepOf(manyWatches(2))
  sweep.closed.add('workflow-0')
  sweep.states.set('thread-0', 'idle')
  await vi.waitFor(() => expect(sweep.searched.at(-1)).toEqual(['thread-1']), patience)
  await sweep.cancel()
})

test('without an open watch it first says that nobody may rely on it, and then ends', async () => {
  const sweep = sweepOf([], quick)
  expect(await sweep.end).toBe('idle')
  expect([sweep.said[0], sweep.said.at(-1)]).toEqual([true, false])
})

test('a refusal after a search that worked is an outage, since watches sleep', async () => {
  const sweep = sweepOf(manyWatches(1))
  await vi.waitFor(() => expect(sweep.said).toContain(true), patience)
  sweep.faults.isUnsearchable = true
  await vi.waitFor(() => expect(sweep.logged).toEqual(['the sweep gets no answer']), patience)
  delete sweep.faults.isUnsearchable
  sweep.states.set('thread-0', 'idle')
  await vi.waitFor(() => expect(sweep.woken).toEqual(['workflow-0']), patience)
  await sweep.cancel()
})

test('so is the first one of a worker that takes over a sweep that worked', async () => {
  const sweep = sweepOf(manyWatches(1), slow, 10, true)
  sweep.faults.isUnsearchable = true
  await vi.waitFor(() => expect(sweep.logged).toEqual(['the sweep gets no answer']), patience)
  delete sweep.faults.isUnsearchable
  await vi.waitFor(() => expect(sweep.said).toContain(true), patience)
  await sweep.cancel()
})

test('does not end while Temporal cannot list, since watches may sleep', async () => {
  const sweep = sweepOf([], { ...quick, toleratedOutageMs: 60_000 })
  sweep.faults.list = new Error('away')
  const beganAtMs = performance.now()
  // Long after it would have ended.
  await vi.waitFor(() => {
    const { atMs } = sweep.steps.at(-1) ?? { atMs: 0 }
    expect(atMs - beganAtMs).toBeGreaterThan(2 * quick.idleUntilEndMs)
  }, patience)
  delete sweep.faults.list
  expect(await sweep.end).toBe('idle')
})

test('ends if the server cannot search', async () => {
  const sweep = sweepOf(manyWatches(1))
  sweep.faults.isUnsearchable = true
  expect(await sweep.end).toBe('unsearchable')
})

test('ends at once if its worker stops, or if it is cancelled', async () => {
  const stopped = sweepOf(manyWatches(1))
  stopped.faults.stop = new Error('the worker stops')
  await expect(stopped.end).rejects.toThrow('the worker stops')
  const cancelled = sweepOf(manyWatches(1))
  await cancelled.cancel()
  await expect(cancelled.end).rejects.toThrow(CancelledFailure)
})
