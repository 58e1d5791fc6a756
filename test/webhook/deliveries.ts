import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import type { ExecuteRunInput } from '../../src/client.ts'
import type { WebhookReceiver } from '../../src/webhook/url.ts'
import { WorkerProcess } from '../support/worker-process.ts'
import { Receiver } from './stage.ts'

/** The ready worker, whose runs call a webhook receiver, and what it carries out. */
export class Executions {
  readonly runs: BackgroundRuns
  readonly #client: Client
  readonly #worker: WorkerProcess

  static async open(langGraphUrl: string, { url, secret }: WebhookReceiver): Promise<Executions> {
    const address = inject('temporalAddress')
    const taskQueue = randomUUID()
    const worker = new WorkerProcess({
      TEMPORAL_ADDRESS: address,
      TEMPORAL_TASK_QUEUE: taskQueue,
      LANGGRAPH_API_URL: langGraphUrl,
      WEBHOOK_URL: url,
      WEBHOOK_SECRET: secret,
      // The sweep would wake the watches too.
      SWEEP_INTERVAL: 'none',
    })
    await worker.said('worker ready')
    return new Executions(new Client({ connection: await Connection.connect({ address }) }), taskQueue, worker)
  }

  private constructor(client: Client, taskQueue: string, worker: WorkerProcess) {
    this.#client = client
    this.#worker = worker
    this.runs = new BackgroundRuns(client, { taskQueue })
  }

  get log(): string {
    return this.#worker.log
  }

  /** Starts an execution whose watch sleeps for an hour unless a webhook wakes it, or its input says otherwise. */
  async start(input: Partial<ExecuteRunInput>) {
    const workflowId = `order/${randomUUID()}`
    const request = { assistantId: 'work', pollInterval: '1h', maxPollTime: '2h', ...input } as const
    return { workflowId, handle: await this.runs.startExecution(workflowId, request) }
  }

  /** How many signals it has had. */
  async wakesOf(workflowId: string): Promise<number> {
    const { events } = await this.#client.workflow.getHandle(workflowId).fetchHistory()
    return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes).length
  }

  async close(): Promise<void> {
    await this.#worker.kill()
    await this.#client.connection.close()
  }
}

/** Real deliveries of a real server. */
export function testDeliveries(langGraphUrl: string): void {
  const patience = { timeout: 40_000, interval: 50 }
  let receiver: Receiver
  let executions: Executions

  beforeAll(async () => {
    receiver = await Receiver.start()
    executions = await Executions.open(langGraphUrl, receiver)
  })
  afterAll(() => Promise.all([receiver.stop(), executions.close()]))

  describe.concurrent('a webhook of the server ends the sleep of', () => {
    test.each([
      ['a run that succeeds', 'work', 'success_with_results'],
      ['a run that fails', 'fail', 'error'],
      ['a run that asks a human', 'human', 'interrupted'],
    ])('%s', async (_, assistantId, expected) => {
      const { workflowId, handle } = await executions.start({ assistantId, input: { symbol: 'AAPL', seconds: 2 } })
      expect(await handle.result()).toMatchObject({ polling_result: expected })
      expect(await executions.wakesOf(workflowId)).toBeGreaterThanOrEqual(1)
    })

    test('runs that end while their watch is still busy with creating them', async () => {
      const inputs = Array.from({ length: 5 }, (_, n) => ({ input: { symbol: `S${n}` } }))
      const outcomes = await Promise.all(inputs.map(async (input) => (await executions.start(input)).handle.result()))
      expect(outcomes.map(({ polling_result }) => polling_result)).toEqual(inputs.map(() => 'success_with_results'))
    })

    test('a run that is continued by an answer, after the answer too', async () => {
      const { runs } = executions
      const input = { symbol: 'AAPL', seconds: 2 }
      const { workflowId, handle } = await executions.start({ assistantId: 'human', onInterrupt: 'wait', input })
      const isAsked = async () => expect(await runs.progress({ workflowId })).toMatchObject({ phase: 'interrupted' })
      await vi.waitFor(isAsked, patience)
      const before = await executions.wakesOf(workflowId)
      await runs.resume({ workflowId }, { value: 'yes' })
      expect(await handle.result()).toMatchObject({ result: { answer: 'yes', final: 'done AAPL' } })
      expect(await executions.wakesOf(workflowId)).toBeGreaterThan(before)
    })
  })
}
