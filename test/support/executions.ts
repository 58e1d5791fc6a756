import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { CancelledFailure } from '@temporalio/common'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import type { ExecuteRunInput, WatchOutcome } from '../../src/client.ts'
import { payloadOptions } from './encryption.ts'
import { creation, testKilledWorkers } from './killed-workers.ts'
import { LangGraphRuns } from './langgraph.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { WorkerStage, holding } from './worker-process.ts'

/** A server that lacks the feature has no such row, so that nothing is skipped. */
function rowIf(isThere: boolean): (title: string, body: () => Promise<void>) => void {
  return isThere ? test : () => undefined
}

/**
 * A run's whole life on a real server: created once, cancelled, answered, by workers that are killed meanwhile.
 *
 * @param busyStatus what the server answers while another run is running on the thread; `undefined` if it starts both
 * @param lacks what the server does not have
 */
export function testExecutions(
  langGraphUrl: string,
  busyStatus: 409 | 422 | undefined,
  lacks: readonly ('rollback' | 'breakpoints')[] = [],
): void {
  const hasStrategies = busyStatus !== undefined
  const hasRollback = !lacks.includes('rollback')
  const hasBreakpoints = !lacks.includes('breakpoints')
  /** They start and end processes, all at once. */
  const unhurried = { timeout: 150_000 }
  const patience = { timeout: 90_000, interval: 100 }
  const statusRequest = /^GET \/threads\/[^/]+\/runs\/[^/]+ /
  const cancelRequest = /^POST \/threads\/[^/]+\/runs\/[^/]+\/cancel\b/
  const stateRequest = /^GET \/threads\/[^/]+\/state /

  const langGraph = new LangGraphRuns(langGraphUrl)
  const stages: WorkerStage[] = []
  const closings: (() => Promise<void>)[] = []
  /** With a worker that nothing is done to. */
  let stage: WorkerStage

  beforeAll(async () => {
    stage = await openStage(langGraphUrl)
    await stage.startWorker()
  })

  afterAll(() => Promise.all(closings.map((close) => close())))

  async function openStage(langGraphUrl: string): Promise<WorkerStage> {
    const opened = await WorkerStage.open(langGraphUrl, { named: langGraphUrl })
    closings.push(() => opened.close())
    stages.push(opened)
    return opened
  }

  /** A worker of its own that reaches LangGraph through a proxy. */
  async function openProxiedStage() {
    const proxy = await TcpProxy.start(langGraphUrl)
    closings.push(() => proxy.stop())
    const proxied = await openStage(proxy.url)
    return { proxy, stage: proxied, worker: await proxied.startWorker() }
  }

  /** What no log may hold. */
  const planted = `planted-input-${randomUUID()}`

  type Input = Partial<Omit<ExecuteRunInput, 'input'>> & {
    readonly input?: { readonly symbol?: string; readonly seconds?: number }
  }

  /** A request of the graph `work`, unless it says otherwise. */
  function request({ input, ...others }: Input = {}): ExecuteRunInput {
    return { assistantId: 'work', pollInterval: '1s', ...others, input: { symbol: planted, ...input } }
  }

  const asking = { assistantId: 'human', onInterrupt: 'wait' } as const

  interface Execution {
    readonly workflowId: string
    readonly handle: WorkflowHandle
    result(): Promise<WatchOutcome>
  }

  async function start(on: WorkerStage, input?: Input): Promise<Execution> {
    const workflowId = randomUUID()
    const handle = await on.runs.startExecution(workflowId, request(input))
    return { workflowId, handle, result: () => handle.result() }
  }

  type Progress = Awaited<ReturnType<WorkerStage['runs']['progress']>>

  /** Waits until the progress is so. */
  function until(on: WorkerStage, execution: Execution, isSo: (progress: Progress) => boolean): Promise<Progress> {
    return vi.waitFor(async () => {
      const progress = await on.runs.progress(execution)
      if (!isSo(progress)) throw new Error(`not yet: ${JSON.stringify(progress)}`)
      return progress
    }, patience)
  }

  /** Waits until a human is asked. */
  async function untilAsked(on: WorkerStage, execution: Execution) {
    const {
      run_id = '',
      thread_id = '',
      interrupts,
    } = await until(on, execution, ({ phase }) => phase === 'interrupted')
    return { runId: run_id, threadId: thread_id, interrupts: interrupts ?? [] }
  }

  /** Waits until the run is created and running, and the watch sleeps. */
  async function untilAtWork(on: WorkerStage, execution: Execution) {
    const { run_id = '', thread_id = '' } = await until(
      on,
      execution,
      (now) => now.phase === 'waiting' && now.run_id !== undefined,
    )
    await langGraph.untilAtWork({ threadId: thread_id, runId: run_id })
    return { runId: run_id, threadId: thread_id }
  }

  function values({ symbol = planted, ...more }: { symbol?: string; seconds?: number; answer?: string } = {}) {
    return { symbol, partial: `partial ${symbol}`, final: `done ${symbol}`, ...more }
  }

  /** Cancels the workflow. @returns what it says about its run */
  async function cancelled({ handle }: Execution): Promise<unknown> {
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: expect.any(CancelledFailure) })
    return (await handle.describe()).memo?.['cancellation']
  }

  /** A thread on which a run is running for as long as any test lasts. */
  async function busyThread(seconds: number) {
    const run = await langGraph.create('work', { symbol: 'in the way', seconds })
    await langGraph.untilAtWork(run)
    return run
  }

  function isBusy({ last_error }: Progress): boolean {
    return last_error?.startsWith('the thread is busy: run ') ?? false
  }

  function stoppedIn(runId: string | undefined) {
    return ({ phase, run_id }: Progress) => phase === 'interrupted' && run_id === runId
  }

  testKilledWorkers(openProxiedStage, langGraph)

  describe.concurrent('a creation request that arrives later than it is waited for', unhurried, () => {
    rowIf(hasStrategies)(
      'makes a second run if the thread takes several, and none if the run is running on its own thread',
      async () => {
        const { proxy, stage: own } = await openProxiedStage()
        const threadId = randomUUID()
        proxy.delay(creation)
        const [several, single] = await Promise.all([
          start(own, { threadId, multitaskStrategy: 'enqueue' }),
          start(own, { input: { seconds: 60 } }),
        ])
        await vi.waitFor(() => expect(proxy.held).toBe(2), patience)
        proxy.holdNoMore()
        const [outcome, run] = await Promise.all([several.result(), untilAtWork(own, single)])
        const before = await langGraph.runsOf(threadId)
        proxy.release()
        expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: values() })
        expect(before).toEqual([outcome.run_id])
        await vi.waitFor(async () => expect(await langGraph.runsOf(threadId)).toHaveLength(2), patience)
        await vi.waitFor(() => expect(proxy.statuses).toContain(busyStatus), patience)
        expect(await langGraph.runsOf(run.threadId)).toEqual([run.runId])
        expect(await own.runs.cancelRun(single)).toMatchObject({ result: 'cancelled', run_id: run.runId })
      },
    )

    rowIf(!hasStrategies)('makes a second run on a server that starts every run at once', async () => {
      const { proxy, stage: own } = await openProxiedStage()
      proxy.delay(creation)
      const execution = await start(own, { input: { seconds: 60 } })
      await vi.waitFor(() => expect(proxy.held).toBe(1), patience)
      proxy.holdNoMore()
      const run = await untilAtWork(own, execution)
      expect(await langGraph.runsOf(run.threadId)).toEqual([run.runId])
      proxy.release()
      await vi.waitFor(async () => expect(await langGraph.runsOf(run.threadId)).toHaveLength(2), patience)
      expect(await own.runs.cancelRun(execution)).toMatchObject({ result: 'cancelled', run_id: run.runId })
    })
  })

  describe.concurrent('a worker that ends', unhurried, () => {
    test('cancels no run and forgets no question, told to end or killed: the next worker continues', async () => {
      const own = await openStage(langGraphUrl)
      const worker = await own.startWorker()
      const [atWork, asked] = await Promise.all([start(own, { input: { seconds: 8 } }), start(own, asking)])
      const [run, question] = await Promise.all([untilAtWork(own, atWork), untilAsked(own, asked)])

      const exit = await worker.stop()
      const second = await own.startWorker()
      await until(own, atWork, ({ phase }) => phase !== 'done')
      await second.kill()
      await langGraph.untilEnded(run)
      const status = await langGraph.status(run)
      await own.startWorker()
      const receipt = await own.runs.resume(asked, { value: 'yes' })

      expect(exit).toEqual({ code: 0, signal: null })
      expect(status).toBe('success')
      expect(await atWork.result()).toMatchObject({ run_id: run.runId, result: values({ seconds: 8 }) })
      expect(await asked.result()).toMatchObject({ run_id: receipt.run_id, result: values({ answer: 'yes' }) })
      expect(await langGraph.runsOf(question.threadId)).toEqual([question.runId, receipt.run_id])
    })
  })

  describe.concurrent('one workflow id', () => {
    test('started 20 times at once is one run with one outcome, and the same when it has ended', async () => {
      const workflowId = randomUUID()
      const many = Array.from({ length: 20 }, () => stage.runs.execute(workflowId, request({ input: { seconds: 1 } })))
      const [outcome, ...others] = await Promise.all(many)
      const afterwards = await stage.runs.execute(workflowId, request({ input: { seconds: 1 }, pollInterval: '2s' }))
      expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: values({ seconds: 1 }) })
      expect(new Set([...others, afterwards].map((other) => JSON.stringify(other)))).toEqual(
        new Set([JSON.stringify(outcome)]),
      )
      expect(await langGraph.runsOf(outcome?.thread_id ?? '')).toEqual([outcome?.run_id])
    })

    test('of another request is refused, open or ended, with the fields that differ', async () => {
      const execution = await start(stage, { input: { seconds: 2 } })
      const other = () =>
        stage.runs.execute(execution.workflowId, request({ assistantId: 'fail', input: { seconds: 3 } }))
      const whileOpen = await stage.failureOf(other())
      const { thread_id = '', run_id } = await execution.result()
      const afterwards = await stage.failureOf(other())
      for (const failure of [whileOpen, afterwards]) {
        expect(failure).toMatchObject({
          type: 'DifferentRequest',
          details: [['`assistantId` was "work" and is now "fail"', expect.stringMatching(/^`input` was \{.*2.*3/)]],
        })
      }
      expect(await langGraph.runsOf(thread_id)).toEqual([run_id])
    })
  })

  describe.concurrent('cancelling', () => {
    test('before the run is created leaves none, by the workflow and by the update', async () => {
      const inTheWay = await busyThread(20)
      const input = { threadId: inTheWay.threadId, pollInterval: '10m' } as const
      const [first, second] = await Promise.all([start(stage, input), start(stage, input)])
      await Promise.all([first, second].map((execution) => until(stage, execution, isBusy)))
      const byWorkflow = await cancelled(first)
      const byUpdate = await stage.runs.cancelRun(second)
      expect(byWorkflow).toEqual({ result: 'not_created' })
      expect(byUpdate).toEqual({ result: 'not_created' })
      expect(await second.result()).toMatchObject({
        status: 'polling_error',
        error: 'The run was cancelled before it was created',
      })
      expect(await langGraph.runsOf(inTheWay.threadId)).toEqual([inTheWay.runId])
      expect(await langGraph.status(inTheWay)).toBe('running')
      await langGraph.cancel(inTheWay)
    })

    test('while the run is running stops it, by the workflow', async () => {
      const execution = await start(stage, { input: { seconds: 60 }, pollInterval: '1h' })
      const run = await untilAtWork(stage, execution)
      const stopped = { result: 'cancelled', status: 'interrupted', run_id: run.runId, thread_id: run.threadId }
      expect(await cancelled(execution)).toEqual(stopped)
      expect(await langGraph.status(run)).toBe('interrupted')
    })

    test('while the run is running stops it, by the update', async () => {
      const execution = await start(stage, { input: { seconds: 60 }, pollInterval: '1h' })
      const run = await untilAtWork(stage, execution)
      const cancellation = await stage.runs.cancelRun(execution)
      expect(cancellation).toMatchObject({ result: 'cancelled', status: 'interrupted', run_id: run.runId })
      expect(await execution.result()).toMatchObject({
        polling_result: 'interrupted',
        error: expect.stringMatching(/^The run was cancelled before node "work"/),
      })
      expect(await langGraph.status(run)).toBe('interrupted')
    })

    test('while a poll hangs stops the run all the same, by the workflow', async () => {
      const { proxy, stage: own } = await openProxiedStage()
      const execution = await start(own, { input: { seconds: 60 } })
      const run = await untilAtWork(own, execution)
      proxy.hold(statusRequest)
      await vi.waitUntil(() => proxy.held > 0, patience)
      const ended = cancelled(execution)
      // The poll, and the look before the cancellation.
      await vi.waitUntil(() => proxy.held > 1, patience)
      proxy.release()
      expect(await ended).toMatchObject({ result: 'cancelled', run_id: run.runId })
      expect(await langGraph.status(run)).toBe('interrupted')
    })

    rowIf(hasRollback)(
      'by the workflow while the update rolls the run back ends both, with the run gone or stopped',
      async () => {
        const { proxy, stage: own } = await openProxiedStage()
        const execution = await start(own, { input: { seconds: 60 }, pollInterval: '1h' })
        const run = await untilAtWork(own, execution)
        proxy.hold(cancelRequest)
        const byUpdate = own.runs.cancelRun(execution, { action: 'rollback' })
        await vi.waitUntil(() => proxy.held > 0, patience)
        const byWorkflow = cancelled(execution)
        await vi.waitUntil(() => proxy.held > 1, patience)
        proxy.release()
        expect(await byWorkflow).toMatchObject({
          run_id: run.runId,
          result: expect.stringMatching(/^(cancelled|had_ended)$/),
        })
        expect(await byUpdate).toMatchObject({
          run_id: run.runId,
          result: expect.stringMatching(/^(cancelled|had_ended)$/),
        })
        const requests = proxy.requests.filter((line) => cancelRequest.test(line))
        expect(requests.every((line) => line.includes('action=rollback'))).toBe(true)
      },
    )

    test('while the result is retrieved leaves the run alone, which has ended', async () => {
      const { proxy, stage: own } = await openProxiedStage()
      proxy.hold(stateRequest)
      const execution = await start(own, { retrievalOrder: ['thread_state'] })
      const { run_id } = await until(own, execution, ({ phase }) => phase === 'retrieving')
      await vi.waitUntil(() => proxy.held > 0, patience)
      expect(await cancelled(execution)).toMatchObject({ result: 'had_ended', status: 'success', run_id })
      expect(proxy.requests.filter((line) => cancelRequest.test(line))).toEqual([])
      proxy.release()
    })

    test('a parent workflow stops the run of its child, and ends after it', async () => {
      const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
      const taskQueue = randomUUID()
      const workflowsPath = fileURLToPath(new URL('parent-workflow.ts', import.meta.url))
      const parents = await Worker.create({ connection, taskQueue, workflowsPath, ...payloadOptions })
      const child = stage.client.workflow.getHandle(randomUUID())
      await parents.runUntil(async () => {
        const parent = await stage.client.workflow.start('parent', {
          taskQueue,
          workflowId: randomUUID(),
          args: [stage.taskQueue, child.workflowId, request({ input: { seconds: 60 } })],
        })
        const execution = { workflowId: child.workflowId, handle: child, result: () => child.result() }
        await vi.waitFor(() => untilAtWork(stage, execution), patience)
        await parent.cancel()
        await expect(parent.result()).rejects.toThrow('cancelled')
      })
      await connection.close()
      const { status, memo } = await child.describe()
      expect(status.name).toBe('CANCELLED')
      expect(memo).toMatchObject({ cancellation: { result: 'cancelled', status: 'interrupted' } })
    })

    test('with `onCancel: leave` lets the run continue', async () => {
      const execution = await start(stage, { input: { seconds: 3 }, pollInterval: '1h', onCancel: 'leave' })
      const run = await untilAtWork(stage, execution)
      expect(await cancelled(execution)).toMatchObject({ result: 'left', run_id: run.runId })
      await langGraph.untilEnded(run)
      expect(await langGraph.status(run)).toBe('success')
    })

    test('while a human is asked ends the waiting, and leaves the run as it is', async () => {
      const [first, second] = await Promise.all([start(stage, asking), start(stage, asking)])
      const [run, otherRun] = await Promise.all([untilAsked(stage, first), untilAsked(stage, second)])
      const before = await langGraph.state(run.threadId)
      expect(await cancelled(first)).toMatchObject({ result: 'had_ended', run_id: run.runId })
      expect(await stage.runs.cancelRun(second)).toMatchObject({ result: 'had_ended', run_id: otherRun.runId })
      expect(await second.result()).toMatchObject({
        polling_result: 'interrupted',
        error: 'The run was cancelled while it waited for a human',
        interrupts: [{ value: { question: `buy ${planted}?` } }],
      })
      expect(await langGraph.state(run.threadId)).toEqual(before)
      expect(await langGraph.runsOf(run.threadId)).toEqual([run.runId])
    })

    test('a run that has ended changes neither its status nor its values', async () => {
      const input = { input: { seconds: 2 }, pollInterval: '1h' } as const
      const [first, second] = await Promise.all([start(stage, input), start(stage, input)])
      const runs = await Promise.all([untilAtWork(stage, first), untilAtWork(stage, second)])
      await Promise.all(runs.map((run) => langGraph.untilEnded(run)))
      const before = await Promise.all(runs.map(({ threadId }) => langGraph.state(threadId)))
      const ended = { result: 'had_ended', status: 'success' }
      expect(await cancelled(first)).toMatchObject(ended)
      expect(await stage.runs.cancelRun(second, { action: 'rollback' })).toMatchObject(ended)
      expect(await second.result()).toMatchObject({
        polling_result: 'success_with_results',
        result: values({ seconds: 2 }),
      })
      expect(await Promise.all(runs.map((run) => langGraph.status(run)))).toEqual(['success', 'success'])
      expect(await Promise.all(runs.map(({ threadId }) => langGraph.state(threadId)))).toEqual(before)
    })

    test('a run that has failed leaves it a failed one', async () => {
      const execution = await start(stage, { assistantId: 'fail', input: { seconds: 2 }, pollInterval: '1h' })
      const run = await untilAtWork(stage, execution)
      await langGraph.untilEnded(run)
      expect(await stage.runs.cancelRun(execution)).toMatchObject({ result: 'had_ended', status: 'error' })
      expect(await langGraph.status(run)).toBe('error')
      expect(await execution.result()).toMatchObject({
        polling_result: 'error',
        error: `ValueError: boom for ${planted}`,
      })
    })
  })

  describe.concurrent('an answer', () => {
    test('given twice at once makes one run', async () => {
      const execution = await start(stage, asking)
      const { threadId, runId } = await untilAsked(stage, execution)
      const answers = ['yes', 'no']
      const settled = await Promise.allSettled(answers.map((value) => stage.runs.resume(execution, { value })))
      const outcome = await execution.result()
      const taken = settled.findIndex(({ status }) => status === 'fulfilled')
      expect(settled[taken]).toMatchObject({ value: { open_interrupts: 0, run_id: outcome.run_id } })
      expect(settled[1 - taken]).toMatchObject({ status: 'rejected', reason: { cause: { type: 'NotAsked' } } })
      expect(outcome).toMatchObject({
        polling_result: 'success_with_results',
        result: values({ answer: answers[taken] ?? '' }),
        runs: [
          { run_id: runId, status: 'interrupted', continued_by: 'resume' },
          { run_id: outcome.run_id, status: 'success' },
        ],
      })
      expect(await langGraph.runsOf(threadId)).toEqual([runId, outcome.run_id])
    })

    test('sent twice under one update id counts once', async () => {
      const execution = await start(stage, asking)
      const { threadId, runId } = await untilAsked(stage, execution)
      const updateId = randomUUID()
      const send = () => stage.runs.resume(execution, { value: 'yes' }, { updateId })
      const [first, second] = await Promise.all([send(), send()])
      const { run_id } = await execution.result()
      expect(first).toEqual({ open_interrupts: 0, run_id, thread_id: threadId })
      expect(second).toEqual(first)
      expect(await langGraph.runsOf(threadId)).toEqual([runId, run_id])
    })

    test('that fits no question is refused, and the right one is taken', async () => {
      const execution = await start(stage, asking)
      const { threadId, runId, interrupts } = await untilAsked(stage, execution)
      const resume = (input: object) => stage.runs.resume(execution, input)
      const unknown = await stage.failureOf(resume({ value: 'yes', interruptId: 'unknown' }))
      const empty = await stage.failureOf(resume({}))
      const before = await langGraph.runsOf(threadId)
      await resume({ value: 'yes', interruptId: interrupts[0]?.id ?? null })
      expect([unknown, empty]).toMatchObject([{ type: 'NotAsked' }, { type: 'NotAsked' }])
      expect(unknown.message).toBe(`The run has no question "unknown"; open: "${interrupts[0]?.id}"`)
      expect(before).toEqual([runId])
      expect(await execution.result()).toMatchObject({ result: values({ answer: 'yes' }) })
    })

    test('given to LangGraph by somebody else is noticed on `wake` and followed', async () => {
      const execution = await start(stage, asking)
      const { threadId, runId } = await untilAsked(stage, execution)
      const elsewhere = await langGraph.create('human', { symbol: '' }, { threadId, resume: 'elsewhere' })
      await stage.runs.wake(execution)
      expect(await execution.result()).toMatchObject({
        polling_result: 'success_with_results',
        run_id: elsewhere.runId,
        result: values({ answer: 'elsewhere' }),
        runs: [{ run_id: runId, continued_by: 'elsewhere' }, { run_id: elsewhere.runId }],
      })
      expect(await langGraph.runsOf(threadId)).toEqual([runId, elsewhere.runId])
    })

    test('given to LangGraph by somebody else, with which the run fails at once, is noticed and followed', async () => {
      const execution = await start(stage, asking)
      const { threadId, runId } = await untilAsked(stage, execution)
      const elsewhere = await langGraph.create('human', { symbol: '' }, { threadId, resume: 'boom' })
      await langGraph.untilEnded(elsewhere)
      await stage.runs.wake(execution)
      expect(await execution.result()).toMatchObject({
        polling_result: 'error',
        run_id: elsewhere.runId,
        error: `ValueError: boom for ${planted}`,
        runs: [{ run_id: runId, continued_by: 'elsewhere' }, { run_id: elsewhere.runId }],
      })
    })

    test('given to LangGraph by somebody else just before the cancellation has its run cancelled', async () => {
      const execution = await start(stage, { ...asking, input: { symbol: planted, seconds: 60 } })
      const { threadId } = await untilAsked(stage, execution)
      const elsewhere = await langGraph.create('human', { symbol: '' }, { threadId, resume: 'elsewhere' })
      await langGraph.untilAtWork(elsewhere)
      const cancellation = await stage.runs.cancelRun(execution)
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: elsewhere.runId })
      expect(await execution.result()).toMatchObject({ run_id: elsewhere.runId })
    })

    test('to one of two questions waits for the other, and both make one run', async () => {
      const execution = await start(stage, { assistantId: 'two_humans', onInterrupt: 'wait' })
      const { threadId, runId, interrupts } = await untilAsked(stage, execution)
      const idOf = (question: string) => interrupts.find(({ value }) => value === question)?.id
      const ambiguous = await stage.failureOf(stage.runs.resume(execution, { value: 'yes' }))
      const first = await stage.runs.resume(execution, { value: 'two', interruptId: idOf('second?') ?? null })
      const between = await langGraph.runsOf(threadId)
      const second = await stage.runs.resume(execution, { value: 'one' })
      expect(ambiguous.message).toMatch(/^2 questions are open/)
      expect(first).toEqual({ open_interrupts: 1, thread_id: threadId })
      expect(between).toEqual([runId])
      expect(await execution.result()).toMatchObject({
        run_id: second.run_id,
        result: { ...values(), answer: 'one', answer2: 'two' },
      })
      expect(await langGraph.runsOf(threadId)).toEqual([runId, second.run_id])
    })

    rowIf(hasBreakpoints)('keeps the breakpoints of the run: it stops there, and continues when told to', async () => {
      const execution = await start(stage, { ...asking, interruptAfter: ['ask'] })
      const question = await untilAsked(stage, execution)
      const answered = await stage.runs.resume(execution, { value: 'yes' })
      const atBreakpoint = await until(stage, execution, stoppedIn(answered.run_id))
      const withValue = await stage.failureOf(stage.runs.resume(execution, { value: 'yes' }))
      const last = await stage.runs.resume(execution)
      expect(atBreakpoint).toMatchObject({ interrupts: [], next: ['work'] })
      expect(withValue.message).toMatch(/^The run stopped at a breakpoint and asks nothing/)
      expect(await execution.result()).toMatchObject({
        polling_result: 'success_with_results',
        result: values({ answer: 'yes' }),
        runs: [
          { run_id: question.runId, status: 'interrupted', continued_by: 'resume' },
          { run_id: answered.run_id, status: 'interrupted', continued_by: 'resume' },
          { run_id: last.run_id, status: 'success' },
        ],
      })
    })

    rowIf(hasBreakpoints)('to a breakpoint before a question leads to the question', async () => {
      const execution = await start(stage, { ...asking, interruptBefore: ['ask', 'work'] })
      const stop = await untilAsked(stage, execution)
      const toQuestion = await stage.runs.resume(execution)
      const question = await until(stage, execution, stoppedIn(toQuestion.run_id))
      const toWork = await stage.runs.resume(execution, { value: 'yes' })
      const beforeWork = await until(stage, execution, stoppedIn(toWork.run_id))
      await stage.runs.resume(execution)
      expect(stop.interrupts).toEqual([])
      expect(question).toMatchObject({ interrupts: [{ value: { question: `buy ${planted}?` } }], next: ['ask'] })
      expect(beforeWork).toMatchObject({ interrupts: [], next: ['work'] })
      const outcome = await execution.result()
      expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: values({ answer: 'yes' }) })
      expect(outcome.runs).toHaveLength(4)
    })
  })

  describe.concurrent('a thread on which another run is running', () => {
    test('is waited for', async () => {
      const inTheWay = await busyThread(10)
      const execution = await start(stage, { threadId: inTheWay.threadId, input: { seconds: 0 } })
      const busy = await until(stage, execution, ({ last_error }) => last_error !== undefined)
      const outcome = await execution.result()
      expect(busy.last_error).toContain(`the thread is busy: run ${inTheWay.runId} is still active on the thread`)
      expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: values({ seconds: 0 }) })
      expect(await langGraph.status(inTheWay)).toBe('success')
      expect(await langGraph.runsOf(inTheWay.threadId)).toEqual([inTheWay.runId, outcome.run_id])
    })
  })

  describe('what all this leaves behind', () => {
    test('holds no secret, no path of this machine, and no input in a log', async () => {
      for (const each of stages) {
        const [traces, histories] = await Promise.all([each.traces(), each.histories()])
        const logs = new Map([...traces].filter(([name]) => name.startsWith('log of worker')))
        expect(holding(traces, Object.values(each.secrets))).toEqual([])
        expect(holding(histories, [process.cwd()])).toEqual([])
        expect(holding(logs, [planted])).toEqual([])
        // So the search reads what it is to read.
        expect(holding(logs, ['run created'])).not.toEqual([])
      }
      expect(holding(await stage.histories(), [planted])).not.toEqual([])
    })
  })
}
