import { randomUUID } from 'node:crypto'
import { expect, vi } from 'vitest'
import type { WatchOutcome } from '../../src/client.ts'
import { workflowMetadataKey } from '../../src/domain/contract.ts'
import type { Execution, Ids, Situation, Stage } from './situations.ts'

const aapl = { symbol: 'AAPL' }
const done = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }
const result = (value: object) => ({ polling_result: 'success_with_results', status: 'success', result: value })
const work = { assistantId: 'work', input: aapl } as const
export const human = { assistantId: 'human', input: aapl, onInterrupt: 'wait' } as const
const patience = { timeout: 60_000, interval: 100 }
const creation = /^POST \/threads\/[^/]+\/runs /

/** Every kind of option that a run can have. */
const options = {
  metadata: { team: 'research' },
  config: {
    tags: ['x'],
    recursion_limit: 30,
    max_concurrency: 3,
    run_name: 'trade',
    metadata: { cost_center: 7 },
    configurable: { model: 'm', temperature: 0 },
  },
  streamResumable: true,
  durability: 'sync',
} as const

export async function runsOf({ langGraph }: Stage, threadId: string | undefined): Promise<string[]> {
  const runs = await langGraph.runs.list(threadId ?? '', { limit: 100 })
  return runs.toSorted((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at)).map(({ run_id }) => run_id)
}

async function onlyRunOf(stage: Stage, outcome: WatchOutcome): Promise<WatchOutcome> {
  expect(await runsOf(stage, outcome.thread_id)).toEqual([outcome.run_id])
  return outcome
}

/** Until the run is created. */
async function created({ runs }: Stage, execution: Execution): Promise<Ids> {
  const progress = () => runs.progress(execution)
  await vi.waitFor(async () => expect(await progress()).toHaveProperty('run_id'), patience)
  const { run_id = '', thread_id = '' } = await progress()
  return { threadId: thread_id, runId: run_id }
}

async function atWork(stage: Stage, { threadId, runId }: Ids): Promise<void> {
  const { langGraph } = stage
  const status = async () => (await langGraph.runs.get(threadId, runId)).status
  await vi.waitFor(async () => expect(await status()).toBe('running'), patience)
  await vi.waitFor(async () => expect((await langGraph.threads.getState(threadId)).next).toEqual(['work']), patience)
}

/** Until a human is asked. */
export async function asked({ runs }: Stage, execution: Execution) {
  const progress = () => runs.progress(execution)
  await vi.waitFor(async () => expect(await progress()).toMatchObject({ phase: 'interrupted' }), patience)
  const { run_id = '', thread_id = '', interrupts = [], status } = await progress()
  // The server's own status may be `success`.
  expect(status).toBe('interrupted')
  return { threadId: thread_id, runId: run_id, interrupts }
}

function continued(by: string) {
  return [
    expect.objectContaining({ status: 'interrupted', continued_by: by }),
    expect.objectContaining({ status: 'success' }),
  ]
}

