import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { findTemporal } from '../../dev/embedded-temporal.ts'
import type { WatchOutcome } from '../../src/client.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { workerOptions } from '../../src/worker-options.ts'
import { pythonEnvironment } from '../support/installed.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'

const exec = promisify(execFile)
const example = (path: string) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url))
const taskQueue = randomUUID()
const langGraph = new LangGraphRuns(inject('langGraphUrl'))

let client: Client
let stopWorker: () => Promise<void>
let python: string
let temporalCli: string

beforeAll(async () => {
  const address = inject('temporalAddress')
  const connection = await NativeConnection.connect({ address })
  const worker = await Worker.create({
    connection,
    ...workerOptions([{ name: 'default', url: inject('langGraphUrl') }], taskQueue),
    workflowBundle: { codePath: inject('workflowBundle') },
  })
  const running = worker.run()
  client = new Client({ connection: await Connection.connect({ address }) })
  stopWorker = async () => {
    worker.shutdown()
    await running
    await connection.close()
    await client.connection.close()
  }
  ;[python, temporalCli] = await Promise.all([
    pythonEnvironment('starter-python', example('python/requirements.txt')).then((bin) => join(bin, 'python')),
    findTemporal('cli'),
  ])
}, 240_000)
afterAll(() => stopWorker())

/** Both print JSON, and end with a code other than 0 when the workflow fails. */
const starters = {
  async Python({ threadId, runId }: Ids): Promise<WatchOutcome> {
    const workflowId = await inPython('start.py', threadId, runId)
    return JSON.parse(await inPython('outcome.py', workflowId.trim()))
  },
  async 'the Temporal CLI'({ threadId, runId }: Ids): Promise<WatchOutcome> {
    return JSON.parse(await run(example('temporal-cli/watch.sh'), [threadId, runId])).result
  },
}

function inPython(script: string, ...args: readonly string[]): Promise<string> {
  return run(python, [example(`python/${script}`), ...args])
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const path = [dirname(temporalCli), process.env['PATH']].join(delimiter)
  const env = { PATH: path, TEMPORAL_ADDRESS: inject('temporalAddress'), TEMPORAL_TASK_QUEUE: taskQueue }
  const { stdout } = await exec(program, args, { env })
  return stdout
}

describe.each(Object.entries(starters))('the starter in %s', (_, watch) => {
  test('waits for the run and prints its outcome', async () => {
    const run = await langGraph.create('work', { symbol: 'AAPL', seconds: 1 })
    expect(await watch(run)).toMatchObject({
      polling_result: 'success_with_results',
      run_id: run.runId,
      result: { final: 'done AAPL' },
    })
  })

  test('attaches to the open watch, and starts a new one after it has closed', async () => {
    const run = await langGraph.create('work', { symbol: 'AAPL', seconds: 5 })
    // The ids in upper case name the same run.
    const [first, second] = await Promise.all([watch(run), watch(upperCased(run))])
    expect(second).toEqual(first)
    const third = await watch(run)
    expect(third).toMatchObject({ polling_result: 'success_with_results', polling_metadata: { poll_count: 1 } })
    expect(third.polling_metadata.timestamp).not.toBe(first.polling_metadata.timestamp)
  })

  test('sets no workflow timeout and no retry policy', async () => {
    const run = await langGraph.ended('work', { symbol: 'AAPL' })
    await watch(run)
    const { events } = await client.workflow.getHandle(watchWorkflowId(run)).fetchHistory()
    const started = events?.[0]?.workflowExecutionStartedEventAttributes
    expect(started).toMatchObject({ workflowType: { name: 'watchRun' } })
    expect(Number(started?.workflowExecutionTimeout?.seconds ?? 0)).toBe(0)
    expect(Number(started?.workflowRunTimeout?.seconds ?? 0)).toBe(0)
    expect(started?.retryPolicy ?? undefined).toBeUndefined()
  })

  test('says what is wrong with the input, and ends with an error', async () => {
    const noRun = { threadId: randomUUID(), runId: 'not-a-uuid' }
    const ended = await watch(noRun).catch((error: { stdout: string; stderr: string }) => error)
    if (!('stderr' in ended)) throw new Error('it ended well')
    // The CLI prints JSON, where quotes are escaped.
    expect(ended.stdout + ended.stderr).toMatch(/`runId` is \\?"not-a-uuid/)
  })
})

function upperCased({ threadId, runId }: Ids): Ids {
  return { threadId: threadId.toUpperCase(), runId: runId.toUpperCase() }
}
