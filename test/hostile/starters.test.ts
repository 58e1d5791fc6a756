import { randomUUID } from 'node:crypto'
import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { WatchProgress } from '../../src/client.ts'
import { byStarter } from '../support/handed-over.ts'
import { startScriptedWorker } from '../support/scripted-worker.ts'
import type { ScriptedWorker } from '../support/scripted-worker.ts'

const polled: unknown[] = []
let worker: ScriptedWorker

beforeAll(async () => {
  worker = await startScriptedWorker({
    getRunStatus: async (run: unknown) => {
      polled.push(run)
      return { status: 'running' }
    },
  })
})
afterAll(() => worker.stop())

function start(workflowId: string, ...args: readonly unknown[]): Promise<WorkflowHandle> {
  return worker.client.workflow.start('watchRun', { taskQueue: worker.taskQueue, workflowId, args: [...args] })
}

const ids = () => ({ threadId: randomUUID(), runId: randomUUID() })

describe('a second argument', () => {
  const stolen = { threadId: randomUUID(), runId: randomUUID(), deployment: 'of-others' }
  const polls = { count: 0, sleeps: 0, failedInARow: 0, unreadableInARow: 0 }
  const flags = { isWoken: false, hasBeenReached: false, isDeploymentKnown: false }
  /** As a watch hands it over. Of the wrong ones each is wrong in one thing only. */
  const memory = { startedAtMs: 0, run: stolen, chain: [], polls, creation: {}, handledResumes: [], ...flags }

  test.each([
    { what: 'a number', carried: 5 },
    { what: 'nothing', carried: {} },
    { what: 'the memory of another watch', carried: memory },
  ])('of a starter counts as none: $what', async ({ carried }) => {
    const run = ids()
    const handle = await start(`${byStarter}${randomUUID()}`, { ...run, pollInterval: '1h' }, carried)
    await vi.waitFor(() => expect(polled).toContainEqual({ ...run, deployment: 'default' }), { timeout: 20_000 })
    expect(JSON.stringify(polled)).not.toContain(stolen.threadId)
    await handle.terminate()
  })

  test.each([
    { what: 'a number', carried: 5 },
    { what: 'nothing', carried: {} },
    { what: 'a run without ids', carried: { ...memory, run: { ...stolen, runId: '../x' } } },
    { what: 'lists that are none', carried: { ...memory, chain: 5 } },
    { what: 'a question that is none', carried: { ...memory, question: 5 } },
    { what: 'no time', carried: { ...memory, startedAtMs: 'x' } },
    { what: 'no numbers', carried: { ...memory, polls: { ...polls, sleeps: 'x' } } },
  ])('of another workflow that continued as this one is refused: $what', async ({ carried }) => {
    const handle = await start(randomUUID(), ids(), carried)
    await expect(handle.result()).rejects.toMatchObject({
      cause: {
        type: 'InvalidInput',
        message: expect.stringContaining('the second argument is not what a watch hands over'),
      },
    })
  })
})

test(
  'a watch that sleeps continues as new when others send it megabytes of signals',
  { timeout: 120_000 },
  async () => {
    const run = ids()
    const workflowId = randomUUID()
    await start(workflowId, { ...run, pollInterval: '1h', maxPollTime: 'none' })
    const latest = worker.client.workflow.getHandle(workflowId)
    const { runId } = await latest.describe()
    const progress = () => latest.query<WatchProgress>('progress')
    await vi.waitFor(async () => expect(await progress()).toMatchObject({ phase: 'waiting' }), { timeout: 20_000 })
    const before = await progress()
    for (let sent = 0; sent < 60; sent += 1) await latest.signal(`unknown-${sent}`, 'x'.repeat(100_000))
    await vi.waitFor(async () => expect((await latest.describe()).runId).not.toBe(runId), {
      timeout: 60_000,
    })
    await vi.waitFor(async () => expect(await progress()).toMatchObject({ phase: 'waiting' }), { timeout: 20_000 })
    const after = await progress()
    expect(after.started_at).toBe(before.started_at)
    expect(after.poll_count).toBeLessThanOrEqual(before.poll_count + 2)
    expect((await latest.describe()).historySize).toBeLessThan(5_000_000)
    await latest.terminate()
  },
)
