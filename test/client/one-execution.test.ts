import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { connect } from '../../src/cli/temporal.ts'
import type { Temporal } from '../../src/cli/temporal.ts'
import { BackgroundRuns } from '../../src/client.ts'
import { cancelRunUpdateName, watchWorkflowId } from '../../src/domain/contract.ts'

// No worker is needed: what is started here is terminated, and another one is started under the same id.
const taskQueue = randomUUID()
let client: Client
let runs: BackgroundRuns
let temporal: Temporal

beforeAll(async () => {
  const address = inject('temporalAddress')
  client = new Client({ connection: await Connection.connect({ address }) })
  runs = new BackgroundRuns(client, { taskQueue })
  temporal = await connect({ TEMPORAL_ADDRESS: address, TEMPORAL_TASK_QUEUE: taskQueue })
})
afterAll(() => client.connection.close())

const newRun = () => ({ threadId: randomUUID(), runId: randomUUID() })

test('the handle of a watch has the result of that watch, not of a later one', async () => {
  const run = newRun()
  const [first, attached] = [await runs.startWatch(run), await runs.startWatch(run)]
  await first.terminate('the first')

  const later = await runs.startWatch(run)

  for (const handle of [first, attached]) await expect(handle.result()).rejects.toThrow('the first')
  expect((await later.describe()).status.name).toBe('RUNNING')
  await later.terminate()
})

test('the handle of an execution has its result, not that of a later one', async () => {
  const workflowId = randomUUID()
  const first = await runs.startExecution(workflowId, { assistantId: 'trading' })
  await first.terminate('the first')

  const later = await client.workflow.start('executeRun', {
    taskQueue,
    workflowId,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    args: [{ assistantId: 'trading' }],
  })

  await expect(first.result()).rejects.toThrow('the first')
  await later.terminate()
})

test('the command line neither waits for nor updates an execution that it has not found', async () => {
  const run = newRun()
  const first = await runs.startWatch(run)
  const open = await temporal.find(watchWorkflowId(run))
  await first.terminate('the first')
  const closed = await temporal.find(watchWorkflowId(run))
  const later = await runs.startWatch(run)

  for (const found of [open, closed]) {
    const handle = found && temporal.handleOf(found)
    await expect(handle?.result()).rejects.toThrow('the first')
    await expect(handle?.executeUpdate(cancelRunUpdateName)).rejects.toBeInstanceOf(WorkflowNotFoundError)
  }
  expect((await later.describe()).status.name).toBe('RUNNING')
  await later.terminate()
})
