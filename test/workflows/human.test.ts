import { WorkflowUpdateFailedError } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CreationUnanswered } from '../../src/langgraph/creation.ts'
import type { ResumeInput, ResumeReceipt } from '../../src/client.ts'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { Creation, LaterRun } from '../../src/domain/creation.ts'
import type { Interrupt, RunLook } from '../../src/domain/run.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { ended, running, values } from '../support/looks.ts'
import { Stage, answers, testEveryHistory } from '../support/time-skipping.ts'
import type { Answer, Script, ScriptedRun } from '../support/time-skipping.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const question = { id: 'i1', value: 'buy AAPL?', node: 'ask' }
const second = { id: 'i2', value: 'how many?', node: 'ask' }
const asking = (...interrupts: readonly Interrupt[]) => ended('success', { next: ['ask'], interrupts })
const outage = new LangGraphError(types.unavailable, 'runs from deployment "default": HTTP 503', { status: 503 })
const followUps = ['0199a1b2-c3d4-7e5f-8a9b-0000000000f1', '0199a1b2-c3d4-7e5f-8a9b-0000000000f2'] as const
const [followUp, secondFollowUp] = followUps
const wait = { onInterrupt: 'wait' } as const

/** What a try to create the run that continues comes to: 'refused', 'busy', or the id of that run. */
type Try = string | LaterRun | Error

/** A run that ends as each of the looks in turn, and whose follow-ups are created as each of the tries. */
function asked(looks: readonly Answer<RunLook>[], tries: readonly Try[] = followUps, script: Script = {}): ScriptedRun {
  return stage.run(({ threadId }) => ({
    getRunStatus: answers(...looks),
    createRun: answers<Creation>(...tries.map((tried) => creationOf(tried, threadId))),
    retrieveStreamValues: answers(values),
    ...script,
  }))
}

function creationOf(tried: Try, threadId: string): Answer<Creation> {
  if (tried instanceof Error) return tried
  if (typeof tried !== 'string') return { kind: 'overtaken', threadId, by: tried }
  if (tried === 'refused') return { kind: 'refused', threadId, reason: 'HTTP 422: no such interrupt' }
  if (tried === 'busy') return { kind: 'busy', threadId, reason: 'run r1 is at work' }
  return { kind: 'created', threadId, runId: tried }
}

/** What each look for a later run finds; the last one for ever. */
function laterRuns(...looks: readonly (LaterRun | null | Error)[]): NonNullable<Script['findLaterRun']> {
  const found = answers(...looks.map((look) => (look instanceof Error ? look : { look })))
  return async () => {
    const { look } = await found()
    return look ? { kind: 'later', by: look } : { kind: 'none' }
  }
}

/** Starts a watch that waits for a human, and waits until it does. */
async function waiting(run: ScriptedRun, options: Parameters<Stage['startWatch']>[1] = {}) {
  const handle = await stage.startWatch(run, { ...wait, ...options })
  await stage.until(run, { phase: 'interrupted' })
  return handle
}

function resume(run: ScriptedRun, input?: ResumeInput, updateId?: string): Promise<ResumeReceipt> {
  return stage.runs.resume(stage.nameOf(run), input, updateId === undefined ? {} : { updateId })
}

function callsOf(run: ScriptedRun, activity: string) {
  return run.calls.filter((call) => call.activity === activity)
}

/** The key of the n-th run that continues. */
async function keyOf(run: ScriptedRun, n: number): Promise<string> {
  const { workflowId, runId } = await stage.handleOf(run).describe()
  return `default/${workflowId}/${runId}#${n}`
}

