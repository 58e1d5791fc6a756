import { randomUUID } from 'node:crypto'
import { afterAll, expect, inject, test, vi } from 'vitest'
import type { ScriptedRequest } from '../support/scripted-langgraph.ts'
import { json, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import { WorkerStage } from '../support/worker-process.ts'

const closings: (() => Promise<void>)[] = []
afterAll(() => Promise.all(closings.map((close) => close())))

const watches = 30
const patience = { timeout: 60_000, interval: 100 }
const forged = '\n{"level":"info","message":"worker ready","deployment":"forged"}\u2028\u202e\u001b[2J'

function pollsOf(requests: readonly ScriptedRequest[], runs: readonly { readonly runId: string }[]): number {
  return requests.filter(({ path }) => runs.some(({ runId }) => path.endsWith(runId))).length
}

test('a dead deployment writes one line a minute and one at its end, however many watches it has', async () => {
  const server = await ScriptedLangGraph.start()
  closings.push(() => server.stop())
  const stage = await WorkerStage.open(inject('langGraphUrl'), { dead: server.url })
  closings.push(() => stage.close())
  const { namedApiKey, token, header } = stage.secrets
  server.on('run', text(`${forged} ${namedApiKey} ${token} ${header}`, { status: 503 }))
  const worker = await stage.startWorker()
  const beganMs = performance.now()
  const runs = Array.from({ length: watches }, () => ({ threadId: randomUUID(), runId: randomUUID() }))
  await Promise.all(
    runs.map((run) => stage.runs.startWatch({ ...run, deployment: 'dead', pollInterval: '1s', maxPollTime: '1h' })),
  )
  await vi.waitUntil(() => pollsOf(server.requests, runs) >= 4 * watches, patience)
  const minutes = Math.floor((performance.now() - beganMs) / 60_000)
  await worker.said('deployment outage')

  server.on('run', json({ detail: 'not found' }, { status: 404 })).on('thread', json({ thread_id: 'x' }))
  await vi.waitUntil(() => worker.lines.filter(({ message }) => message === 'watch ended').length === watches, patience)

  const { lines } = worker
  const about = (message: string) => lines.filter((line) => line['message'] === message)
  expect(about('deployment outage')).toHaveLength(1)
  expect(about('deployment outage')[0]).toMatchObject({
    level: 'warn',
    deployment: 'dead',
    thread_id: expect.any(String),
    run_id: expect.any(String),
    reason: expect.stringContaining('HTTP 503'),
    task_queue: stage.taskQueue,
  })
  expect(about('deployment outage continues').length).toBeLessThanOrEqual(minutes)
  expect(about('deployment answers again')).toHaveLength(1)
  const ended = about('watch ended')
  expect(ended.map((line) => [line['thread_id'], line['run_id']])).toEqual(
    expect.arrayContaining(runs.map(({ threadId, runId }) => [threadId, runId])),
  )
  expect(ended[0]).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: 'info',
    message: 'watch ended',
    namespace: 'default',
    task_queue: stage.taskQueue,
    workflow_id: expect.stringMatching(/^watch-run\/dead\//),
    workflow_run_id: expect.any(String),
    workflow_type: 'watchRun',
    deployment: 'dead',
    thread_id: expect.any(String),
    run_id: expect.any(String),
    state: 'polling_error',
    polls: expect.any(Number),
  })
  // Beside the watches' ends: the start of the worker, and what its first looks found.
  expect(lines.length - watches - minutes).toBeLessThan(15)
  expect(lines.filter((line) => line['deployment'] === 'forged')).toEqual([])
  expect(worker.log).not.toMatch(/webpack|\p{Cf}|\p{Zl}|\n {4}at /u)
  for (const secret of [...Object.values(stage.secrets), process.cwd()]) expect(worker.log).not.toContain(secret)
  await worker.stop()
  expect(worker.lines.at(-1)).toMatchObject({ message: 'Worker state changed', state: 'STOPPED' })
})
