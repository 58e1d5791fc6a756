import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import type { ExecuteRunInput } from '../../src/client.ts'

// No worker is needed: what is refused is never started, and what is started here is never waited for. It is terminated at
// once, since other tests list the open workflows of this server.
const taskQueue = randomUUID()
let client: Client
let runs: BackgroundRuns

beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) })
  runs = new BackgroundRuns(client, { taskQueue })
})
afterAll(() => client.connection.close())

const request = { assistantId: 'trading' }

async function refusalOf(call: () => unknown): Promise<ApplicationFailure> {
  try {
    await call()
  } catch (error) {
    if (error instanceof ApplicationFailure) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** As from JavaScript, which no compiler checks. */
function call(method: keyof BackgroundRuns, ...args: readonly unknown[]): Promise<unknown> {
  return Reflect.apply(runs[method], runs, args)
}

describe('a workflow id', () => {
  test('of 1000 bytes is taken', async () => {
    const workflowId = `${randomUUID()}${'€'.repeat(321)}x`
    expect(Buffer.byteLength(workflowId)).toBe(1000)
    const handle = await runs.startExecution(workflowId, request)
    await handle.terminate()
    expect(handle.workflowId).toBe(workflowId)
  })

  test.each([
    ['€'.repeat(334), 'the workflow id has 1002 bytes of UTF-8: must be 1-1000'],
    ['', 'the workflow id has 0 bytes of UTF-8: must be 1-1000'],
    [undefined, 'the workflow id is missing: must be a text of 1-1000 bytes of UTF-8'],
    [7, 'the workflow id is 7: must be a text of 1-1000 bytes of UTF-8'],
  ])('is refused as InvalidInput if it is %j', async (workflowId, problem) => {
    const { type, message } = await refusalOf(() => call('startExecution', workflowId, request))
    expect({ type, message }).toEqual({ type: 'InvalidInput', message: `Invalid input for executeRun: ${problem}` })
  })

  test.each([request, { ...request, input: { symbol: 'AAPL' } }])(
    "of somebody else's workflow is refused by its type, for the request %j",
    async (input) => {
      const workflowId = randomUUID()
      const handle = await client.workflow.start('billing', { taskQueue, workflowId, args: [request] })
      const { type, message } = await refusalOf(() => runs.execute(workflowId, input))
      await handle.terminate()
      expect(type).toBe('DifferentRequest')
      expect(message).toBe(
        `Workflow "${workflowId}" is a workflow of type "billing", not of "executeRun". Take another workflow id`,
      )
    },
  )
})

describe('a value that JSON cannot hold', () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular

  test.each<[keyof ExecuteRunInput, unknown, RegExp]>([
    ['input', 5n, /^Invalid input for executeRun: `input` holds what JSON cannot: .*BigInt$/],
    ['input', { deep: [{ n: 5n }] }, /`input` holds what JSON cannot: .*BigInt$/],
    ['input', () => 1, /`input` holds what JSON cannot: a function$/],
    ['config', circular, /`config` holds what JSON cannot: .*circular structure.*$/],
    ['context', Symbol('s'), /`context` holds what JSON cannot: a symbol$/],
  ])('is refused in %s', async (field, value, words) => {
    const { type, message } = await refusalOf(() => call('execute', randomUUID(), { ...request, [field]: value }))
    expect(type).toBe('InvalidInput')
    expect(message).toMatch(words)
  })

  test('is looked for even if nothing is given', async () => {
    await expect(call('resume', { workflowId: randomUUID() }, null)).rejects.toThrow('not found')
  })

  test('is refused in an answer', async () => {
    const { type, message } = await refusalOf(() => call('resume', { workflowId: 'order/1' }, { value: 5n }))
    expect(type).toBe('InvalidInput')
    expect(message).toMatch(/^Invalid input for resume: `value` holds what JSON cannot: /)
  })
})

describe.each(['progress', 'wake', 'cancelRun', 'resume'] as const)('%s', (method) => {
  test.each([[undefined], [null], ['order/4711'], [[]]])(
    'names the ways to name a watch if it gets %j',
    async (watch) => {
      const { type, message } = await refusalOf(() => call(method, watch))
      expect(type).toBe('InvalidInput')
      expect(message).toMatch(
        /^Invalid input for this watch: .*: must be \{ threadId, runId, deployment\? \} or \{ workflowId \}$/,
      )
    },
  )

  test.each([[undefined], [7], ['']])('describes a workflow id if it is %j', async (workflowId) => {
    const { type, message } = await refusalOf(() => call(method, { workflowId }))
    expect(type).toBe('InvalidInput')
    expect(message).toMatch(/^Invalid input for this watch: the workflow id .* must be (a text of )?1-1000/)
  })
})

test.each([undefined, null, {}, { apiKey: 'planted' }, 'localhost:7233'])(
  'BackgroundRuns describes the client that it needs if it is %j, and repeats no key',
  async (notOne) => {
    const { type, message } = await refusalOf(() => Reflect.construct(BackgroundRuns, [notOne]))
    expect(type).toBe('InvalidInput')
    expect(message).toBe(
      'Invalid input for BackgroundRuns: `client` must be a Temporal client: `new Client({ connection })` of @temporalio/client',
    )
  },
)