describe('a run that waits for a human', () => {
  test('ends the watch by default', async () => {
    const run = asked([asking(question)])
    const outcome = await stage.watch(run)
    expect(outcome).toMatchObject({ polling_result: 'interrupted', interrupts: [question] })
    expect(outcome).not.toHaveProperty('runs')
    expect(callsOf(run, 'findLaterRun')).toEqual([])
  })

  test('is shown with its question and the time until which it waits', async () => {
    const run = asked([asking(question)])
    await waiting(run, { humanTimeout: '1 day' })

    const progress = await stage.runs.progress(run.ids)

    expect(progress).toMatchObject({ phase: 'interrupted', interrupts: [question], next: ['ask'], poll_count: 1 })
    const untilMs = Date.parse(progress.human_deadline_at ?? '') - (await stage.environment.currentTimeMs())
    expect(untilMs / 86_400_000).toBeCloseTo(1, 2)
    const details = await stage.detailsOf(run)
    expect(details).toContain(`before \`ask\`, until ${progress.human_deadline_at}`)
    expect(details).toContain('\n```text\nbuy AAPL?\n```\n')
    expect(details).toContain(`langgraph-runs resume --id ${stage.nameOf(run).workflowId}`)
  })

  test('without a limit is shown without one', async () => {
    const run = asked([asking(question)])
    await waiting(run, { humanTimeout: 'none' })
    expect(await stage.runs.progress(run.ids)).not.toHaveProperty('human_deadline_at')
    expect(await stage.detailsOf(run)).toContain('until somebody answers')
  })

  test('and was cancelled, without a question, is not waited with', async () => {
    const run = asked([ended('interrupted', { next: ['work'] })])
    const outcome = await stage.watch(run, wait)
    expect(outcome).toMatchObject({ polling_result: 'interrupted', error: expect.stringContaining('cancelled') })
  })
})

