import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns, fetchResult, resultStore } from '../../src/client.ts'
import type { ResultStore, WatchOutcome } from '../../src/client.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { EnhancedBackgroundRunPoller, RunResultRetriever } from '../../src/poller.ts'
import { CliProcess } from '../cli/cli-process.ts'
import { storeOptions } from '../support/encryption.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

const MB = 1024 * 1024
const langGraph = new LangGraphRuns(inject('langGraphUrl'))
let place: string
let folder: string
let stage: WorkerStage
let store: ResultStore
let reading: BackgroundRuns
/** It knows no store. */
let blind: BackgroundRuns
/** Its state is 3 MB of JSON. */
let large: Ids
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-store-'))
  folder = await mkdtemp(join(place, 'results-'))
  stage = await WorkerStage.open(inject('langGraphUrl'), {})
  store = resultStore(pathToFileURL(folder).href, storeOptions)
  const { taskQueue } = stage
  blind = new BackgroundRuns(stage.client, { taskQueue })
  reading = new BackgroundRuns(stage.client, { taskQueue, resultStore: store })
  ;[large] = await Promise.all([
    langGraph.ended('work', { symbol: 'AAPL', size: 3 * MB }),
    stage.startWorker('default', { RESULT_STORE: store.url }),
  ])
})
afterAll(async () => {
  await stage.close()
  await rm(place, { recursive: true, force: true })
})

const blob = expect.stringMatching(/^x{9999}x*$/)
const result = expect.objectContaining({ final: 'done AAPL', blob })
const reference = {
  url: expect.stringContaining('file:///'),
  sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  bytes: expect.any(Number),
  content_type: 'application/json',
  checkpoint_id: expect.any(String),
}
const options = { pollInterval: '1s' } as const

