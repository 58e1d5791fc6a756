import { defaultPayloadConverter } from '@temporalio/common'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { langGraphFailureTypes } from '../../src/domain/contract.ts'
import type { Polled } from '../../src/domain/run.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { ended, running, values } from '../support/looks.ts'
import { Stage, answers, testEveryHistory } from '../support/time-skipping.ts'
import type { ScriptedRun } from '../support/time-skipping.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const swept: Polled = { ...running, swept: true }
const minuteMs = 60_000

function runThat(...looks: readonly (Polled | Error)[]): ScriptedRun {
  return stage.run({ getRunStatus: answers<Polled>(...looks), retrieveStreamValues: answers(values) })
}

async function sleepsOf(run: ScriptedRun): Promise<number[]> {
  const timers = await stage.timersOf(run)
  return timers.map(({ ms }) => ms)
}

function expectTenMinutes(ms: number | undefined): void {
  expect(Math.abs((ms ?? 0) / (10 * minuteMs) - 1), `${ms}`).toBeLessThan(0.101)
}

test('a swept watch sleeps 10 min, and goes back to its poll interval when the sweep is gone', async () => {
  const run = runThat(running, swept, swept, running, running, ended('success'))
  await stage.watch(run, {
    maxPollTime: '1 day',
    pollInterval: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1h' },
  })
  const [first, second, third, fourth, fifth] = await sleepsOf(run)
  expectTenMinutes(second)
  expectTenMinutes(third)
  // 2, 4 and 8 s, with their jitter.
  expect([first, fourth, fifth].map((ms) => Math.round(Math.log2((ms ?? 0) / 1000)))).toEqual([1, 2, 3])
})

test.each(['1s', '5h'] as const)('one exact interval becomes 10 min too: %s', async (pollInterval) => {
  const run = runThat(swept, ended('success'))
  await stage.watch(run, { maxPollTime: '1 day', pollInterval })
  const [sleep = 0] = await sleepsOf(run)
  expect(Math.abs(sleep / (10 * minuteMs) - 1)).toBeLessThan(0.101)
})

test('a poll without an answer is repeated as usual', async () => {
  const run = runThat(swept, new LangGraphError(langGraphFailureTypes.unavailable, 'away'), swept, ended('success'))
  await stage.watch(run, { maxPollTime: '1 day' })
  const [, second] = await sleepsOf(run)
  expect(second).toBeLessThan(1200)
})

test('the deadline cuts the sleep', async () => {
  const run = runThat(swept)
  const outcome = await stage.watch(run, { maxPollTime: '5m' })
  expect(outcome).toMatchObject({ status: 'polling_timeout', polling_metadata: { poll_count: 2, max_poll_time: 300 } })
  expect(run.calls.at(-1)?.atMs).toBeLessThan((run.calls[0]?.atMs ?? 0) + 302_000)
})

test('`stuckAfter` cuts the sleep', async () => {
  const run = runThat(swept)
  const outcome = await stage.watch(run, { maxPollTime: '1 day', stuckAfter: '3m' })
  expect(outcome).toMatchObject({
    status: 'polling_error',
    error: expect.stringContaining('stuck'),
    polling_metadata: { poll_count: 2 },
  })
  expect(await sleepsOf(run)).toEqual([3 * minuteMs])
})

test('a wake cuts the sleep', async () => {
  const run = runThat(swept, ended('success'))
  const handle = await stage.startWatch(run, { maxPollTime: '1 day' })
  await stage.until(run, { phase: 'waiting', swept: true, poll_count: 1 })
  await stage.runs.wake(run.ids)
  expect(await handle.result()).toMatchObject({ polling_metadata: { poll_count: 2 } })
  const [timer] = await stage.timersOf(run)
  expect(timer).toMatchObject({ end: 'cancelled' })
})

