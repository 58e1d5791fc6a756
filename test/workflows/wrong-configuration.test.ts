import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Cancellation, CancelRunInput } from '../../src/client.ts'
import { ThreadMissing } from '../../src/activities/missing-thread.ts'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { Creation, Later } from '../../src/domain/creation.ts'
import type { Retrieved } from '../../src/domain/retrieved.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { CreationUnanswered } from '../../src/langgraph/creation.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { ended, running, values } from '../support/looks.ts'
import { answers, failureOf, Stage, testEveryHistory } from '../support/time-skipping.ts'
import type { Answer, Script, ScriptedRun } from '../support/time-skipping.ts'

// A worker with a wrong URL or key, in a watch that LangGraph has answered: the next worker may have the right one.

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const missing = new ThreadMissing(types.notFound, 'status from deployment "default": HTTP 404', { status: 404 })
const outage = new LangGraphError(types.unavailable, 'HTTP 503', { status: 503 })
const wrongKey = new LangGraphError(types.unauthorized, 'HTTP 401', { status: 401 })
const asking = ended('success', { next: ['ask'], interrupts: [{ id: 'i1', value: 'sure?' }] })
const followUp = '0199a1b2-c3d4-7e5f-8a9b-0000000000f1'
const nowhere: Retrieved = { found: 'nothing', reason: 'HTTP 404', threadMissing: true }
const times = <T>(n: number, one: T): T[] => Array.from({ length: n }, () => one)

function polled(...looks: readonly Answer<RunLook>[]): ScriptedRun {
  return stage.run({ getRunStatus: answers(...looks), retrieveStreamValues: answers(values) })
}

function succeeded(script: Script, look: RunLook = ended('success')): ScriptedRun {
  return stage.run({ getRunStatus: answers(look), ...script })
}

/** Between the first and the last of these calls. */
function spanMs({ calls }: ScriptedRun, first: number): number {
  return (calls.at(-1)?.atMs ?? 0) - (calls[first]?.atMs ?? 0)
}

describe('a poll that finds neither the run nor its thread', () => {
  test('after a good answer is shown and waited out, as other outages are', async () => {
    const shown: unknown[] = []
    const look = async () => {
      shown.push(await stage.runs.progress(run.ids))
      return ended('success')
    }
    const run = polled(running, ...times(4, missing), look)
    const outcome = await stage.watch(run, { pollInterval: '1m' })
    expect(outcome).toMatchObject({ result: values.values, polling_metadata: { poll_count: 6 } })
    expect(shown).toMatchObject([{ status: 'running', last_error: missing.message }])
    expect((await stage.timersOf(run)).map(({ ms }) => ms)).toEqual([60_000, 1000, 2000, 4000, 8000])
  })

  test('ends the watch at the first poll after two minutes of it, however long its interval is', async () => {
    const run = polled(running, missing)
    expect(await stage.watch(run, { pollInterval: '1h', maxPollTime: 'none' })).toMatchObject({
      polling_result: 'error',
      status: 'polling_error',
      error: `${missing.message}. At an earlier poll it was there, with status running`,
    })
    expect(spanMs(run, 1)).toBeGreaterThan(119_900)
    expect(spanMs(run, 1)).toBeLessThan(130_000)
  })

  test.each<{ what: string; between: Answer<RunLook> }>([
    { what: 'a good answer', between: running },
    { what: 'an outage', between: outage },
  ])('has two minutes again after $what', async ({ between }) => {
    const run = polled(running, ...times(11, missing), between, ...times(11, missing), ended('success'))
    const outcome = await stage.watch(run, { pollInterval: '10s', maxPollTime: 'none' })
    expect(spanMs(run, 1)).toBeGreaterThan(150_000)
    expect(outcome).toHaveProperty('result', values.values)
  })

  test('ends the watch of a stateless run at once: it has ended, and its server keeps neither', async () => {
    const run = polled({ ...running, isStateless: true }, missing)
    expect(await stage.watch(run)).toMatchObject({ status: 'polling_error', polling_metadata: { poll_count: 2 } })
  })

  test('ends a watch at once that LangGraph has never answered', async () => {
    const run = polled(missing)
    expect(await stage.watch(run)).toMatchObject({ status: 'polling_error', polling_metadata: { poll_count: 1 } })
  })

  test('is waited out after the answer that created the run', async () => {
    const run = stage.run((ids) => ({
      createRun: answers<Creation>({ kind: 'created', ...ids }),
      getRunStatus: answers<RunLook>(missing, missing, ended('success')),
      retrieveStreamValues: answers(values),
    }))
    expect(await stage.execute(run)).toHaveProperty('result', values.values)
  })

  test('ends a watch at once whose run was asked to stop', async () => {
    let isCancelled = false
    const run = stage.run({
      getRunStatus: async () => {
        if (isCancelled) throw missing
        return running
      },
      cancelRun: async () => {
        isCancelled = true
      },
    })
    const handle = await stage.startWatch(run, { pollInterval: '1h', maxPollTime: '1d' })
    await stage.until(run, { phase: 'waiting' })
    await handle.startUpdate<Cancellation, [CancelRunInput]>('cancelRun', {
      args: [{ action: 'rollback' }],
      waitForStage: 'ACCEPTED',
    })
    expect(await handle.result()).toMatchObject({
      cancelled: true,
      error: expect.stringContaining('rolled back'),
      polling_metadata: { poll_count: 2 },
    })
  })
})

