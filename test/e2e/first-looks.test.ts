import { randomUUID } from 'node:crypto'
import type { LogEntry } from '@temporalio/worker'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, describe, expect, inject, test, vi } from 'vitest'
import { LangGraphRunsPlugin } from '../../src/plugin.ts'
import { hang, json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'
import { holding, WorkerProcess, WorkerStage } from '../support/worker-process.ts'

const closings: (() => Promise<void>)[] = []
afterAll(() => Promise.all(closings.map((close) => close())))

async function scriptedServer(): Promise<ScriptedLangGraph> {
  const server = await ScriptedLangGraph.start()
  closings.push(() => server.stop())
  return server
}

async function openStage(named: Readonly<Record<string, string>>): Promise<WorkerStage> {
  const stage = await WorkerStage.open(inject('langGraphUrl'), named)
  closings.push(() => stage.close())
  return stage
}

describe.concurrent('a worker', () => {
  test('looks at each deployment once when it starts, and logs what it found', async () => {
    const refusing = await scriptedServer()
    const stage = await openStage({ refusing: refusing.url, down: 'http://127.0.0.1:1' })
    refusing.on('run', json({ detail: `no ${stage.secrets.namedApiKey}` }, { status: 401 }))

    const worker = await stage.startWorker()
    await Promise.all(
      ['deployment ready', 'deployment refuses the API key', 'deployment does not answer'].map((event) =>
        worker.said(event),
      ),
    )

    expect(worker.lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          message: 'deployment ready',
          deployment: 'default',
          version: expect.stringMatching(/^\d+\.\d+/),
        }),
        expect.objectContaining({
          message: 'deployment refuses the API key',
          deployment: 'refusing',
          reason: expect.stringContaining('HTTP 401'),
        }),
        expect.objectContaining({
          message: 'deployment does not answer',
          deployment: 'down',
          reason: expect.stringContaining('no connection'),
        }),
      ]),
    )
    expect(refusing.requests).toHaveLength(1)
    expect(holding(await stage.traces(), Object.values(stage.secrets))).toEqual([])
  })

  test('logs what is unwise in its configuration, and starts all the same', async () => {
    const worker = new WorkerProcess({
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_TASK_QUEUE: randomUUID(),
      LANGGRAPH_API_URL: 'http://langgraph.invalid',
      LANGGRAPH_API_KEY: 'planted',
    })
    closings.push(() => worker.kill())

    await worker.said('worker ready')

    const warning = expect.stringContaining('Deployment "default": its API key goes over')
    expect(worker.lines).toContainEqual(expect.objectContaining({ message: 'configuration warning', warning }))
    expect(worker.log).not.toContain('planted')
  })

  test('is ready, and stops, whatever a server takes to answer', async () => {
    const hanging = await scriptedServer()
    hanging.on('run', hang)
    const stage = await openStage({ hanging: hanging.url })

    const worker = await stage.startWorker()
    expect(worker.log).not.toContain('deployment does not answer')
    await worker.said('deployment ready')

    expect(await worker.stop()).toEqual({ code: 0, signal: null })
    expect(worker.log).not.toContain('deployment does not answer')
  })

  test('ends its look when it stops, in a process that continues', async () => {
    const logged: LogEntry[] = []
    Runtime.install({ logger: new DefaultLogger('WARN', (entry) => logged.push(entry)) })
    const hanging = await scriptedServer()
    hanging.on('run', hang)
    const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
    closings.push(() => connection.close())
    const worker = await Worker.create({
      connection,
      taskQueue: randomUUID(),
      workflowBundle: { codePath: inject('workflowBundle') },
      plugins: [new LangGraphRunsPlugin({ servers: [{ name: 'hanging', url: hanging.url }], sweepInterval: 'none' })],
    })

    await worker.runUntil(vi.waitUntil(() => hanging.requests.length > 0, 10_000))

    await expect(hanging.requests[0]?.closed).resolves.toBe('aborted')
    // A look that continues is given up after 5 s, and logged.
    expect(logged.map(({ message }) => message)).not.toContain('deployment does not answer')
  })
})