describe('an answer', () => {
  test('creates one run that continues, whose result is the outcome', async () => {
    const run = asked([asking(question), running, ended('success')])
    const handle = await waiting(run, { pollInterval: '10s' })

    const receipt = await resume(run, { value: { buy: true } })

    const { threadId, runId } = run.ids
    expect(receipt).toEqual({ open_interrupts: 0, run_id: followUp, thread_id: threadId })
    expect(await handle.result()).toMatchObject({
      polling_result: 'success_with_results',
      run_id: followUp,
      result: values.values,
      runs: [
        { run_id: runId, status: 'interrupted', continued_by: 'resume' },
        { run_id: followUp, status: 'success' },
      ],
    })
    expect(callsOf(run, 'createRun').map(({ argument }) => argument)).toEqual([
      {
        deployment: 'default',
        threadId,
        key: await keyOf(run, 1),
        run: { continues: runId, asked: { interrupts: [question], next: ['ask'] }, resume: { i1: { buy: true } } },
      },
    ])
    expect(callsOf(run, 'getRunStatus').map(({ argument }) => argument)).toMatchObject([
      { runId },
      { runId: followUp },
      { runId: followUp },
    ])
  })

  test.each([[false], [0], [''], [[]], ['no']])('may be %j', async (value) => {
    const run = asked([asking(question), ended('error')])
    await waiting(run)
    await resume(run, { value })
    expect(callsOf(run, 'createRun')[0]?.argument.run).toMatchObject({ resume: { i1: value } })
  })

  test('to a run that an execution has created continues under its key', async () => {
    const run = asked([asking(question), ended('success')], [], {
      createRun: answers<Creation>(
        async () => ({ kind: 'created', ...run.ids }),
        async () => ({ kind: 'created', threadId: run.ids.threadId, runId: followUp }),
      ),
    })
    const handle = await stage.startExecution(run, wait)
    await stage.until(run, { phase: 'waiting' })
    await stage.runs.wake(stage.nameOf(run))
    await stage.until(run, { phase: 'interrupted' })

    await resume(run, { value: 'yes' })

    expect(await handle.result()).toHaveProperty('result', values.values)
    const [first, next] = callsOf(run, 'createRun').map(({ argument }) => argument.key)
    expect(next).toBe(await keyOf(run, 1))
    expect(next).toContain(`${first}/`)
  })

  test('to a question without an id is the resume itself', async () => {
    const run = asked([asking({ value: 'sure?' }), ended('error')])
    await waiting(run)
    await resume(run, { value: 'yes' })
    expect(callsOf(run, 'createRun')[0]?.argument.run).toMatchObject({ continues: run.ids.runId, resume: 'yes' })
  })

  test('at a breakpoint has no value, and the run continues without a resume', async () => {
    const run = asked([ended('success', { next: ['trade'] }), ended('error')])
    await waiting(run)
    expect(await stage.runs.progress(run.ids)).toMatchObject({ interrupts: [], next: ['trade'] })

    expect(await resume(run)).toMatchObject({ run_id: followUp })

    const breakpoint = { interrupts: [], next: ['trade'] }
    expect(callsOf(run, 'createRun')[0]?.argument.run).toEqual({ continues: run.ids.runId, asked: breakpoint })
  })

  test('to each of several questions is collected until all are answered', async () => {
    const run = asked([asking(question, second), ended('success')])
    const handle = await waiting(run)

    const first = await resume(run, { value: 10, interruptId: 'i2' })
    const shown = await stage.runs.progress(run.ids)
    const last = await resume(run, { value: 'yes' })

    expect(first).toEqual({ open_interrupts: 1, thread_id: run.ids.threadId })
    expect(shown.interrupts).toEqual([question])
    expect(last).toEqual({ open_interrupts: 0, thread_id: run.ids.threadId, run_id: followUp })
    const [created, ...others] = callsOf(run, 'createRun')
    expect(created?.argument.run).toMatchObject({ resume: { i1: 'yes', i2: 10 } })
    expect(others).toEqual([])
    await handle.result()
  })

  test('may be followed by another question', async () => {
    const run = asked([asking(question), asking(second), ended('success')])
    const handle = await waiting(run, { pollInterval: '1h', maxPollTime: '1d' })

    await resume(run, { value: 'yes' })
    await stage.until(run, { phase: 'waiting' })
    await stage.runs.wake(run.ids)
    await stage.until(run, { phase: 'interrupted' })
    await resume(run, { value: 10 })

    expect((await handle.result()).runs).toEqual([
      { run_id: run.ids.runId, status: 'interrupted', continued_by: 'resume' },
      { run_id: followUp, status: 'interrupted', continued_by: 'resume' },
      { run_id: secondFollowUp, status: 'success' },
    ])
    expect(callsOf(run, 'createRun').map(({ argument }) => [argument.key, argument.run])).toMatchObject([
      [await keyOf(run, 1), { continues: run.ids.runId, resume: { i1: 'yes' } }],
      [await keyOf(run, 2), { continues: followUp, resume: { i2: 10 } }],
    ])
  })

  test('sent again under the same update id counts once, with the same receipt', async () => {
    const run = asked([asking(question), running])
    await waiting(run, { pollInterval: '1h', maxPollTime: '1d' })
    const first = await resume(run, { value: 'yes' }, 'answer-1')
    expect(await resume(run, { value: 'yes' }, 'answer-1')).toEqual(first)
    expect(callsOf(run, 'createRun')).toHaveLength(1)
  })

  test('given twice at once counts once', async () => {
    const run = asked([asking(question), running])
    await waiting(run, { pollInterval: '1h', maxPollTime: '1d' })

    const both = await Promise.allSettled([resume(run, { value: 'yes' }), resume(run, { value: 'no' })])

    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(callsOf(run, 'createRun')).toHaveLength(1)
  })

  test('that LangGraph refuses fails, and the question stays open for another', async () => {
    const run = asked([asking(question), ended('success')], ['refused', followUp])
    const handle = await waiting(run)

    await expect(resume(run, { value: 'nonsense' }, 'same')).rejects.toMatchObject({
      cause: { type: 'LangGraphRefused', message: expect.stringContaining('HTTP 422: no such interrupt') },
    })
    const refused = 'HTTP 422: no such interrupt'
    const shown = { phase: 'interrupted', interrupts: [question], answer_refused: refused }
    expect(await stage.runs.progress(run.ids)).toMatchObject(shown)
    expect(await stage.detailsOf(run)).toContain(`the last answer was refused: \`${refused}\``)
    expect(await resume(run, { value: 'yes' })).toMatchObject({ run_id: followUp })

    expect(await handle.result()).toHaveProperty('result', values.values)
    expect(callsOf(run, 'createRun').map(({ argument }) => argument.run)).toMatchObject([
      { resume: { i1: 'nonsense' } },
      { resume: { i1: 'yes' } },
    ])
  })

  test('that finds LangGraph out of reach is given to it later', async () => {
    const run = asked([asking(question), ended('success')], [outage, 'busy', followUp])
    const handle = await waiting(run, { pollInterval: '5s' })
    const update = await stage.handleOf(run).startUpdate<ResumeReceipt, [ResumeInput]>('resume', {
      args: [{ value: 'yes' }],
      waitForStage: 'ACCEPTED',
    })
    expect(await handle.result()).toHaveProperty('result', values.values)
    expect(await update.result()).toMatchObject({ run_id: followUp })
  })

  test('after hours has all of `maxPollTime` to be given to it', async () => {
    const run = asked([asking(question), ended('success')], [outage, outage, outage, followUp])
    const handle = await waiting(run, { maxPollTime: '1m' })
    await stage.environment.sleep('3h')
    const update = await stage.handleOf(run).startUpdate<ResumeReceipt, [ResumeInput]>('resume', {
      args: [{ value: 'yes' }],
      waitForStage: 'ACCEPTED',
    })
    expect(await handle.result()).toMatchObject({ run_id: followUp, result: values.values })
    expect(await update.result()).toMatchObject({ run_id: followUp })
  })

  test('that LangGraph does not take in time fails, and the outcome says so', async () => {
    const run = asked([asking(question)], [outage])
    const handle = await waiting(run, { maxPollTime: '1m' })
    const update = await stage.handleOf(run).startUpdate<ResumeReceipt, [ResumeInput]>('resume', {
      args: [{ value: 'yes' }],
      waitForStage: 'ACCEPTED',
    })
    expect(await handle.result()).toMatchObject({
      polling_result: 'interrupted',
      error: `The answer could not be given to LangGraph within \`maxPollTime\`: ${outage.message}`,
      interrupts: [question],
    })
    await expect(update.result()).rejects.toMatchObject({ cause: { type: 'NotAsked' } })
  })

  test('to a question that the last look saw has all of `maxPollTime`', async () => {
    const run = asked([running, running, running, asking(question), running, running, ended('success')])
    const handle = await stage.startWatch(run, { ...wait, pollInterval: '20s', maxPollTime: '1m' })
    await stage.until(run, { phase: 'waiting' })
    await stage.environment.sleep('61s')
    await stage.until(run, { phase: 'interrupted' })
    await stage.environment.sleep('2h')

    await resume(run, { value: 'yes' })

    expect(await handle.result()).toMatchObject({ run_id: followUp, polling_metadata: { poll_count: 7 } })
  })

  test('of which nobody knows at `maxPollTime` whether LangGraph took it fails, and says so', async () => {
    const run = asked([asking(question)], [new CreationUnanswered(outage, 0)])
    const handle = await waiting(run, { maxPollTime: '1m' })
    const update = await stage.handleOf(run).startUpdate<ResumeReceipt, [ResumeInput]>('resume', {
      args: [{ value: 'yes' }],
      waitForStage: 'ACCEPTED',
    })
    expect(await handle.result()).toHaveProperty('error', expect.stringContaining('or it was'))
    await expect(update.result()).rejects.toMatchObject({
      cause: { type: 'LangGraphUnavailable', message: expect.stringContaining('not said whether it took the answer') },
    })
  })

  test('of which nobody knows at `maxPollTime` has its run looked for and cancelled, with `onPollTimeout`', async () => {
    let isCancelled = false
    const run = asked([], [], {
      getRunStatus: async ({ runId }) => {
        if (runId === run.ids.runId) return asking(question)
        return isCancelled ? ended('interrupted') : running
      },
      createRun: async ({ findOnly }) => {
        if (!findOnly) throw new CreationUnanswered(outage, 0)
        return { kind: 'created', threadId: run.ids.threadId, runId: followUp }
      },
      cancelRun: async () => {
        isCancelled = true
      },
    })
    const handle = await waiting(run, { maxPollTime: '1m', onPollTimeout: 'cancel_run' })
    await stage.handleOf(run).startUpdate('resume', { args: [{ value: 'yes' }], waitForStage: 'ACCEPTED' })

    expect(await handle.result()).toMatchObject({ run_id: followUp, cancellation: { result: 'cancelled' } })
    expect(callsOf(run, 'cancelRun').map(({ argument }) => argument.runId)).toEqual([followUp])
  })

  test('in a second watch of the same run is no earlier one', async () => {
    const run = asked([asking(question), ended('error'), asking(question), ended('error')])
    const keys = []
    for (const value of ['yes', 'no']) {
      const handle = await waiting(run)
      keys.push(await keyOf(run, 1))
      await resume(run, { value })
      await handle.result()
    }
    expect(keys[0]).not.toBe(keys[1])
    expect(callsOf(run, 'createRun').map(({ argument }) => argument.key)).toEqual(keys)
  })

  test('of a cancelled workflow, which got no answer, has its run looked for and cancelled', async () => {
    const lost = new CreationUnanswered(outage, 0)
    const run = asked([asking(question), running, ended('interrupted')], [lost, followUp])
    await waiting(run, { onCancel: 'cancel_run' })
    const handle = stage.handleOf(run)
    await handle.startUpdate('resume', { args: [{ value: 'yes' }], waitForStage: 'ACCEPTED' })
    await stage.until(run, { phase: 'waiting' })

    await handle.cancel()

    await expect(handle.result()).rejects.toThrow('cancelled')
    expect((await handle.describe()).memo).toMatchObject({ cancellation: { result: 'cancelled', run_id: followUp } })
    expect(callsOf(run, 'createRun')[1]?.argument).toMatchObject({ key: await keyOf(run, 1), findOnly: true })
  })
})