test('progress and the details say that the watch is swept, while it is', async () => {
  const run = runThat(running, swept, running)
  await stage.startWatch(run, { pollInterval: '1 day', maxPollTime: 'none' })
  await stage.until(run, { phase: 'waiting', poll_count: 1 })
  expect(await stage.runs.progress(run.ids)).not.toHaveProperty('swept')
  await stage.runs.wake(run.ids)
  await stage.until(run, { phase: 'waiting', poll_count: 2, swept: true })
  expect(await stage.detailsOf(run)).toContain(', or when the sweep sees a change')
  await stage.runs.wake(run.ids)
  await stage.until(run, { phase: 'waiting', poll_count: 3 })
  expect(await stage.runs.progress(run.ids)).not.toHaveProperty('swept')
})

/** What the workflow has put into its memo, event by event. */
async function memosOf(run: ScriptedRun): Promise<unknown[]> {
  const histories = await stage.historiesOf(run)
  const upserts = histories
    .flatMap(({ events }) => events ?? [])
    .map((event) => event.workflowPropertiesModifiedEventAttributes)
  return upserts.flatMap((upsert) => {
    const payload = upsert?.upsertedMemo?.fields?.['langgraph']
    return payload ? [defaultPayloadConverter.fromPayload(payload)] : []
  })
}

const unnamed: Polled = { ...swept, isRunUnnamed: true }

/** An execution, whose workflow id does not name its run. */
function executionThat(...looks: readonly Polled[]): ScriptedRun {
  return stage.run(({ threadId, runId }) => ({
    createRun: async () => ({ kind: 'created', threadId, runId }),
    getRunStatus: answers<Polled>(...looks),
    retrieveStreamValues: answers(values),
  }))
}

test('the memo names the run once if the workflow id does not', async () => {
  const run = executionThat(running, unnamed, unnamed, ended('success'))
  await stage.execute(run, { maxPollTime: '1 day' })
  const { threadId, runId } = run.ids
  expect(await memosOf(run)).toEqual([{ deployment: 'default', thread_id: threadId, run_id: runId }])
})

test('a memo that is kept up to date names the run too, and is changed with the state alone', async () => {
  const kept: Polled = { ...unnamed, memo: true }
  const run = executionThat(kept, kept, { ...ended('success'), memo: true })
  await stage.execute(run, { maxPollTime: '1 day' })
  const { threadId, runId } = run.ids
  const known = { deployment: 'default', assistant: 'agent', thread_id: threadId, run_id: runId }
  expect(await memosOf(run)).toEqual([
    { ...known, state: 'waiting', state_since: expect.any(String) },
    { ...known, state: 'success', state_since: expect.any(String) },
  ])
})

test('the memo outlives continue-as-new, which may come while the watch sleeps', async () => {
  const run = executionThat(unnamed, unnamed, ended('success'))
  const handle = await stage.startExecution(run, { maxPollTime: '1 day' })
  await stage.until(run, { phase: 'waiting', swept: true, poll_count: 1 })
  const [memo] = await memosOf(run)
  const { runId } = await stage.handleOf(run).describe()
  const sent = Array.from({ length: 550 }, () => handle.signal('of a stranger', 'x'.repeat(4096)))
  await Promise.all(sent)
  await vi.waitFor(async () => expect((await stage.handleOf(run).describe()).runId).not.toBe(runId), {
    timeout: 10_000,
  })
  expect((await stage.handleOf(run).describe()).memo).toEqual({ langgraph: memo })
  await stage.runs.wake({ workflowId: handle.workflowId })
  expect(await handle.result()).toMatchObject({ polling_metadata: { poll_count: 3 } })
})

test('without a sweep, or with an id that names the run, the memo costs nothing', async () => {
  const execution = executionThat(running, ended('success'))
  await stage.execute(execution)
  const watch = runThat(swept, ended('success'))
  await stage.watch(watch, { maxPollTime: '1 day' })
  expect([await memosOf(execution), await memosOf(watch)]).toEqual([[], []])
})

testEveryHistory(() => stage)