/** The rows of the matrix in which the workflow creates the run. */
export const executions: readonly Situation[] = [
  {
    title: 'executed: success',
    play: async (stage) => onlyRunOf(stage, await (await stage.start(work)).result()),
    expected: result(done),
  },
  {
    title: 'executed: an assistant that is not there',
    play: async (stage) => (await stage.start({ ...work, assistantId: 'unknown' })).result(),
    expected: {
      polling_result: 'error',
      status: 'polling_error',
      error: expect.stringMatching(/^The run could not be created: .*assistant "unknown".*HTTP (404|422)/),
    },
  },
  {
    title: 'executed: started five times at once',
    play: async (stage) => {
      const workflowId = randomUUID()
      const starts = Array.from({ length: 5 }, async () => (await stage.start(work, { workflowId })).result())
      const [outcome, ...others] = await Promise.all(starts)
      if (!outcome) throw new Error('no outcome')
      for (const other of others) expect(other).toEqual(outcome)
      return onlyRunOf(stage, outcome)
    },
    expected: result(done),
  },
  {
    title: 'executed: the answer to its creation got lost',
    play: async (stage) => {
      stage.proxy.holdAnswers(creation)
      const execution = await stage.start(work, { isProxied: true })
      await vi.waitFor(() => expect(stage.proxy.heldAnswers).toBe(1), patience)
      await stage.proxy.refuse()
      stage.proxy.release()
      await stage.proxy.accept()
      const outcome = await onlyRunOf(stage, await execution.result())
      expect(stage.proxy.requests.filter((line) => creation.test(line))).toHaveLength(1)
      return outcome
    },
    expected: result(done),
  },
  {
    title: 'executed: on a thread with a running run',
    play: async (stage) => {
      const inTheWay = await stage.create('work', { symbol: 'MSFT', seconds: 3 })
      await atWork(stage, inTheWay)
      const execution = await stage.start({ ...work, input: { ...aapl, seconds: 0 }, threadId: inTheWay.threadId })
      const isBusy = expect.stringContaining(`the thread is busy: run ${inTheWay.runId} is still active`)
      await vi.waitFor(
        async () => expect(await stage.runs.progress(execution)).toMatchObject({ last_error: isBusy }),
        patience,
      )
      const outcome = await execution.result()
      expect(await runsOf(stage, inTheWay.threadId)).toEqual([inTheWay.runId, outcome.run_id])
      return outcome
    },
    expected: result({ ...done, seconds: 0 }),
  },
  {
    title: 'executed: cancelled while running',
    play: async (stage) => {
      const execution = await stage.start({ ...work, input: { ...aapl, seconds: 15 } })
      const run = await created(stage, execution)
      await atWork(stage, run)
      const cancellation = await stage.runs.cancelRun(execution)
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: run.runId })
      expect((await stage.langGraph.runs.get(run.threadId, run.runId)).status).toBe(cancellation.status)
      return execution.result()
    },
    expected: { error: expect.stringMatching(/was cancelled/), cancelled: true },
  },
  {
    title: 'executed: cancelled and rolled back while running',
    not: { 'aegra 0.6.0': 'has no rollback' },
    play: async (stage) => {
      const execution = await stage.start({ ...work, input: { ...aapl, seconds: 15 } })
      const run = await created(stage, execution)
      await atWork(stage, run)
      const cancellation = await stage.runs.cancelRun(execution, { action: 'rollback' })
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: run.runId })
      return execution.result()
    },
    expected: { error: expect.stringMatching(/cancelled/), cancelled: true },
  },
  {
    title: 'executed: cancelled when it had ended',
    play: async (stage) => {
      const execution = await stage.start({ ...work, pollInterval: '1h' })
      const run = await created(stage, execution)
      await stage.ended(run)
      const seen = () => Promise.all([stage.langGraph.runs.get(run.threadId, run.runId), valuesOf(stage, run)])
      const before = await seen()
      const cancellation = await stage.runs.cancelRun(execution)
      expect(cancellation).toMatchObject({ result: 'had_ended', status: 'success', run_id: run.runId })
      expect(await seen()).toEqual(before)
      return execution.result()
    },
    expected: result(done),
  },
  {
    title: 'executed: interrupt(), answered',
    play: async (stage) => {
      const execution = await stage.start(human)
      const question = await asked(stage, execution)
      const receipt = await stage.runs.resume(execution, { value: 'yes' })
      expect(await runsOf(stage, question.threadId)).toEqual([question.runId, receipt.run_id])
      return execution.result()
    },
    expected: { ...result({ ...done, answer: 'yes' }), runs: continued('resume') },
  },
  {
    title: 'executed: interrupt(), answered wrongly, then rightly',
    play: async (stage) => {
      const execution = await stage.start(human)
      const question = await asked(stage, execution)
      const wrong = stage.runs.resume(execution, { value: 'yes', interruptId: 'unknown' })
      await expect(wrong).rejects.toMatchObject({ cause: { type: 'NotAsked' } })
      expect(await runsOf(stage, question.threadId)).toEqual([question.runId])
      await stage.runs.resume(execution, { value: 'yes', interruptId: question.interrupts[0]?.id ?? null })
      return execution.result()
    },
    expected: result({ ...done, answer: 'yes' }),
  },
  {
    title: 'executed: two interrupts at once, answered one by one',
    play: async (stage) => {
      const execution = await stage.start({ ...human, assistantId: 'two_humans' })
      const { threadId, runId, interrupts } = await asked(stage, execution)
      const idOf = (question: string) => interrupts.find(({ value }) => value === question)?.id ?? null
      const first = await stage.runs.resume(execution, { value: 'two', interruptId: idOf('second?') })
      expect(first).toEqual({ open_interrupts: 1, thread_id: threadId })
      const last = await stage.runs.resume(execution, { value: 'one', interruptId: idOf('first?') })
      expect(await runsOf(stage, threadId)).toEqual([runId, last.run_id])
      return execution.result()
    },
    expected: result({ ...done, answer: 'one', answer2: 'two' }),
  },
  {
    title: 'executed: one node asks three times, answered each time',
    play: async (stage) => {
      const execution = await stage.start({ ...human, assistantId: 'three_questions' })
      const { threadId, runId } = await asked(stage, execution)
      const runIds: (string | undefined)[] = [runId]
      for (const [n, value] of ['a', 'b', 'c'].entries()) {
        const isNext = { phase: 'interrupted', run_id: runIds[n], interrupts: [{ value: { question: `q${n}` } }] }
        await vi.waitFor(async () => expect(await stage.runs.progress(execution)).toMatchObject(isNext), patience)
        runIds.push((await stage.runs.resume(execution, { value })).run_id)
      }
      const outcome = await execution.result()
      expect(await runsOf(stage, threadId)).toEqual(runIds)
      return outcome
    },
    expected: result({ symbol: 'AAPL', partial: 'partial AAPL', answer: ['a', 'b', 'c'] }),
  },
  {
    title: 'executed: interrupt(), then a run with new input by somebody else',
    play: async (stage) => {
      const execution = await stage.start(human)
      const { threadId, runId } = await asked(stage, execution)
      const later = await stage.create('work', { symbol: 'MSFT' }, undefined, threadId)
      await stage.ended(later)
      await stage.runs.wake(execution)
      const outcome = await execution.result()
      expect(outcome.run_id).toBe(runId)
      return outcome
    },
    expected: {
      polling_result: 'interrupted',
      error: expect.stringMatching(/ started over on this thread without answering/),
    },
  },
  {
    title: 'executed: interrupt(), answered: the run that continues has its options',
    play: async (stage) => {
      const options = { config: { tags: ['x'], recursion_limit: 30 }, context: { model: 'big' } }
      const execution = await stage.start({ ...human, ...options })
      const { threadId, runId } = await asked(stage, execution)
      const { run_id = '' } = await stage.runs.resume(execution, { value: 'yes' })
      const outcome = await execution.result()
      expect(await givenTo(stage, { threadId, runId })).toMatchObject(options)
      expect(await givenTo(stage, { threadId, runId: run_id })).toMatchObject(options)
      return outcome
    },
    expected: result({ ...done, answer: 'yes' }),
  },
  {
    title: 'executed: interrupt(), answered in LangGraph',
    play: async (stage) => {
      const execution = await stage.start(human)
      const { threadId } = await asked(stage, execution)
      const later = await stage.create('human', undefined, { command: { resume: 'elsewhere' } }, threadId)
      await stage.runs.wake(execution)
      const outcome = await execution.result()
      expect(outcome.run_id).toBe(later.runId)
      return outcome
    },
    expected: {
      ...result({ ...done, answer: 'elsewhere' }),
      runs: continued('elsewhere'),
    },
  },
  {
    title: 'executed: all options of the run that asked, kept when it was answered',
    not: { 'aegra 0.6.0': 'keeps no options but the configuration' },
    play: async (stage) => {
      const execution = await stage.start({ ...human, ...options })
      const { threadId, runId } = await asked(stage, execution)
      const { run_id = '' } = await stage.runs.resume(execution, { value: 'yes' })
      const [before, after] = await Promise.all([runId, run_id].map((id) => optionsOf(stage, { threadId, runId: id })))
      expect(after).toEqual(before)
      expect(after).toMatchObject({ config: { max_concurrency: 3, run_name: 'trade' }, metadata: { team: 'research' } })
      return execution.result()
    },
    expected: result({ ...done, answer: 'yes' }),
  },
  {
    title: 'executed: a breakpoint after the question, kept when it was answered',
    not: { 'aegra 0.6.0': 'runs through it' },
    play: async (stage) => {
      const execution = await stage.start({ ...human, interruptAfter: ['ask'] })
      await asked(stage, execution)
      const { run_id } = await stage.runs.resume(execution, { value: 'yes' })
      const atBreakpoint = { phase: 'interrupted', run_id, interrupts: [], next: ['work'] }
      await vi.waitFor(async () => expect(await stage.runs.progress(execution)).toMatchObject(atBreakpoint), patience)
      await stage.runs.resume(execution)
      return execution.result()
    },
    expected: result({ ...done, answer: 'yes' }),
  },
  {
    title: 'executed again under its id, after a later run that carries its mark',
    play: async (stage) => {
      const first = await stage.start({ ...work, threadId: randomUUID() })
      const { run_id, thread_id = '' } = await first.result()
      const mark = { [workflowMetadataKey]: `default/${first.workflowId}` }
      expect(await metadataOf(stage, { threadId: thread_id, runId: run_id ?? '' })).toMatchObject(mark)
      const config: object = { metadata: mark }
      const later = await stage.create('work', { symbol: 'MSFT' }, { metadata: mark, config }, thread_id)
      await stage.ended(later)
      const outcome = await (await first.again()).result()
      expect(outcome.run_id).toBe(run_id)
      expect(await runsOf(stage, thread_id)).toEqual([run_id, later.runId])
      return outcome
    },
    expected: result(done),
  },
]