describe('an answer that nobody asked for is refused, and nothing is lost:', () => {
  const both = [question, second]
  test.each([
    { why: 'the question is unknown', look: asking(...both), input: { value: 1, interruptId: 'i9' }, says: '"i9"' },
    { why: 'it has no value', look: asking(question), input: {}, says: '`value` is missing' },
    { why: 'its value is null', look: asking(question), input: { value: null }, says: '`value` is missing' },
    {
      why: 'a breakpoint asks nothing',
      look: ended('success', { next: ['trade'] }),
      input: { value: 1 },
      says: 'asks',
    },
  ])('$why', async ({ look, input, says }) => {
    const run = asked([look])
    await waiting(run)

    const refused = resume(run, input)

    await expect(refused).rejects.toThrow(WorkflowUpdateFailedError)
    await expect(refused).rejects.toMatchObject({
      cause: { type: 'NotAsked', message: expect.stringContaining(says) },
    })
    expect(await stage.runs.progress(run.ids)).toMatchObject({ phase: 'interrupted' })
    expect(callsOf(run, 'createRun')).toEqual([])
  })

  test('this one has been answered already', async () => {
    const run = asked([asking(question, second), running])
    await waiting(run)
    await resume(run, { value: 'yes', interruptId: 'i1' })
    await expect(resume(run, { value: 'no', interruptId: 'i1' })).rejects.toMatchObject({ cause: { type: 'NotAsked' } })
    await resume(run, { value: 10 })
    expect(callsOf(run, 'createRun')[0]?.argument.run).toMatchObject({ resume: { i1: 'yes', i2: 10 } })
  })

  test('all together they are too large', async () => {
    const run = asked([asking(...both)])
    await waiting(run)
    const large = 'x'.repeat(300_000)
    await resume(run, { value: large, interruptId: 'i1' })
    await expect(resume(run, { value: large, interruptId: 'i2' })).rejects.toMatchObject({
      cause: { type: 'NotAsked', message: expect.stringContaining('All answers together are 600') },
    })
    expect(await resume(run, { value: 'short', interruptId: 'i2' })).toHaveProperty('open_interrupts', 0)
  })

  test('the run is still running', async () => {
    const run = asked([running])
    await stage.startWatch(run, { ...wait, pollInterval: '1h', maxPollTime: '1d' })
    await stage.until(run, { phase: 'waiting' })
    await expect(resume(run, { value: 1 })).rejects.toMatchObject({ cause: { type: 'NotAsked' } })
  })
})

