import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { failureIn } from '../../src/client.ts'
import type { ExecuteRunInput, WatchOutcome, WatchProgress, WatchRef } from '../../src/client.ts'
import { decrypted, payloadOptions } from './encryption.ts'
import { creation } from './killed-workers.ts'
import { LangGraphRuns } from './langgraph.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { WorkerStage } from './worker-process.ts'

interface Server {
  readonly url: string
  /** It cannot continue a failed run, and the outcome says so. */
  readonly refuses?: string
  /** It ends runs at a time limit of its own, of so many seconds. */
  readonly limitSeconds?: number
}

const retry = { maximumAttempts: 3, initialInterval: '1s', backoffCoefficient: 1 } as const
const later = { ...retry, initialInterval: '10m', maximumInterval: '10m' } as const
const unhurried = { timeout: 150_000 }
const patience = { timeout: 90_000, interval: 100 }

const failed = (n: number) => ({ status: 'error', error: `ModelError: attempt ${n} failed` })

function until(on: WorkerStage, watch: WatchRef, expected: Partial<WatchProgress>): Promise<WatchProgress> {
  return vi.waitFor(async () => {
    const progress = await on.runs.progress(watch)
    expect(progress).toMatchObject(expected)
    return progress
  }, patience)
}

/** What the graph has done in the end: its first node ran once. */
function recovered(attempts: number, more: object = {}) {
  return {
    polling_result: 'success_with_results',
    result: expect.objectContaining({
      partial: 'prepared 1 times',
      final: `AAPL at attempt ${attempts}`,
      ...more,
    }),
    polling_metadata: expect.objectContaining({ attempts }),
  }
}

/** A server that lacks the feature has no such row, so that nothing is skipped. */
function rowIf(isThere: boolean): (title: string, body: () => Promise<void>) => void {
  return isThere ? test : () => undefined
}

function creationsIn({ requests }: TcpProxy): number {
  return requests.filter((line) => creation.test(line)).length
}

