import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { findTemporal } from '../../dev/embedded-temporal.ts'
import { isRecord, messageOf } from '../../src/domain/json.ts'
import { codecOfTemporalCli } from '../support/encryption.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

// `executeRun` as Temporal's own command line starts it: with its default policies, and nobody who checks anything before.

const url = inject('langGraphUrl')
const langGraph = new LangGraphRuns(url)
/** The server takes half a minute to delete a workflow. */
const unhurried = { timeout: 150_000 }
const patience = { timeout: 90_000, interval: 1000 }
let stage: WorkerStage
let program: string
let codec: Awaited<ReturnType<typeof codecOfTemporalCli>>

beforeAll(async () => {
  stage = await WorkerStage.open(url, { named: url })
  program = await findTemporal('cli')
  codec = await codecOfTemporalCli()
  await stage.startWorker()
})
afterAll(async () => {
  await stage.close()
  await codec.stop()
})

const run = promisify(execFile)

/** The CLI fails with the workflow, whose failure it prints: that is an answer too. */
async function temporal(...args: readonly string[]): Promise<string> {
  const all = ['workflow', ...args, ...codec.args, '--address', inject('temporalAddress')]
  const { stdout } = await run(program, all).catch((error: unknown) => {
    const printed = isRecord(error) ? error['stdout'] : undefined
    if (typeof printed !== 'string' || printed === '') throw error
    return { stdout: printed }
  })
  return stdout
}

async function json(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const text = await temporal(...args, '--output', 'json')
  // A warning of something deprecated may come before the JSON.
  const printed: unknown = JSON.parse(text.slice(text.indexOf('{')), withMessage)
  if (!isRecord(printed)) throw new Error(`no object: ${JSON.stringify(printed)}`)
  return printed
}

/** With encryption the CLI prints a failure's message beside it. */
function withMessage(_: string, value: unknown): unknown {
  const encoded = isRecord(value) && value['encodedAttributes']
  if (!isRecord(value) || !isRecord(encoded)) return value
  const { data } = encoded
  const decoded: unknown = typeof data === 'string' ? JSON.parse(Buffer.from(data, 'base64').toString()) : encoded
  return { ...value, message: isRecord(decoded) && decoded['message'] }
}

async function start(workflowId: string, symbol: string, ...more: readonly string[]): Promise<string[]> {
  const input = JSON.stringify({ assistantId: 'work', pollInterval: '1s', input: { symbol } })
  const what = ['--type', 'executeRun', '--task-queue', stage.taskQueue, '--workflow-id', workflowId, '--input', input]
  const { runId } = await json('start', ...what, ...more)
  return ['--workflow-id', workflowId, '--run-id', String(runId)]
}

async function executed(workflowId: string, symbol: string) {
  return json('result', ...(await start(workflowId, symbol)))
}

/** As the CLI prints the last event of a workflow that has failed. */
const failedAs = (type: string, message: RegExp) => ({
  workflowExecutionFailedEventAttributes: {
    failure: { message: expect.stringMatching(message), applicationFailureInfo: { type, nonRetryable: true } },
  },
})
const otherRequest = { status: 'FAILED', closeEvent: failedAs('DifferentRequest', /belongs to another request/) }

describe.concurrent('an execution that the Temporal CLI starts', unhurried, () => {
  test('under the id of another request fails, also if Temporal has forgotten that one', async () => {
    const workflowId = `c-1/${randomUUID()}`
    const first = await executed(workflowId, 'MSFT')
    expect(first).toMatchObject({ result: { polling_result: 'success_with_results', result: { final: 'done MSFT' } } })
    const second = await executed(workflowId, 'AAPL')
    expect(second).toMatchObject(otherRequest)

    for (const { runId } of [first, second]) {
      const execution = ['--workflow-id', workflowId, '--run-id', String(runId)]
      await temporal('delete', ...execution, '--yes')
      // Not `rejects`: while other tests run beside this one, one of them would be blamed for a try that is too early.
      const look = () => temporal('describe', ...execution).catch((error: unknown) => error)
      await vi.waitFor(async () => expect(messageOf(await look())).toContain('not found'), patience)
    }

    expect(await executed(workflowId, 'AAPL')).toMatchObject(otherRequest)
    const { thread_id, run_id } = Object(first['result'])
    expect(await langGraph.runsOf(thread_id)).toEqual([run_id])
    expect(await executed(workflowId, 'MSFT')).toMatchObject({ result: { run_id } })
  })

  test('by a cron is refused, and Temporal Schedules are named', async () => {
    const workflowId = randomUUID()
    const firstTick = await start(workflowId, 'MSFT', '--cron', '@every 5s')
    // Its result would be that of the next ticks, for ever.
    const { events } = await vi.waitFor(async () => {
      const shown = await json('show', ...firstTick)
      expect(JSON.stringify(shown)).toContain('workflowExecutionFailedEventAttributes')
      return shown
    }, patience)
    const refused = failedAs('InvalidInput', /`cron` is "@every 5s": .*Temporal Schedule/)
    expect(Array.isArray(events) && events.at(-1)).toMatchObject(refused)
    await temporal('terminate', '--workflow-id', workflowId)
  })
})