describe('a question that nobody answers', () => {
  test('ends the watch after `humanTimeout`, with the question', async () => {
    const run = asked([asking(question)])
    const outcome = await stage.watch(run, { ...wait, humanTimeout: '1h' })
    expect(outcome).toMatchObject({
      polling_result: 'interrupted',
      status: 'interrupted',
      run_id: run.ids.runId,
      error: 'Nobody answered within 3600.0s (`humanTimeout`)',
      interrupts: [question],
      next: ['ask'],
      runs: [{ run_id: run.ids.runId, status: 'interrupted' }],
    })
    expect(outcome.polling_metadata).toHaveProperty('completion_time_seconds', expect.closeTo(3600, -2))
  })

  test('is looked for elsewhere after 10 s, and then ever less often, up to 5 min', async () => {
    const run = asked([asking(question)])
    await stage.watch(run, { ...wait, humanTimeout: '30m' })
    const times = callsOf(run, 'findLaterRun').map(({ atMs }) => atMs)
    const pauses = times.slice(1).map((atMs, n) => Math.round((atMs - (times[n] ?? 0)) / 1000))
    expect(pauses.slice(0, 8)).toEqual([10, 20, 40, 80, 160, 300, 300, 300])
  })

  test('is looked for at once when the watch is woken', async () => {
    const run = asked([asking(question)], [], {
      findLaterRun: laterRuns(null, { runId: followUp, resumes: false }),
    })
    const handle = await waiting(run)
    await stage.runs.wake(run.ids)
    expect(await handle.result()).toHaveProperty('error', expect.stringContaining('started over'))
    const [first, hinted] = callsOf(run, 'findLaterRun')
    expect((hinted?.atMs ?? 0) - (first?.atMs ?? 0)).toBeLessThan(9000)
  })

  test('is looked for again 1 s after a look that was woken, and failed', async () => {
    const startedOver = { runId: followUp, resumes: false } as const
    const run = asked([asking(question)], [], { findLaterRun: laterRuns(null, outage, startedOver) })
    const handle = await waiting(run)
    await stage.runs.wake(run.ids)
    expect(await handle.result()).toHaveProperty('error', expect.stringContaining('started over'))
    const [, failed, again] = callsOf(run, 'findLaterRun')
    expect((again?.atMs ?? 0) - (failed?.atMs ?? 0)).toBeLessThan(5000)
  })

  test('of a run whose creation a proxy has delivered twice is followed to the second run', async () => {
    const delivered = { runId: followUp, resumes: false, isOwn: true } as const
    const run = asked([asking(question), ended('success')], [], { findLaterRun: laterRuns(delivered) })
    expect(await stage.watch(run, wait)).toMatchObject({ run_id: followUp, result: values.values })
  })
})

