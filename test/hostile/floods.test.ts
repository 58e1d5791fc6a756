import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { WatchProgress } from '../../src/client.ts'
import { failureTypes, langGraphFailureTypes } from '../../src/domain/contract.ts'
import { ended, running } from '../support/looks.ts'
import { startScriptedWorker } from '../support/scripted-worker.ts'
import type { ScriptedWorker } from '../support/scripted-worker.ts'

const unknown = ApplicationFailure.nonRetryable(
  'Deployment "default" is not configured',
  failureTypes.unknownDeployment,
)
const sent = { creation_sent: true, may_arrive_for_ms: 0 }
const unanswered = ApplicationFailure.nonRetryable('no answer', langGraphFailureTypes.timeout, sent)
/** The threads whose run has ended. */
const finished = new Set<string>()
/** The threads for which a worker that knows the deployment was asked for a run. */
const created = new Set<string>()
let retrievals = 0
let worker: ScriptedWorker

async function notKnown(): Promise<never> {
  throw unknown
}

beforeAll(async () => {
  worker = await startScriptedWorker({
    getRunStatus: async ({ threadId }: { threadId: string }) => (finished.has(threadId) ? ended('success') : running),
    retrieveThreadState: () => {
      retrievals += 1
      return notKnown()
    },
    cancelRun: notKnown,
    createRun: async ({ threadId }: { threadId: string }) => {
      if (created.has(threadId)) throw unknown
      created.add(threadId)
      throw unanswered
    },
  })
})
afterAll(() => worker.stop())

async function begin(workflow: string, input: object): Promise<WorkflowHandle> {
  const workflowId = randomUUID()
  const { client, taskQueue } = worker
  await client.workflow.start(workflow, { taskQueue, workflowId, args: [input] })
  return client.workflow.getHandle(workflowId)
}

async function until(handle: WorkflowHandle, progress: Partial<WatchProgress>): Promise<void> {
  await vi.waitFor(async () => expect(await handle.query('progress')).toMatchObject(progress), 20_000)
}

async function untilContinued(handle: WorkflowHandle, runId: string): Promise<void> {
  await vi.waitFor(async () => expect((await handle.describe()).runId).not.toBe(runId), 30_000)
}

/** Signals that nobody asked for, of 100 KB each. Temporal ends a workflow after 524 of them. */
async function flood(handle: WorkflowHandle, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await handle.signal(`unknown-${n}`, 'x'.repeat(100_000))
}

/** 3.5 MB: a watch continues as new after 4 MB. */
const some = 35
/** 40 MB: more than a cancellation takes before it gives up, and less than Temporal allows. */
const nearTheLimit = 400

describe('while no worker knows the deployment, megabytes of signals', { timeout: 120_000 }, () => {
  test('cut the pause of a retrieval: the watch continues as new', async () => {
    const threadId = randomUUID()
    finished.add(threadId)
    const handle = await begin('watchRun', { threadId, runId: randomUUID(), retrievalOrder: ['thread_state'] })
    await until(handle, { phase: 'retrieving', last_error: unknown.message })
    const { runId } = await handle.describe()
    await flood(handle, some)
    const before = retrievals
    // The pauses grow: the next one is longer than a flood takes on a busy machine.
    await vi.waitFor(() => expect(retrievals).toBeGreaterThan(before + 1), 30_000)
    await flood(handle, some)
    await untilContinued(handle, runId)
    const { events } = await worker.client.workflow.getHandle(handle.workflowId, runId).fetchHistory()
    const started = events?.filter(({ timerStartedEventAttributes: timer }) => timer)
    const fired = events?.filter(({ timerFiredEventAttributes: timer }) => timer)
    expect(fired?.length).toBe(Number(started?.length) - 1)
    await until(handle, { phase: 'retrieving', last_error: unknown.message })
    await handle.terminate()
  })

  test('make the update `cancelRun` give up before Temporal ends the watch, which continues as new', async () => {
    const handle = await begin('watchRun', { threadId: randomUUID(), runId: randomUUID(), pollInterval: '1h' })
    await until(handle, { phase: 'waiting' })
    const { runId } = await handle.describe()
    const update = await handle.startUpdate('cancelRun', { args: [], waitForStage: 'ACCEPTED' })
    await until(handle, { last_error: unknown.message })
    await flood(handle, nearTheLimit)
    expect(await update.result()).toMatchObject({ result: 'cancel_unconfirmed', error: unknown.message })
    await untilContinued(handle, runId)
    await handle.terminate()
  })

  test('make a cancelled execution end, which says that a run may have been created', async () => {
    const input = { assistantId: 'agent', threadId: randomUUID(), maxPollTime: '30d', onCancel: 'cancel_run' }
    const handle = await begin('executeRun', input)
    await until(handle, { last_error: unknown.message })
    await handle.cancel()
    await flood(handle, nearTheLimit).catch(() => undefined)
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    const { memo } = await handle.describe()
    expect(memo).toMatchObject({
      cancellation: { result: 'cancel_unconfirmed', error: expect.stringContaining('A run may have been created') },
    })
  })
})
