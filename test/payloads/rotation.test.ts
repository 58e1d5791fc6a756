import { randomBytes, randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { afterAll, assert, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { progressQueryName } from '../../src/domain/contract.ts'
import { PayloadKeyError, failureConverterPath, payloadCodecs } from '../../src/payloads.ts'
import { CliProcess } from '../cli/cli-process.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

const keyOf = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const [old, recent, foreign] = [keyOf('old'), keyOf('new'), keyOf('foreign')]
const langGraph = new LangGraphRuns(inject('langGraphUrl'))
const patience = { timeout: 90_000, interval: 100 }
/** As JSON has it, in a log. */
const inJson = (words: string) => JSON.stringify(words).slice(1, -1)
const missing = (id: string, has: string) => `was encrypted with the key "${id}", and PAYLOAD_KEYS ${has}`

let connection: Connection
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') })
})
const stages: WorkerStage[] = []
afterAll(async () => {
  await Promise.all(stages.map((stage) => stage.close()))
  await CliProcess.killAll()
  await connection.close()
})

async function openStage() {
  const stage = await WorkerStage.open(inject('langGraphUrl'), {})
  stages.push(stage)
  const start = (keys: string) => stage.startWorker('default', { PAYLOAD_KEYS: keys })
  const runsWith = (keys: string) => {
    const dataConverter = { payloadCodecs: payloadCodecs(keys), failureConverterPath }
    return new BackgroundRuns(new Client({ connection, dataConverter }), { taskQueue: stage.taskQueue })
  }
  const cli = (keys: string, ...args: readonly string[]) =>
    CliProcess.start(args, { TEMPORAL_TASK_QUEUE: stage.taskQueue, PAYLOAD_KEYS: keys })
  return { stage, start, runsWith, cli }
}

async function rawHistory(workflowId: string): Promise<string> {
  const { history } = await connection.workflowService.getWorkflowExecutionHistory({
    namespace: 'default',
    execution: { workflowId },
  })
  return JSON.stringify(history)
}

const asking = { assistantId: 'human', input: { symbol: 'AAPL' }, onInterrupt: 'wait', pollInterval: '1s' } as const

// They start and end processes, all at once.
describe.concurrent('a key', { timeout: 150_000 }, () => {
  test('is replaced while executions are open', async () => {
    const { stage, start, runsWith } = await openStage()
    const first = await start(old)
    const handle = await runsWith(old).startExecution(`order/${randomUUID()}`, asking)
    await vi.waitFor(async () => assert.equal((await runsWith(old).progress(handle)).phase, 'interrupted'), patience)

    // First every program can read the new key, then they write with it.
    await first.stop()
    const second = await start(`${old},${recent}`)
    await second.stop()
    await start(`${recent},${old}`)
    const runs = runsWith(`${recent},${old}`)
    await runs.resume(handle, { value: 'yes' })
    expect(await handle.result().catch((error: unknown) => error)).toBeInstanceOf(PayloadKeyError)
    const chained = stage.client.workflow.getHandle(handle.workflowId)
    expect(await runs.execute(chained.workflowId, asking)).toMatchObject({ result: { answer: 'yes' } })
    const history = await rawHistory(handle.workflowId)
    for (const id of ['old', 'new']) expect(history).toContain(Buffer.from(id).toString('base64'))
  })

  test('that a worker lacks is named in its log, in the history and on the command line, until a worker has it', async () => {
    const { stage, start, runsWith, cli } = await openStage()
    const worker = await start(foreign)
    const run = await langGraph.ended('work', { symbol: 'AAPL' })
    const handle = await runsWith(old).startWatch(run)
    const words = missing('old', 'has "foreign" only')
    await worker.said(inJson(words))
    await vi.waitFor(async () => expect(await rawHistory(handle.workflowId)).toContain(inJson(words)), patience)
    const watch = cli(old, 'watch', run.threadId, run.runId)
    await watch.said(words)
    // Once Temporal answers for the workers that their last task has failed.
    const failed = { cause: { details: expect.stringContaining('Workflow Task in failed state') } }
    // Not `rejects`: while other tests run beside this one, one of them would be blamed for a try that is too early.
    const query = () => handle.query(progressQueryName).catch((error: unknown) => error)
    await vi.waitFor(async () => expect(await query()).toMatchObject(failed), patience)
    for (const command of ['status', 'cancel']) {
      const { code, stderr } = await cli(old, command, run.threadId, run.runId).ended
      expect({ code, stderr }).toEqual({ code: 69, stderr: expect.stringContaining(words) })
    }
    const late = cli(old, 'watch', run.threadId, run.runId)
    await late.said(words)

    await worker.stop()
    await stage.startWorker('default', { PAYLOAD_KEYS: old })
    expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results' })
    for (const one of [watch, late]) expect(await one.ended).toMatchObject({ code: 0 })
  })

  test('that a worker lacks without any key is named, too', async () => {
    const { stage, runsWith } = await openStage()
    const worker = await stage.startWorker('default', { PAYLOAD_KEYS: '' })
    await runsWith(old).startWatch(await langGraph.ended('work', { symbol: 'AAPL' }))
    const words = missing('old', 'is not set here')
    await worker.said(inJson(words))
    expect(worker.log).toMatch(/\[?error\]?/i)
  })

  test('that the command line lacks is named: 64', async () => {
    const { start, runsWith, cli } = await openStage()
    await start(old)
    const run = await langGraph.ended('work', { symbol: 'AAPL' })
    await runsWith(old).watch(run)
    const lacking = [
      ['', missing('old', 'is not set here')],
      [foreign, missing('old', 'has "foreign" only')],
      [foreign.replace('foreign', 'old'), 'does not open with the key "old" of PAYLOAD_KEYS'],
    ] as const
    for (const [keys, words] of lacking) {
      const { code, stderr, stdout } = await cli(keys, 'status', run.threadId, run.runId).ended
      expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
      expect(stderr).toContain(words)
    }
  })

  test('that the command line lacks leaves rows of `list` without their memo, and `doctor` names it', async () => {
    const { start, runsWith, cli } = await openStage()
    await start(old)
    const run = await langGraph.ended('work', { symbol: 'AAPL' })
    await runsWith(old).watch(run)
    const execution = `order/${randomUUID()}`
    await runsWith(old).execute(execution, { assistantId: 'work', input: { symbol: 'AAPL' }, pollInterval: '1s' })
    const queue = ['--json', '--limit', '100'] as const
    const rowsWith = async (keys: string) => {
      const { code, stdout, stderr } = await cli(keys, 'list', ...queue).ended
      expect({ code, stderr }).toMatchObject({ code: 0 })
      const rows: { id: string }[] = JSON.parse(stdout)
      return rows.filter(({ id }) => id === execution || id.includes(run.runId))
    }
    expect(await rowsWith(old)).toMatchObject([
      { id: execution, state: 'success', assistant: 'work' },
      { state: 'success', run_id: run.runId },
    ])
    const lacking = await rowsWith(foreign)
    expect(lacking).toMatchObject([
      { id: execution, state: 'completed' },
      { state: 'completed', run_id: run.runId },
    ])
    expect(lacking[0]).not.toHaveProperty('run_id')
    const { code, stdout } = await cli(foreign, 'doctor').ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining(missing('old', 'has "foreign" only')) })
    expect(stdout).toContain('its answer cannot be read here')
  })
})