describe('a question that somebody answers elsewhere', () => {
  test('is followed to the run that continues', async () => {
    const run = asked([asking(question), ended('success')], [], {
      findLaterRun: laterRuns(outage, null, { runId: followUp, resumes: true }),
    })
    const outcome = await stage.watch(run, wait)
    expect(outcome).toMatchObject({
      run_id: followUp,
      result: values.values,
      runs: [
        { run_id: run.ids.runId, status: 'interrupted', continued_by: 'elsewhere' },
        { run_id: followUp, status: 'success' },
      ],
    })
    const looked = { ...run.ids, deployment: 'default', asked: { interrupts: [question], next: ['ask'] } }
    expect(callsOf(run, 'findLaterRun')[0]?.argument).toEqual(looked)
  })

  test('is pointless if a run started over', async () => {
    const run = asked([asking(question)], [], { findLaterRun: laterRuns({ runId: followUp, resumes: false }) })
    expect(await stage.watch(run, wait)).toMatchObject({
      polling_result: 'interrupted',
      run_id: run.ids.runId,
      error: `Run ${followUp} started over on this thread without answering, so the question can no longer be answered`,
      interrupts: [question],
    })
  })

  test('faster than here is followed to that run, and the answer fails', async () => {
    const run = asked([asking(question), ended('success')], [{ runId: secondFollowUp, resumes: true }])
    const handle = await waiting(run)
    const answered = resume(run, { value: 'yes' })
    await expect(answered).rejects.toMatchObject({
      cause: { type: 'NotAsked', message: expect.stringContaining('Somebody else was faster') },
    })
    const { run_id, runs } = await handle.result()
    expect(run_id).toBe(secondFollowUp)
    expect(runs?.[0]).toMatchObject({ continued_by: 'elsewhere' })
  })

  test('in vain, because the run is gone, is not waited with', async () => {
    const run = asked([asking(question)], [], { findLaterRun: async () => ({ kind: 'gone' }) })
    expect(await stage.watch(run, { ...wait, humanTimeout: 'none' })).toMatchObject({
      polling_result: 'interrupted',
      error: 'The run, or its thread, is gone: nobody can answer it',
    })
  })
})

