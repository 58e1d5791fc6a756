import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import type { WatchOutcome, WatchRunInput } from '../../src/client.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'
import { WorkerProcess } from '../support/worker-process.ts'
import { hostileCases } from './hostile-server.ts'

const atOnce = 30
const longestStallMs = 250
/**
 * Answers that are parsed as they come take over 3 GB here. These do not need the limit of 256 MB for what is kept of all
 * answers: without it they take no more. `intake.test.ts` shows that one.
 */
const mostMemoryMb = 1000
/** They send, and read, 60 MB each. */
const unhurried = { timeout: 180_000 }
const limits = { pollInterval: '1s', maxPollTime: '10s', retrievalTimeout: '10s' } satisfies Partial<WatchRunInput>

/** 30 answers of 60 MB share one processor, so that the time of a request may be over before all of one is read. */
const unanswered = [
  expect.objectContaining({ error: expect.stringMatching(/no answer in (its )?time/) }),
  expect.objectContaining({ polling_result: 'success_no_results', ending_verified: false }),
]

interface Hostile {
  readonly outcome: object
  readonly watched: Promise<WatchOutcome>
}

describe('a worker whose LangGraph servers are hostile', unhurried, () => {
  const servers: ScriptedLangGraph[] = []
  const healthy = new LangGraphRuns(inject('langGraphUrl'))
  let folder: string
  let connection: Connection
  let runs: BackgroundRuns
  let worker: WorkerProcess

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-hostile-'))
    const file = join(folder, 'deployments.json')
    const deployments: Record<string, { url: string }> = {}
    for (let n = 0; n < atOnce; n += 1) {
      const server = await ScriptedLangGraph.start()
      // No later run has written into the checkpoints of the one that is watched.
      servers.push(server.on('runs', json([])))
      deployments[`hostile-${n}`] = { url: server.url }
    }
    await writeFile(file, JSON.stringify(deployments))
    const taskQueue = randomUUID()
    worker = new WorkerProcess({
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_TASK_QUEUE: taskQueue,
      LANGGRAPH_API_URL: inject('langGraphUrl'),
      LANGGRAPH_DEPLOYMENTS: file,
      SWEEP_INTERVAL: 'none',
      NODE_OPTIONS: `--import ${fileURLToPath(new URL('loop-watch.mjs', import.meta.url))}`,
    })
    connection = await Connection.connect({ address: inject('temporalAddress') })
    runs = new BackgroundRuns(new Client({ connection }), { taskQueue })
    await worker.said('worker ready')
    // What a worker loads with its first run is no answer's fault.
    await runs.watch({ ...(await healthy.create('work', { symbol: 'A' })), pollInterval: '1s' })
  })

  afterAll(async () => {
    await worker.kill()
    await connection.close()
    await Promise.all(servers.map((server) => server.stop()))
    await rm(folder, { recursive: true })
  })

  function watchHostile(n: number): Hostile {
    const hostile = hostileCases[n % hostileCases.length]
    const server = servers[n]
    if (!hostile || !server) throw new Error('no such case')
    const run = { threadId: randomUUID(), runId: randomUUID(), deployment: `hostile-${n}` }
    hostile.arrange(server, run.runId)
    return { ...hostile, watched: runs.watch({ ...run, ...limits, ...hostile.input }) }
  }

  /** What the worker's event loop and memory went through since it had said so much. */
  function seenSince(length: number): { readonly stallMs: number; readonly rssMb: number }[] {
    const lines = worker.stderr.slice(length).matchAll(/^loop-watch (.+)$/gm)
    return Array.from(lines, ([, seen = '']) => JSON.parse(seen))
  }

  test(`answers 30 of the worst at once, ends every watch with what is true, and keeps time for others`, async () => {
    const before = worker.stderr.length
    const hostile = Array.from({ length: atOnce }, (_, n) => watchHostile(n))
    const others = await Promise.all(
      [1, 3, 5].map(async (seconds) =>
        runs.watch({ ...(await healthy.create('work', { symbol: 'A', seconds })), pollInterval: '1s' }),
      ),
    )
    const outcomes = await Promise.all(hostile.map(({ watched }) => watched))
    const seen = seenSince(before)
    // First, since a worker that is short of memory ends no watch.
    expect(seen.length).toBeGreaterThan(3)
    expect(Math.max(...seen.map(({ stallMs }) => stallMs))).toBeLessThan(longestStallMs)
    expect(Math.max(...seen.map(({ rssMb }) => rssMb))).toBeLessThan(mostMemoryMb)
    expect(others.map(({ polling_result }) => polling_result)).toEqual(others.map(() => 'success_with_results'))
    expect(outcomes).toEqual(
      hostile.map(({ outcome }) => expect.toBeOneOf([expect.objectContaining(outcome), ...unanswered])),
    )
  })

  test('fails a workflow with the outcome of a run that a server describes at length', async () => {
    const run = { threadId: randomUUID(), runId: randomUUID(), deployment: 'hostile-0' }
    hostileCases
      .find(({ name }) => name.startsWith('names of nodes'))
      ?.arrange(servers[0] as ScriptedLangGraph, run.runId)
    const watched = runs.watch({ ...run, ...limits, onUnsuccessful: 'fail' })
    await expect(watched).rejects.toMatchObject({ cause: { type: 'RunInterrupted' } })
  })
})