/** What a run was given, but its input, what servers add, and the mark by which it is found. */
async function optionsOf({ langGraph }: Stage, { threadId, runId }: Ids): Promise<unknown> {
  const { assistant_id: assistant, kwargs, metadata } = Object(await langGraph.runs.get(threadId, runId))
  const { input: _, command: __, ...given } = kwargs
  const own = /^(temporal_workflow|__|langgraph_|(run_id|graph_id|assistant_id|created_by|run_attempt)$)/
  return JSON.parse(
    JSON.stringify({ assistant, metadata, ...given }, (name, value) => (own.test(name) ? undefined : value)),
  )
}

/** aegra keeps only the metadata in a run's configuration. */
async function metadataOf({ langGraph }: Stage, { threadId, runId }: Ids): Promise<object> {
  const run: object = await langGraph.runs.get(threadId, runId)
  const config: unknown = Reflect.get(run, 'config')
  return { ...Reflect.get(Object(config), 'metadata'), ...Reflect.get(run, 'metadata') }
}

/** aegra keeps it beside the run's other fields. */
async function givenTo({ langGraph }: Stage, { threadId, runId }: Ids): Promise<unknown> {
  const run: object = await langGraph.runs.get(threadId, runId)
  return Reflect.get(run, 'kwargs') ?? run
}

async function valuesOf({ langGraph }: Stage, { threadId }: Ids): Promise<unknown> {
  return (await langGraph.threads.getState(threadId)).values
}