describe('the time that a human takes', () => {
  test('does not count as `maxPollTime`', async () => {
    const run = asked([asking(question), running])
    const handle = await waiting(run, { pollInterval: '10s', maxPollTime: '1m' })
    await stage.environment.sleep('3h')

    await resume(run, { value: 'yes' })

    const outcome = await handle.result()
    expect(outcome).toMatchObject({ status: 'polling_timeout', polling_metadata: { poll_count: 7 } })
    expect(outcome.polling_metadata).toHaveProperty('elapsed_seconds', expect.closeTo(10_860, -2))
  })

  test('may be weeks: the question, its answers and the ids of the updates last', async () => {
    const run = asked([asking(question, second), ended('success')])
    const handle = await waiting(run, { humanTimeout: '30 days' })
    const before = await stage.runs.progress(run.ids)
    const first = await resume(run, { value: 'yes', interruptId: 'i1' }, 'answer-1')

    await stage.environment.sleep('40h')

    expect(await stage.runs.progress(run.ids)).toMatchObject({
      phase: 'interrupted',
      interrupts: [second],
      human_deadline_at: before.human_deadline_at,
    })
    expect(await resume(run, { value: 'yes', interruptId: 'i1' }, 'answer-1')).toEqual(first)
    await resume(run, { value: 10 })
    expect(await handle.result()).toHaveProperty('result', values.values)
    expect((await stage.historiesOf(run)).length).toBeGreaterThan(1)
    expect(callsOf(run, 'createRun').map(({ argument }) => argument.run)).toMatchObject([
      { continues: run.ids.runId, resume: { i1: 'yes', i2: 10 } },
    ])
  })

  test('may see a worker stop and another start', async () => {
    const run = asked([asking(question, second), ended('success')])
    // Without a cache: the next worker would wait until the server gives up the one that has the workflow in its own.
    await stage.stopWorker()
    await stage.startWorker({ maxCachedWorkflows: 0 })
    const handle = await waiting(run)
    await resume(run, { value: 'yes', interruptId: 'i1' })
    await stage.stopWorker()
    await stage.startWorker()

    await resume(run, { value: 10 })

    expect(await handle.result()).toHaveProperty('result', values.values)
    expect(callsOf(run, 'createRun')[0]?.argument.run).toMatchObject({ resume: { i1: 'yes', i2: 10 } })
  })
})

testEveryHistory(() => stage)