/** Failed runs on a real server, continued from where they failed. */
export function testRetries({ url, refuses, limitSeconds = 0 }: Server): void {
  const row = rowIf(refuses === undefined)
  const langGraph = new LangGraphRuns(url)
  const closings: (() => Promise<void>)[] = []
  let stage: WorkerStage

  beforeAll(async () => {
    // With the sweep, to which every end of a run is news.
    stage = await openStage(url, '1s')
    await stage.startWorker()
  })

  afterAll(() => Promise.all(closings.map((close) => close())))

  async function openStage(of: string, sweepInterval = 'none'): Promise<WorkerStage> {
    const opened = await WorkerStage.open(of, { named: of }, sweepInterval)
    closings.push(() => opened.close())
    return opened
  }

  type Input = Omit<Partial<ExecuteRunInput>, 'input'> & { readonly input?: object }

  /** A run whose model fails twice, unless the input says otherwise. */
  function request({ input, ...others }: Input = {}): ExecuteRunInput {
    return {
      assistantId: 'recovering',
      pollInterval: '1s',
      retry,
      ...others,
      input: { symbol: 'AAPL', size: 2, ...input },
    }
  }

  async function start(on: WorkerStage, input?: Input) {
    const workflowId = randomUUID()
    const handle = await on.runs.startExecution(workflowId, request(input))
    return { workflowId, handle }
  }

  function execute(input?: Input): Promise<WatchOutcome> {
    return stage.runs.execute(randomUUID(), request(input))
  }

  /** That the thread has these runs, and no others. */
  async function expectRuns({ thread_id = '', runs = [] }: WatchOutcome, count: number): Promise<void> {
    expect(runs).toHaveLength(count)
    expect(await langGraph.runsOf(thread_id)).toEqual(runs.map(({ run_id }) => run_id))
  }

  /** Failed runs of a worker that reaches LangGraph through a proxy: all pauses are over at about the same time. */
  async function failedRuns() {
    const proxy = await TcpProxy.start(url)
    closings.push(() => proxy.stop())
    const own = await openStage(proxy.url)
    const worker = await own.startWorker()
    const executions = await Promise.all(
      Array.from({ length: 8 }, () => start(own, { input: { size: 1 }, retry: later })),
    )
    await Promise.all(executions.map((execution) => until(own, execution, { phase: 'backing_off' })))
    const wake = () => Promise.all(executions.map((execution) => own.runs.wake(execution)))
    const before = creationsIn(proxy)
    const expectOneAttemptEach = async () => {
      const outcomes = await Promise.all(executions.map(({ handle }) => handle.result()))
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject(recovered(2))
        await expectRuns(outcome, 2)
      }
    }
    return { proxy, own, worker, wake, expectOneAttemptEach, created: () => creationsIn(proxy) - before }
  }

  describe.concurrent('a run whose second node fails', unhurried, () => {
    row('twice is continued from there: three runs, the first node ran once, the result is whole', async () => {
      const outcome = await execute()
      expect(outcome).toMatchObject({
        ...recovered(3),
        runs: [
          { ...failed(1), continued_by: 'retry' },
          { ...failed(2), continued_by: 'retry' },
          { run_id: outcome.run_id, status: 'success' },
        ],
      })
      await expectRuns(outcome, 3)
    })

    rowIf(refuses !== undefined)('is not continued if the server cannot, and the outcome says so', async () => {
      const outcome = await execute()
      expect(outcome).toMatchObject({ polling_result: 'error', runs: [failed(1)], polling_metadata: { attempts: 1 } })
      expect(outcome).toHaveProperty('error', `ModelError: attempt 1 failed; it was not continued: ${refuses}`)
      await expectRuns(outcome, 1)
    })

    test('with an error that is not to be retried is not continued', async () => {
      const outcome = await execute({ retry: { ...retry, nonRetryableErrors: ['ModelError'] } })
      expect(outcome).toMatchObject({ polling_result: 'error', error: 'ModelError: attempt 1 failed' })
      await expectRuns(outcome, 1)
    })

    row('too often ends with its last error, and all attempts with theirs', async () => {
      const outcome = await execute({ input: { size: 5 } })
      expect(outcome).toMatchObject({
        polling_result: 'error',
        error: 'ModelError: attempt 3 failed',
        failed_nodes: ['model'],
        polling_metadata: { attempts: 3 },
        runs: [failed(1), failed(2), failed(3)],
      })
      await expectRuns(outcome, 3)
    })

    row('is continued although somebody else has created it: by its watch', async () => {
      const ids = await langGraph.create('recovering', { symbol: 'AAPL', size: 2 })
      const outcome = await stage.runs.watch({ ...ids, pollInterval: '1s', retry })
      expect(outcome).toMatchObject(recovered(3))
      await expectRuns(outcome, 3)
    })

    row('and that has failed for good is continued by a new watch of its last run', async () => {
      const { run_id: runId = '', thread_id: threadId = '' } = await execute({
        retry: { ...retry, maximumAttempts: 2 },
      })
      const outcome = await stage.runs.watch({ threadId, runId, retry })
      expect(outcome).toMatchObject({ result: { partial: 'prepared 1 times', final: 'AAPL at attempt 3' } })
      expect(await langGraph.runsOf(threadId)).toHaveLength(3)
    })

    row('and was continued by an earlier watch ends in a later one as it did there', async () => {
      const ids = await langGraph.create('recovering', { symbol: 'AAPL', size: 2 })
      const watch = { ...ids, pollInterval: '1s', retry } as const
      const first = await stage.runs.watch(watch)
      const again = await stage.runs.watch(watch)
      expect(again).toMatchObject({ ...recovered(3), run_id: first.run_id })
      await expectRuns(again, 3)
    })

    row('for a parent that uses the id again, with more attempts, is continued from its last run', async () => {
      const workflowId = randomUUID()
      const more = request({ onUnsuccessful: 'fail' })
      const less = { ...more, retry: { ...retry, maximumAttempts: 2 } }
      const failure = await stage.failureOf(stage.runs.execute(workflowId, less))
      expect(failure).toMatchObject({ type: 'RunFailed', details: [{ polling_metadata: { attempts: 2 } }] })
      const outcome = await stage.runs.execute(workflowId, more)
      expect(outcome).toMatchObject(recovered(3))
      await expectRuns(outcome, 3)
    })

    row('fails a parent workflow when the attempts are used up', async () => {
      const taskQueue = randomUUID()
      const workflowsPath = fileURLToPath(new URL('parent-workflow.ts', import.meta.url))
      const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
      const worker = await Worker.create({ connection, taskQueue, workflowsPath, ...payloadOptions })
      const input = request({ input: { size: 5 }, onUnsuccessful: 'fail' })
      const args = [stage.taskQueue, randomUUID(), input]
      const error: unknown = await worker.runUntil(
        stage.client.workflow
          .execute('parent', { taskQueue, workflowId: randomUUID(), args })
          .catch((failed) => failed),
      )
      await connection.close()
      expect(failureIn(error)).toMatchObject({ type: 'RunFailed', outcome: { polling_metadata: { attempts: 3 } } })
    })

    row('asks a question after it was continued, and the answer continues it', async () => {
      const execution = await start(stage, { input: { symbol: 'ASK', size: 1 }, onInterrupt: 'wait' })
      await until(stage, execution, { phase: 'interrupted', attempt: 2 })
      await stage.runs.resume(execution, { value: 'yes' })
      const outcome = await execution.handle.result()
      expect(outcome).toMatchObject({
        result: { partial: 'prepared 1 times', final: 'ASK at attempt 2', answer: 'yes' },
        runs: [{ continued_by: 'retry' }, { continued_by: 'resume' }, { status: 'success' }],
      })
      await expectRuns(outcome, 3)
    })
  })

  describe.concurrent('a failed run', unhurried, () => {
    test('that left no checkpoint is not continued, and the outcome says so', async () => {
      const outcome = await execute({ config: { recursion_limit: 0 } })
      expect(outcome).toMatchObject({ polling_result: 'error', polling_metadata: { attempts: 1 } })
      expect(outcome).toHaveProperty('error', expect.stringContaining('not continued: it left no checkpoint'))
      await expectRuns(outcome, 1)
    })

    test('that left no checkpoint is not continued from that of an earlier run on its thread', async () => {
      const before = await langGraph.ended('work', { symbol: 'BEFORE' })
      const outcome = await execute({ threadId: before.threadId, config: { recursion_limit: 0 } })
      expect(outcome).toHaveProperty('error', expect.stringContaining('not continued: it left no checkpoint'))
      expect(await langGraph.runsOf(before.threadId)).toEqual([before.runId, outcome.run_id])
    })

    row('whose state somebody has mended in the pause is continued from there', async () => {
      const execution = await start(stage, { input: { size: 1 }, retry: later })
      const { thread_id: threadId = '' } = await until(stage, execution, { phase: 'backing_off' })
      await langGraph.edit(threadId, { symbol: 'MENDED' })
      await stage.runs.wake(execution)
      const outcome = await execution.handle.result()
      expect(outcome).toMatchObject({ result: { partial: 'prepared 1 times', final: 'MENDED at attempt 2' } })
      await expectRuns(outcome, 2)
    })

    test('after which another run came on its thread is not continued', async () => {
      const execution = await start(stage, { retry: later })
      const { thread_id: threadId = '' } = await until(stage, execution, { phase: 'backing_off' })
      const other = await langGraph.ended('work', { symbol: 'OTHER' }, { threadId })
      await stage.runs.wake(execution)
      const outcome = await execution.handle.result()
      expect(outcome).toMatchObject({ polling_result: 'error', runs: [failed(1)] })
      expect(outcome).toHaveProperty(
        'error',
        expect.stringContaining(`not continued: run ${other.runId} came after it`),
      )
      expect(await langGraph.runsOf(threadId)).toEqual([outcome.run_id, other.runId])
    })

    for (const multitaskStrategy of ['enqueue', 'interrupt', 'rollback'] as const) {
      row(`that was created with the strategy ${multitaskStrategy} is continued, too`, async () => {
        const outcome = await execute({ multitaskStrategy })
        expect(outcome).toMatchObject(recovered(3))
        await expectRuns(outcome, 3)
      })
    }

    row('whose thread had other runs before is continued from its own checkpoint', async () => {
      const before = await langGraph.ended('work', { symbol: 'BEFORE' })
      const outcome = await execute({ threadId: before.threadId })
      expect(outcome).toMatchObject(recovered(3))
      expect(await langGraph.runsOf(before.threadId)).toHaveLength(4)
    })

    test('that is cancelled before it is continued stays as it is', async () => {
      const execution = await start(stage, { retry: later })
      const { thread_id: threadId = '' } = await until(stage, execution, { phase: 'backing_off' })
      expect(await stage.runs.cancelRun(execution)).toMatchObject({ result: 'cancelled', status: 'error' })
      const outcome = await execution.handle.result()
      expect(outcome).toMatchObject({ polling_result: 'error', cancelled: true })
      expect(await langGraph.runsOf(threadId)).toEqual([outcome.run_id])
    })

    test('that somebody else has cancelled on the server is not continued', async () => {
      const execution = await start(stage, { assistantId: 'work', input: { seconds: 60, size: 0 } })
      const { thread_id: threadId = '', run_id: runId = '' } = await until(stage, execution, { status: 'running' })
      await langGraph.untilAtWork({ threadId, runId })
      await langGraph.cancel({ threadId, runId })
      const outcome = await execution.handle.result()
      expect(outcome).not.toHaveProperty('result')
      await expectRuns(outcome, 1)
    })

    row('that was deleted is not continued', async () => {
      const execution = await start(stage, { retry: later })
      const { thread_id: threadId = '', run_id: runId = '' } = await until(stage, execution, { phase: 'backing_off' })
      await langGraph.delete({ threadId, runId })
      await stage.runs.wake(execution)
      const outcome = await execution.handle.result()
      expect(outcome).toHaveProperty('error', expect.stringContaining('not continued: it is not on its thread'))
    })

    row('whose thread is missing is not given up at once: the address may be that of another server', async () => {
      const execution = await start(stage, { retry: later })
      const { thread_id: threadId = '' } = await until(stage, execution, { phase: 'backing_off' })
      await langGraph.deleteThread(threadId)
      await stage.runs.wake(execution)
      await until(stage, execution, { state: 'outage', last_error: expect.stringContaining('HTTP 404') })
      await stage.runs.cancelRun(execution)
      expect(await execution.handle.result()).toMatchObject({ polling_result: 'error', cancelled: true })
    })

    row('that is cancelled while its second attempt is running is not continued again', async () => {
      const execution = await start(stage, { input: { size: 5, answer2: 2, seconds: 60 } })
      await until(stage, execution, { attempt: 2, status: 'running' })
      const receipt = await stage.runs.cancelRun(execution)
      const outcome = await execution.handle.result()
      expect(receipt).toMatchObject({ result: 'cancelled', run_id: outcome.run_id })
      expect(outcome).toMatchObject({ cancelled: true, polling_metadata: { attempts: 2 } })
      await expectRuns(outcome, 2)
    })

    row('waits as long as it is told to, although the sweep sees that it has ended', async () => {
      const execution = await start(stage, { input: { size: 1 }, retry: { ...retry, initialInterval: '6s' } })
      expect(await execution.handle.result()).toMatchObject(recovered(2))
      const { events } = await decrypted(await execution.handle.fetchHistory())
      const pause = events?.find(({ timerStartedEventAttributes: timer, userMetadata }) => {
        const summary = userMetadata?.summary?.data
        return timer && summary && Buffer.from(summary).toString().includes('until attempt 2')
      })
      const timerId = pause?.timerStartedEventAttributes?.timerId
      expect(timerId).toBeDefined()
      expect(events?.some(({ timerFiredEventAttributes: fired }) => fired?.timerId === timerId)).toBe(true)
    })

    rowIf(limitSeconds > 0)("that the server's own time limit has ended is continued", async () => {
      const outcome = await execute({ input: { size: 0, answer2: 1, seconds: limitSeconds * 3 } })
      expect(outcome).toMatchObject({ ...recovered(2), runs: [{ status: 'timeout', continued_by: 'retry' }, {}] })
      await expectRuns(outcome, 2)
    })

    row('whose worker is killed in the pause is continued by the next one', async () => {
      const { own, worker, wake, expectOneAttemptEach, created } = await failedRuns()
      await worker.kill()
      await own.startWorker()
      await wake()
      await expectOneAttemptEach()
      expect(created()).toBe(8)
    })

    row(
      'whose worker is killed before the request has reached the server is continued once by the next one',
      async () => {
        const { proxy, own, worker, wake, expectOneAttemptEach, created } = await failedRuns()
        proxy.hold(creation)
        await wake()
        await vi.waitFor(() => expect(proxy.held).toBe(8), patience)
        await worker.kill()
        await vi.waitFor(() => expect(proxy.held).toBe(0), patience)
        proxy.release()
        await own.startWorker()
        await expectOneAttemptEach()
        expect(created()).toBe(16)
      },
    )

    row('whose worker is killed before the answer has reached it is found by the next one', async () => {
      const { proxy, own, worker, wake, expectOneAttemptEach, created } = await failedRuns()
      proxy.holdAnswers(creation)
      await wake()
      await vi.waitFor(() => expect(proxy.heldAnswers).toBe(8), patience)
      await worker.kill()
      proxy.release()
      await own.startWorker()
      await expectOneAttemptEach()
      expect(created()).toBe(8)
    })

    row('whose worker is killed as the answer reaches it is found by the next one', async () => {
      const { proxy, own, worker, wake, expectOneAttemptEach, created } = await failedRuns()
      proxy.holdAnswers(creation)
      await wake()
      await vi.waitFor(() => expect(proxy.heldAnswers).toBe(8), patience)
      proxy.release()
      // Some of them are read; whatever has been done with them by then, the runs are the same.
      await pause(2)
      await worker.kill()
      await own.startWorker()
      await expectOneAttemptEach()
      expect(created()).toBe(8)
    })
  })
}
