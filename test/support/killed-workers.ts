import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import type { LangGraphRuns } from './langgraph.ts'
import type { TcpProxy } from './tcp-proxy.ts'
import type { WorkerProcess, WorkerStage } from './worker-process.ts'

/** The first line of a request that creates a run. */
export const creation = /^POST \/threads\/[^/]+\/runs /

/** They start and end processes, all at once. */
const unhurried = { timeout: 150_000 }
const patience = { timeout: 90_000, interval: 100 }

/** A worker in a process of its own, and the proxy through which it reaches LangGraph. */
interface ProxiedWorker {
  readonly proxy: TcpProxy
  readonly stage: WorkerStage
  readonly worker: WorkerProcess
}

/** Kills the worker at every step of the creation of 50 runs, which must be 50 in the end. */
export function testKilledWorkers(open: () => Promise<ProxiedWorker>, langGraph: LangGraphRuns): void {
  describe.concurrent('a worker killed while 50 runs are created', unhurried, () => {
    test('before the requests reached the server: the next worker creates each once', async () => {
      const { proxy, stage, worker } = await open()
      proxy.hold(creation)
      const executions = await startMany(stage, 17)
      await vi.waitFor(() => expect(proxy.held).toBe(17), patience)
      await worker.kill()
      await vi.waitFor(() => expect(proxy.held).toBe(0), patience)
      proxy.release()
      await stage.startWorker()
      await expectOneRunEach(executions, langGraph)
      expect(creations(proxy)).toBe(34)
    })

    test('before the answers reached it: the next worker finds each', async () => {
      const { proxy, stage, worker } = await open()
      proxy.holdAnswers(creation)
      const executions = await startMany(stage, 17)
      await vi.waitFor(() => expect(proxy.heldAnswers).toBe(17), patience)
      await worker.kill()
      proxy.release()
      await stage.startWorker()
      await expectOneRunEach(executions, langGraph)
      expect(creations(proxy)).toBe(17)
    })

    test('as the answers reached it: the next worker finds each', async () => {
      const { proxy, stage, worker } = await open()
      proxy.holdAnswers(creation)
      const executions = await startMany(stage, 16)
      await vi.waitFor(() => expect(proxy.heldAnswers).toBe(16), patience)
      proxy.release()
      // Enough to read some of them; whatever it has done by then, the runs are the same.
      await pause(10)
      await worker.kill()
      await stage.startWorker()
      await expectOneRunEach(executions, langGraph)
      expect(creations(proxy)).toBe(16)
    })
  })
}

async function startMany({ runs }: WorkerStage, count: number) {
  const symbols = Array.from({ length: count }, (_, n) => `S${n}`)
  return Promise.all(
    symbols.map(async (symbol) => {
      const request = { assistantId: 'work', pollInterval: '1s', input: { symbol } } as const
      return { symbol, handle: await runs.startExecution(randomUUID(), request) }
    }),
  )
}

async function expectOneRunEach(executions: Awaited<ReturnType<typeof startMany>>, langGraph: LangGraphRuns) {
  const outcomes = await Promise.all(executions.map(({ handle }) => handle.result()))
  expect(outcomes).toMatchObject(
    executions.map(({ symbol }) => ({
      polling_result: 'success_with_results',
      result: { symbol, partial: `partial ${symbol}`, final: `done ${symbol}` },
    })),
  )
  const runs = await Promise.all(outcomes.map(({ thread_id = '' }) => langGraph.runsOf(thread_id)))
  expect(runs).toEqual(outcomes.map(({ run_id }) => [run_id]))
}

/** How many requests to create a run have arrived. */
function creations({ requests }: TcpProxy): number {
  return requests.filter((line) => creation.test(line)).length
}
