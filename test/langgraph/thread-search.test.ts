import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import type { LangGraph } from '../../src/langgraph/port.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { json, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'

let scripted: ScriptedLangGraph
beforeEach(async () => {
  scripted = await ScriptedLangGraph.start()
})
afterEach(() => scripted.stop())

const { signal } = new AbortController()

function serverAt(url: string): LangGraph {
  return createDeployments([{ name: 'default', url }])('default')
}

test('a real server tells of each thread whether it works, and when it changed', async () => {
  const url = inject('langGraphUrl')
  const langGraph = new LangGraphRuns(url)
  const [busy, idle] = await Promise.all([
    langGraph.create('work', { symbol: 'AAPL', seconds: 20 }),
    langGraph.ended('work', { symbol: 'AAPL' }),
  ])
  await langGraph.untilRunning(busy)
  const found = await serverAt(url).searchThreads([busy.threadId, idle.threadId, randomUUID()], signal)
  const updatedAt = expect.stringMatching(/^\d{4}-.*Z$/)
  expect(found).toEqual({
    kind: 'found',
    threads: expect.arrayContaining([
      { threadId: busy.threadId, status: 'busy', updatedAt },
      { threadId: idle.threadId, status: 'idle', updatedAt },
    ]),
  })
  expect(found.kind === 'found' && found.threads).toHaveLength(2)
})

test('no more than these fields of these threads is asked for, and kept', async () => {
  const ids = [randomUUID(), randomUUID()]
  const thread = { thread_id: ids[0], status: 'busy', updated_at: '2026-11-28T10:00:00', values: { secret: 1 } }
  scripted.on('search', json([thread]))
  expect(await serverAt(scripted.url).searchThreads(ids, signal)).toEqual({
    kind: 'found',
    threads: [{ threadId: ids[0], status: 'busy', updatedAt: '2026-11-28T10:00:00.000Z' }],
  })
  const [request] = scripted.to('search')
  expect(request?.body).toMatchObject({ ids, limit: 3, select: ['thread_id', 'status', 'updated_at'] })
})

test.each([400, 404, 405, 422])('a server that answers %s cannot search', async (status) => {
  scripted.on('search', json({ detail: 'no' }, { status }))
  expect(await serverAt(scripted.url).searchThreads([randomUUID()], signal)).toEqual({ kind: 'unsearchable' })
})

test('a server that does not say when a thread has changed cannot be swept', async () => {
  const threadId = randomUUID()
  scripted.on('search', json([{ thread_id: threadId, status: 'idle' }]))
  expect(await serverAt(scripted.url).searchThreads([threadId], signal)).toEqual({ kind: 'unsearchable' })
})

test('a server that answers with other threads cannot search by ids', async () => {
  const updated_at = '2026-11-28T10:00:00'
  scripted.on('search', json([{ thread_id: randomUUID(), status: 'idle', updated_at }]))
  expect(await serverAt(scripted.url).searchThreads([randomUUID()], signal)).toEqual({ kind: 'unsearchable' })
})

test.each([401, 429, 503])('%s is an outage', async (status) => {
  scripted.on('search', text('no', { status }))
  await expect(serverAt(scripted.url).searchThreads([randomUUID()], signal)).rejects.toThrow(`HTTP ${status}`)
})
