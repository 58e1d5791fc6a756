import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { LangGraphRunsPlugin } from '../../src/plugin.ts'
import type { ServerConfig } from '../../src/plugin.ts'
import { payloadOptions } from '../support/encryption.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { hang, json, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import type { Answer } from '../support/scripted-langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

// What one deployment, or one answer, may do to everything else on the worker.

// Polls fail by the hundred here, each with a warning.
beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } })
})

const closings: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const close of closings.toReversed()) await close()
})

const patience = { timeout: 60_000, interval: 50 }
const aRun = (deployment: string) => ({ threadId: randomUUID(), runId: randomUUID(), deployment })

async function startScripted(): Promise<ScriptedLangGraph> {
  const scripted = await ScriptedLangGraph.start()
  closings.push(() => scripted.stop())
  return scripted
}

/** A worker with so few slots that one deployment could take them all. */
async function startSmallWorker(servers: readonly ServerConfig[]): Promise<BackgroundRuns> {
  const taskQueue = randomUUID()
  const plugins = [new LangGraphRunsPlugin({ servers, sweepInterval: 'none' })]
  const connection = await NativeConnection.connect({ address: inject('temporalAddress'), plugins })
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: { codePath: inject('workflowBundle') },
    ...payloadOptions,
    maxConcurrentActivityTaskExecutions: 40,
    shutdownForceTime: '15s',
  })
  const working = worker.run()
  closings.push(async () => {
    worker.shutdown()
    await working
    await connection.close()
  })
  return new BackgroundRuns(
    new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }), ...payloadOptions }),
    {
      taskQueue,
    },
  )
}

/** How long the first activity waited for a slot. */
async function waitOfFirstPoll(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory()
  const atMs = (event: NonNullable<typeof events>[number] | undefined) =>
    Number(event?.eventTime?.seconds) * 1000 + Number(event?.eventTime?.nanos) / 1e6
  const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes)
  const started = events?.find((event) => event.activityTaskStartedEventAttributes)
  return atMs(started) - atMs(scheduled)
}

test('a deployment that hangs with hundreds of watches delays no watch of another', { timeout: 150_000 }, async () => {
  const dead = (await startScripted()).on('run', hang)
  const url = inject('langGraphUrl')
  const runs = await startSmallWorker([
    { name: 'default', url },
    { name: 'dead', url: dead.url },
  ])
  const ended = await new LangGraphRuns(url).ended('work', { symbol: 'AAPL' })
  const hanging = await Promise.all(
    Array.from({ length: 200 }, () => runs.startWatch({ ...aRun('dead'), pollInterval: '1s', maxPollTime: 'none' })),
  )
  await vi.waitFor(() => expect(dead.to('run').length).toBeGreaterThan(60), patience)

  const handle = await runs.startWatch(ended)
  expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results' })
  expect(await waitOfFirstPoll(handle)).toBeLessThan(1000)
  const said = await Promise.all(hanging.map((watch) => watch.query<{ last_error?: string }>('progress')))
  const sentAway = said.filter(({ last_error = '' }) =>
    last_error.includes('20 requests to it wait for an answer already'),
  )
  expect(sentAway.length).toBeGreaterThan(50)
  await Promise.all(hanging.map((watch) => watch.terminate()))
})

test(
  'one 429 stops the polls of all watches of its deployment for as long as it says',
  { timeout: 150_000 },
  async () => {
    const asked: { readonly path: string; readonly atMs: number }[] = []
    const scripted = await startScripted()
    const timed = (answer: Answer): Answer => {
      return (response) => {
        asked.push({ path: String(response.req.url), atMs: performance.now() })
        return answer(response)
      }
    }
    const running = timed(json({ status: 'running' }))
    scripted.on('run', running).on('info', json({}))
    const stage = await WorkerStage.open(scripted.url, {})
    closings.push(() => stage.close())
    await stage.startWorker('default')
    const watched = Array.from({ length: 30 }, () => aRun('default'))
    for (const run of watched) await stage.runs.startWatch({ ...run, pollInterval: '1s', maxPollTime: 'none' })
    const hasAsked = (from: number) => new Set(asked.filter(({ atMs }) => atMs > from).map(({ path }) => path)).size
    await vi.waitFor(() => expect(hasAsked(0)).toBeGreaterThanOrEqual(watched.length), patience)

    let refusedAtMs = 0
    const refuse = timed(text('slow down', { status: 429, headers: { 'retry-after': '4' } }))
    scripted.on(
      'run',
      (response) => {
        refusedAtMs = performance.now()
        return refuse(response)
      },
      running,
    )
    await vi.waitFor(() => expect(refusedAtMs).toBeGreaterThan(0), patience)
    await vi.waitFor(() => expect(hasAsked(refusedAtMs + 3900)).toBe(watched.length), patience)
    // What was on its way already arrives still.
    const inThePause = asked.filter(({ atMs }) => atMs > refusedAtMs + 500 && atMs < refusedAtMs + 3900)
    expect(inThePause).toEqual([])
    const firstAfter = watched.map(({ runId }) => {
      const next = asked.find(({ path, atMs }) => path.includes(runId) && atMs > refusedAtMs + 3900)
      return next?.atMs ?? 0
    })
    expect(Math.max(...firstAfter) - Math.min(...firstAfter)).toBeGreaterThan(1500)
  },
)