describe('while a human is asked, and neither the run nor its thread is found', () => {
  const neither =
    "LangGraph has neither the run nor its thread: if nobody has deleted the thread, correct the deployment's URL in the worker's configuration"
  const gone: Later = { kind: 'gone', threadMissing: true }

  async function asked(script: (ids: ScriptedRun['ids']) => Script) {
    const run = stage.run((ids) => ({
      getRunStatus: answers(asking, ended('success')),
      retrieveStreamValues: answers(values),
      ...script(ids),
    }))
    const handle = await stage.startWatch(run, { onInterrupt: 'wait', maxPollTime: 'none', pollInterval: '10s' })
    await stage.until(run, { phase: 'interrupted', last_error: neither })
    return { run, handle }
  }

  test('the question stays open, and its answer is given later', async () => {
    const { run, handle } = await asked(({ threadId }) => ({
      findLaterRun: answers<Later>(gone),
      createRun: answers<Creation>(...times(5, missing), { kind: 'created', threadId, runId: followUp }),
    }))
    await stage.handleOf(run).startUpdate('resume', { args: [{ value: 'yes' }], waitForStage: 'ACCEPTED' })
    expect(await handle.result()).toMatchObject({ run_id: followUp, result: values.values })
  })

  test('an answer that may have been given is looked for, however long that takes', async () => {
    const lost = new CreationUnanswered(outage, 6000)
    const { run, handle } = await asked(({ threadId }) => ({
      findLaterRun: answers<Later>(gone),
      createRun: answers<Creation>(lost, ...times(40, missing), { kind: 'created', threadId, runId: followUp }),
    }))
    await stage.handleOf(run).startUpdate('resume', { args: [{ value: 'yes' }], waitForStage: 'ACCEPTED' })
    expect(await handle.result()).toMatchObject({ run_id: followUp, result: values.values })
    // The tries stay apart after two minutes too.
    const tries = run.calls.filter(({ activity }) => activity === 'createRun').map(({ atMs }) => atMs)
    expect((tries.at(-1) ?? 0) - (tries.at(-2) ?? 0)).toBeGreaterThanOrEqual(9000)
  })

  test('an answer given elsewhere is found later', async () => {
    const by = { runId: followUp, resumes: true }
    const { handle } = await asked(() => ({
      findLaterRun: answers<Later>(...times(9, gone), { kind: 'later', by }),
    }))
    expect(await handle.result()).toMatchObject({ run_id: followUp, result: values.values })
  })

  test('the watch ends after two minutes of it', async () => {
    const { run, handle } = await asked(() => ({ findLaterRun: answers<Later>(gone) }))
    expect(await handle.result()).toMatchObject({
      polling_result: 'interrupted',
      error: expect.stringContaining('is gone: nobody can answer it'),
    })
    expect(spanMs(run, 1)).toBeGreaterThan(119_900)
    expect(spanMs(run, 1)).toBeLessThan(135_000)
  })
})

describe('a retrieval', () => {
  const options = { retrievalOrder: ['thread_state'] } as const

  test.each<{ what: string; answer: Answer<Retrieved> }>([
    { what: 'the server lacks the thread', answer: nowhere },
    { what: 'the key is refused', answer: wrongKey },
  ])('is repeated after `retrievalTimeout` too while $what', async ({ answer }) => {
    const run = succeeded({ retrieveThreadState: answers(...times(6, answer), values) })
    const outcome = await stage.watch(run, options)
    expect(outcome).toMatchObject({
      result: values.values,
      retrieval_metadata: { attempts: [{ strategy: 'thread_state', outcome: 'used' }] },
    })
    expect((await stage.timersOf(run)).map(({ ms }) => ms)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000])
  })

  test('waits for a key that is right, however long that takes', async () => {
    const run = succeeded({ retrieveThreadState: answers<Retrieved>(...times(60, wrongKey), values) })
    expect(await stage.watch(run, options)).toHaveProperty('result', values.values)
  })

  test('ends after two minutes without the thread', async () => {
    const run = succeeded({ retrieveThreadState: answers(nowhere) })
    expect(await stage.watch(run, options)).toMatchObject({
      polling_result: 'success_no_results',
      error: expect.stringContaining('All result retrieval strategies failed: Strategy thread_state failed: HTTP 404'),
    })
    expect(spanMs(run, 1)).toBeGreaterThan(119_900)
    expect(spanMs(run, 1)).toBeLessThan(125_000)
  })

  test('ends in its time if the key has never opened the state', async () => {
    const unreadable: RunLook = { status: 'success', ending: { kind: 'unreadable', reason: 'HTTP 401' } }
    const run = succeeded({ retrieveThreadState: answers<Retrieved>(wrongKey) }, unreadable)
    expect(await stage.watch(run, options)).toMatchObject({
      polling_result: 'success_no_results',
      error: expect.stringContaining('timed out after 30.0s'),
    })
  })

  test('without a watch ends in its time', async () => {
    const run = succeeded({ retrieveThreadState: answers<Retrieved>(wrongKey) })
    const handle = await stage.startUnchecked('retrieveRunResult', [{ ...run.ids, ...options }])
    expect(await failureOf(handle.result())).toMatchObject({ type: 'ResultRetrievalError' })
  })
})

testEveryHistory(() => stage)