describe('a result that is kept in the result store', () => {
  test('comes as any other to a client that knows the store, and as a reference to one that does not', async () => {
    const read = await reading.watch({ ...large, ...options })
    expect(read).toMatchObject({ polling_result: 'success_with_results', result })
    expect(read).not.toHaveProperty('result_reference')
    const unread = await blind.watch({ ...large, ...options })
    expect(unread).toMatchObject({
      polling_result: 'success_with_results',
      result_reference: reference,
      retrieval_metadata: { strategy_used: 'thread_state', checkpoint_id: expect.any(String) },
    })
    expect(unread).not.toHaveProperty('result')
    expect(await fetchResult(referenceIn(unread), store)).toEqual(result)
    // The result itself goes through no history.
    const { bytes } = await stage.historyOf(stage.client.workflow.getHandle(watchWorkflowId(large)))
    expect(bytes).toBeLessThan(20_000)
  })

  test('comes from `retrieve`, a handle, and the classes of the Python poller', async () => {
    const { client, taskQueue } = stage
    expect(await reading.retrieve(large)).toMatchObject({ result })
    expect(await blind.retrieve(large)).toMatchObject({ result_reference: reference })
    const handle = await reading.startWatch({ ...large, ...options })
    expect(await handle.result()).toMatchObject({ result })
    const poller = (more = {}) => ({ client, taskQueue, pollInterval: '1s', ...more }) as const
    const { threadId, runId } = large
    const retriever = new RunResultRetriever(poller({ resultStore: store }))
    expect(await retriever.getResult(threadId, runId)).toMatchObject({
      final: 'done AAPL',
      blob,
    })
    const unknowing = new RunResultRetriever(poller())
    await expect(unknowing.getResult(threadId, runId)).rejects.toThrow(
      "give RunResultRetriever the workers' `resultStore`",
    )
    const waiting = new EnhancedBackgroundRunPoller(poller())
    expect(await waiting.pollUntilCompleteWithResults(threadId, runId)).toMatchObject({
      result: { _retrieval_metadata: { strategy_used: 'thread_state' } },
      result_reference: reference,
    })
  })

  test('is printed by the CLI if it knows the store, which otherwise says what to do', async () => {
    const env = { TEMPORAL_TASK_QUEUE: stage.taskQueue, RESULT_STORE: '', RESULT_STORE_ABOVE: '' }
    const args = ['watch', large.threadId, large.runId, '--json']
    const read = await CliProcess.start(args, { ...env, RESULT_STORE: store.url }).ended
    expect(read).toMatchObject({ code: 0 })
    expect(JSON.parse(read.stdout)).toMatchObject({ result })
    const unread = await CliProcess.start(args, env).ended
    expect(unread).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('To print it: set RESULT_STORE as they have it'),
    })
    expect(JSON.parse(unread.stdout)).toMatchObject({ result_reference: reference })
    const elsewhere = await CliProcess.start(['retrieve', large.threadId, large.runId, '--json'], {
      ...env,
      RESULT_STORE: pathToFileURL(place).href,
    }).ended
    expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('The result could not be read: ') })
  })

  test('that cannot be read is said by every command that prints it', async () => {
    const retrieval = await stage.client.workflow.start('retrieveRunResult', {
      taskQueue: stage.taskQueue,
      workflowId: `retrieval/${large.runId}`,
      args: [large],
    })
    await retrieval.result()
    const env = { TEMPORAL_TASK_QUEUE: stage.taskQueue, RESULT_STORE: pathToFileURL(place).href }
    const status = CliProcess.start(['status', '--id', retrieval.workflowId], env)
    const several = CliProcess.start(['watch', '-', '--json'], env)
    several.endInput(`${large.threadId} ${large.runId}`)
    for (const { ended } of [status, several]) {
      expect(await ended).toMatchObject({ code: 2, stderr: expect.stringContaining('The result could not be read: ') })
    }
  })

  test('is retrieved when the store is back, and while it is away the watch has the reason', async () => {
    const run = await langGraph.ended('work', { symbol: 'BACK', size: 2 * MB })
    await rename(folder, `${folder}-away`)
    const handle = await blind.startWatch({ ...run, ...options, retrievalTimeout: '5m' })
    await vi.waitFor(
      async () => expect(JSON.stringify(await handle.fetchHistory())).toContain('ResultStoreUnavailable'),
      { timeout: 30_000, interval: 200 },
    )
    await rename(`${folder}-away`, folder)
    expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results', result_reference: reference })
  })

  test('is missing if the store is away for good: the run has succeeded, and the outcome says why', async () => {
    const run = await langGraph.ended('work', { symbol: 'AWAY', size: 2 * MB })
    await rename(folder, `${folder}-away`)
    const outcome = await blind.watch({
      ...run,
      ...options,
      retrievalTimeout: '2s',
      retrievalOrder: ['thread_state'],
    })
    await rename(`${folder}-away`, folder)
    expect(outcome).toMatchObject({
      polling_result: 'success_no_results',
      retrieval_metadata: {
        attempts: expect.arrayContaining([
          {
            strategy: 'thread_state',
            outcome: 'failed',
            reason: expect.stringMatching(/^The result store file:.* does not exist/),
          },
        ]),
      },
    })
    await expect(blind.retrieve({ ...run, retrievalOrder: ['thread_state'] })).resolves.toMatchObject({
      result_reference: reference,
    })
  })

  test('needs no more of the worker than its share, thirty at once', { timeout: 120_000 }, async () => {
    const runs = await Promise.all(
      Array.from({ length: 30 }, (_, n) => langGraph.ended('work', { symbol: `N${n}`, size: 4 * MB })),
    )
    const outcomes = await Promise.all(runs.map((run) => blind.watch({ ...run, ...options, retrievalTimeout: '5m' })))
    expect(outcomes.map(({ polling_result }) => polling_result)).toEqual(runs.map(() => 'success_with_results'))
    const kept = await Promise.all(outcomes.map((outcome) => fetchResult(referenceIn(outcome), store)))
    expect(kept).toEqual(runs.map((_, n) => expect.objectContaining({ final: `done N${n}` })))
    expect(await readdir(join(folder, '.unfinished'))).toEqual([])
  })
})

function referenceIn(outcome: WatchOutcome) {
  if (outcome.polling_result !== 'success_with_results' || !outcome.result_reference)
    throw new Error('has no reference')
  expect(fileURLToPath(outcome.result_reference.url)).toContain(folder)
  return outcome.result_reference
}
