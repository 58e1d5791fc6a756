import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { Creation } from '../../src/domain/creation.ts'
import type { Retrieved } from '../../src/domain/retrieved.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { UnknownDeploymentError } from '../../src/langgraph/deployments.ts'
import { NotAsked } from '../../src/langgraph/pace.ts'
import { ended, running, values } from '../support/looks.ts'
import { answers, failureOf, Stage, testEveryHistory } from '../support/time-skipping.ts'

// A worker that does not know the deployment: a deploy is in progress, or its configuration is wrong. And one that knows it,
// but may not ask it now.

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const unknown = new UnknownDeploymentError('Deployment "research" is not configured on this worker')
const outage = new LangGraphError(types.unavailable, 'HTTP 503', { status: 503 })
const mayNotAsk = new NotAsked('status from deployment "research": not asked, since it asked for a pause', 4000)
const often = (error: Error) => Array.from({ length: 40 }, () => error)
const asking = ended('success', { next: ['ask'], interrupts: [{ id: 'i1', value: 'sure?' }] })
const followUp = '0199a1b2-c3d4-7e5f-8a9b-0000000000f1'

describe.each([
  { because: 'no worker knows the deployment', unasked: unknown },
  { because: 'no worker may ask the deployment', unasked: mayNotAsk },
])('while $because', ({ unasked }) => {
  test('a watch that was answered once waits, and shows why', async () => {
    const shown: unknown[] = []
    const look = async () => {
      shown.push(await stage.runs.progress(run.ids))
      return ended('success')
    }
    const run = stage.run({
      getRunStatus: answers<RunLook>(running, ...often(unasked), look),
      retrieveStreamValues: answers(values),
    })
    expect(await stage.watch(run, { maxPollTime: 'none' })).toHaveProperty('result', values.values)
    expect(shown).toMatchObject([{ status: 'running', last_error: unasked.message }])
  })

  test('a creation is tried again, and no run is created twice', async () => {
    const run = stage.run((ids) => ({
      createRun: answers<Creation>({ kind: 'busy', threadId: ids.threadId, reason: 'r0' }, ...often(unasked), {
        kind: 'created',
        ...ids,
      }),
      getRunStatus: answers(ended('success')),
      retrieveStreamValues: answers(values),
    }))
    expect(await stage.execute(run, { maxPollTime: 'none' })).toHaveProperty('result', values.values)
  })

  test('a question stays open, and its answer is given later', async () => {
    const run = stage.run(({ threadId }) => ({
      getRunStatus: answers(asking, ended('success')),
      findLaterRun: async () => {
        throw unasked
      },
      createRun: answers<Creation>(...often(unasked), { kind: 'created', threadId, runId: followUp }),
      retrieveStreamValues: answers(values),
    }))
    const handle = await stage.startWatch(run, { onInterrupt: 'wait', maxPollTime: 'none' })
    await stage.until(run, { phase: 'interrupted', last_error: unasked.message })
    await stage.handleOf(run).startUpdate('resume', { args: [{ value: 'yes' }], waitForStage: 'ACCEPTED' })
    expect(await handle.result()).toMatchObject({ run_id: followUp, result: values.values })
  })

  test('a cancellation is not lost', async () => {
    let isCancelled = false
    const cancel = answers<{ readonly isCancelled: true }>(...often(unasked), { isCancelled: true })
    const run = stage.run({
      getRunStatus: async () => (isCancelled ? ended('interrupted') : running),
      cancelRun: async () => {
        ;({ isCancelled } = await cancel())
      },
    })
    await stage.startWatch(run, { pollInterval: '1h', maxPollTime: '30d', onCancel: 'cancel_run' })
    await stage.until(run, { phase: 'waiting' })
    await stage.handleOf(run).cancel()
    await expect(stage.handleOf(run).result()).rejects.toThrow('cancelled')
    const { memo } = await stage.handleOf(run).describe()
    expect(memo).toMatchObject({ cancellation: { result: 'cancelled', status: 'interrupted' } })
  })

  test('a result is retrieved later, however long that takes', async () => {
    const run = stage.run({
      getRunStatus: answers(ended('success')),
      retrieveThreadState: answers<Retrieved>(...often(unasked), { found: 'values', values: { signal: 'BUY' } }),
    })
    const outcome = await stage.watch(run, { retrievalOrder: ['thread_state'] })
    expect(outcome).toMatchObject({
      result: { signal: 'BUY' },
      retrieval_metadata: { attempts: [{ strategy: 'thread_state', outcome: 'used' }] },
    })
  })
})

test('a retrieval waits until it may ask, without losing its time', async () => {
  const run = stage.run({
    getRunStatus: answers(ended('success')),
    retrieveStreamValues: answers<Retrieved>(...often(mayNotAsk), values),
  })
  const handle = await stage.startUnchecked('retrieveRunResult', [{ ...run.ids, retrievalTimeout: '10s' }])
  expect(await handle.result()).toMatchObject({
    result: values.values,
    retrieval_metadata: { attempts: [{ strategy: 'stream_values', outcome: 'used' }] },
  })
})

describe('a deployment that no worker has ever known', () => {
  test('fails a watch after two minutes of it, however long its interval is', async () => {
    const run = stage.run({ getRunStatus: answers<RunLook>(unknown) })
    const handle = await stage.startWatch(run, { pollInterval: '1h', maxPollTime: 'none' })
    expect(await failureOf(handle.result())).toMatchObject({ type: 'UnknownDeployment', nonRetryable: true })
    const tookMs = (run.calls.at(-1)?.atMs ?? 0) - (run.calls[0]?.atMs ?? 0)
    expect(tookMs).toBeGreaterThan(119_900)
    expect(tookMs).toBeLessThan(125_000)
  })

  test('fails an execution, which says that it has created no run', async () => {
    const run = stage.run({ createRun: answers<Creation>(unknown) })
    const handle = await stage.startExecution(run, { maxPollTime: 'none' })
    const failure = await failureOf(handle.result())
    expect(failure).toMatchObject({ type: 'UnknownDeployment', details: [{ run_created: false }] })
  })

  test('fails a look, and a retrieval, at once', async () => {
    const run = stage.run({ getRunStatus: answers<RunLook>(unknown) })
    for (const type of ['readRunStatus', 'retrieveRunResult']) {
      const handle = await stage.startUnchecked(type, [run.ids])
      expect(await failureOf(handle.result())).toMatchObject({ type: 'UnknownDeployment' })
    }
    expect(run.calls.map(({ attempt }) => attempt)).toEqual([1, 1])
  })

  test('is waited for once a worker has said anything else', async () => {
    const run = stage.run({ getRunStatus: answers<RunLook>(outage, ...often(unknown), ended('error')) })
    expect(await stage.watch(run, { maxPollTime: 'none' })).toMatchObject({ status: 'error' })
  })
})

testEveryHistory(() => stage)
