import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startScriptedWorker } from '../support/scripted-worker.ts'
import type { ScriptedWorker } from '../support/scripted-worker.ts'

const namespace = 'default'
/** ALLOW_DUPLICATE */
const workflowIdReusePolicy = 1
let worker: ScriptedWorker

beforeAll(async () => {
  worker = await startScriptedWorker()
})
afterAll(() => worker.stop())

/** As a starter in another language may do it, whatever it takes for JSON. */
async function start(workflowId: string, encoding: string, data: string): Promise<void> {
  await worker.connection.workflowService.startWorkflowExecution({
    namespace,
    workflowId,
    requestId: randomUUID(),
    workflowType: { name: 'watchRun' },
    taskQueue: { name: worker.taskQueue },
    workflowIdReusePolicy,
    input: { payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }] },
  })
}

async function failedTasks(workflowId: string): Promise<readonly (string | null | undefined)[]> {
  const { events } = await worker.client.workflow.getHandle(workflowId).fetchHistory()
  return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
    failed ? [failed.failure?.message] : [],
  )
}

describe('an argument that no data converter can read', () => {
  test.each([
    { what: 'NaN', encoding: 'json/plain', data: '{"threadId":NaN}' },
    { what: 'broken JSON', encoding: 'json/plain', data: '{"threadId":' },
    { what: 'another encoding', encoding: 'application/x-msgpack', data: 'x' },
  ])(
    '$what keeps the workflow task failing; terminating it frees the id',
    { timeout: 60_000 },
    async ({ encoding, data }) => {
      const workflowId = randomUUID()
      await start(workflowId, encoding, data)
      await vi.waitFor(async () => expect(await failedTasks(workflowId)).toHaveLength(1), { timeout: 30_000 })
      const handle = worker.client.workflow.getHandle(workflowId)
      expect((await handle.describe()).status.name).toBe('RUNNING')
      await handle.terminate('its argument cannot be read')
      expect((await handle.describe()).status.name).toBe('TERMINATED')
      // The next one under the id is read, and refused in words.
      await start(workflowId, 'json/plain', '{"threadId":7}')
      await expect(worker.client.workflow.getHandle(workflowId).result()).rejects.toMatchObject({
        cause: { type: 'InvalidInput' },
      })
    },
  )
})
