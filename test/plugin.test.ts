import { randomUUID } from 'node:crypto'
import { NativeConnection, Worker } from '@temporalio/worker'
import type { WorkerOptions } from '@temporalio/worker'
import { expect, inject, test, vi } from 'vitest'
import { failureConverterPath } from '../src/payloads.ts'
import { LangGraphRunsPlugin } from '../src/plugin.ts'
import { tuning, workflowsPath } from '../src/worker-options.ts'
import { json, ScriptedLangGraph } from './support/scripted-langgraph.ts'

// What a worker makes of it, in a user's project: test/package.

const plugin = new LangGraphRunsPlugin({ servers: [{ name: 'default', url: 'http://127.0.0.1:1' }] })
const ours = [
  'getRunStatus',
  'sweepThreads',
  'notify',
  'lookAtShown',
  'diagnose',
  'createRun',
  'cancelRun',
  'findLaterRun',
  'retrieveStreamValues',
  'retrieveThreadState',
  'retrieveJoinStream',
]

function configured(own: Partial<WorkerOptions>): WorkerOptions {
  return plugin.configureWorker({ taskQueue: 'theirs', ...own })
}

test('a worker without anything of its own gets activities, workflows and tuning', () => {
  const { activities, ...options } = configured({})
  expect(Object.keys(activities ?? {})).toEqual(ours)
  expect(options).toMatchObject({ taskQueue: 'theirs', workflowsPath: workflowsPath(), ...tuning })
})

test('activities of its own stay, and win over ours of the same name', () => {
  const own = { charge: async () => 1, getRunStatus: async () => 'theirs' }
  const { activities } = configured({ activities: own })
  expect(activities).toMatchObject(own)
  expect(Object.keys(activities ?? {}).toSorted()).toEqual([...ours, 'charge'].toSorted())
})

test.each([{ workflowsPath: '/theirs.js' }, { workflowBundle: { code: 'theirs' } }])(
  'its own workflows stay the only ones: %j',
  (own) => {
    const { workflowsPath, workflowBundle } = { ...configured(own), ...plugin.configureReplayWorker(own) }
    expect({ workflowsPath, workflowBundle }).toEqual({ workflowsPath: undefined, workflowBundle: undefined, ...own })
  },
)

test.each(Object.keys(tuning))('its own %s stays', (option) => {
  expect(configured({ [option]: 7 })).toMatchObject({ ...tuning, [option]: 7 })
})

test('a worker that encrypts failures has the converter in its workflows, and refuses a bundle without it', () => {
  const dataConverter = { failureConverterPath }
  expect(configured({ dataConverter })).toMatchObject({ workflowsPath: workflowsPath() })
  const withConverter = { code: 'class EncodingFailureConverter {}' }
  expect(configured({ dataConverter, workflowBundle: withConverter })).toMatchObject({ workflowBundle: withConverter })
  for (const workflowBundle of [{ code: 'theirs' }, { codePath: workflowsPath() }]) {
    const refused = 'Make it with bundleWorkflowCode({ failureConverterPath, … })'
    expect(() => configured({ dataConverter, workflowBundle })).toThrow(refused)
    expect(configured({ workflowBundle })).toMatchObject({ workflowBundle })
  }
})

test('its own bundle carries traces, and has the modules of these workflows loaded once for all workflows', () => {
  const traceCarrier = workflowsPath().replace('index.ts', 'carry-trace.ts')
  const own = { workflowsPath: '/theirs.js', preloadModules: ['/shared.js'] }
  expect(plugin.configureBundler(own)).toMatchObject({
    workflowsPath: '/theirs.js',
    preloadModules: ['/shared.js', workflowsPath(), traceCarrier],
    workflowInterceptorModules: [traceCarrier],
  })
})

test('nothing cuts off its own long activities', () => {
  expect(configured({})).not.toHaveProperty('shutdownForceTime')
})

test('beside a tuner of its own no number of slots is set', () => {
  const tuner = { tunerOptions: { targetMemoryUsage: 0.8, targetCpuUsage: 0.9 } }
  expect(configured({ tuner })).not.toHaveProperty('maxConcurrentActivityTaskExecutions')
})

test('given twice, to a connection and to its worker, it changes nothing more', () => {
  const once = configured({})
  expect(plugin.configureWorker(once)).toEqual(once)
})

test('histories are replayed against the workflows of this package', () => {
  expect(plugin.configureReplayWorker({})).toMatchObject({ workflowsPath: workflowsPath() })
})

test('each server is looked at once, however many workers run with the plugin, and however often they have it', async () => {
  const scripted = await ScriptedLangGraph.start()
  scripted.on('run', json({ detail: 'no' }, { status: 401 }))
  const once = new LangGraphRunsPlugin({ servers: [{ name: 'default', url: scripted.url }] })
  const connection = await NativeConnection.connect({ address: inject('temporalAddress'), plugins: [once] })
  try {
    for (const plugins of [[once], []]) {
      const workflowBundle = { codePath: inject('workflowBundle') }
      const worker = await Worker.create({ connection, taskQueue: randomUUID(), workflowBundle, plugins })
      await worker.runUntil(() => vi.waitUntil(() => scripted.requests.length > 0, { timeout: 10_000 }))
    }
    expect(scripted.requests).toHaveLength(1)
  } finally {
    await connection.close()
    await scripted.stop()
  }
})
