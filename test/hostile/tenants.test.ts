import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createActivities } from '../../src/activities/index.ts'
import { ConfigError, loadWorkerConfig } from '../../src/config.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { failureOf, inActivity, newRun } from '../activities/in-activity.ts'
import { json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'

let server: ScriptedLangGraph
beforeAll(async () => {
  server = await ScriptedLangGraph.start()
  server.on('run', json({ status: 'running' }))
})
afterAll(() => server.stop())

function activities() {
  return createActivities(
    createDeployments([
      { name: 'all', url: server.url },
      { name: 'ours', url: server.url, namespaces: ['trading', 'research'] },
      { name: 'queue', url: server.url, taskQueues: ['trading-runs'] },
      { name: 'both', url: server.url, namespaces: ['trading'], taskQueues: ['trading-runs'] },
    ]),
  )
}

function poll(deployment: string, namespace: string, taskQueue: string) {
  return inActivity(activities().getRunStatus, { ...newRun(), deployment }, { namespace, taskQueue })
}

describe('a deployment that is for some', () => {
  test.each([
    { deployment: 'all', namespace: 'anything', taskQueue: 'anything' },
    { deployment: 'ours', namespace: 'research', taskQueue: 'anything' },
    { deployment: 'queue', namespace: 'anything', taskQueue: 'trading-runs' },
    { deployment: 'both', namespace: 'trading', taskQueue: 'trading-runs' },
  ])('answers them: $deployment in $namespace on $taskQueue', async ({ deployment, namespace, taskQueue }) => {
    expect(await poll(deployment, namespace, taskQueue)).toMatchObject({ status: 'running' })
  })

  test.each([
    { deployment: 'ours', namespace: 'sales', taskQueue: 'trading-runs' },
    { deployment: 'ours', namespace: 'trading ', taskQueue: 'trading-runs' },
    { deployment: 'queue', namespace: 'trading', taskQueue: 'langgraph-runs' },
    { deployment: 'both', namespace: 'trading', taskQueue: 'langgraph-runs' },
    { deployment: 'both', namespace: 'sales', taskQueue: 'trading-runs' },
    { deployment: 'absent', namespace: 'trading', taskQueue: 'trading-runs' },
    { deployment: 'constructor', namespace: 'trading', taskQueue: 'trading-runs' },
  ])('is unknown to others, in the same words: $deployment', async ({ deployment, namespace, taskQueue }) => {
    const asked = server.requests.length
    const failure = await failureOf(poll(deployment, namespace, taskQueue))
    // Another worker may know it, so the workflow decides whether it asks again.
    expect(failure).toMatchObject({ type: 'UnknownDeployment', nonRetryable: false })
    expect(failure.message).toBe(
      `Deployment "${deployment}" is not configured on this worker for this namespace and task queue. Name another one, or add it to LANGGRAPH_DEPLOYMENTS on every worker of the task queue`,
    )
    expect(server.requests).toHaveLength(asked)
  })

  test('is asked by every activity on the same condition', async () => {
    // These are about no deployment.
    const { notify: _, diagnose: __, lookAtShown: ___, ...others } = activities()
    for (const activity of Object.values(others)) {
      const request = { ...newRun(), deployment: 'ours', key: 'k', run: { assistantId: 'a' }, action: 'interrupt' }
      const failure = await failureOf(
        inActivity(activity as (argument: object) => Promise<unknown>, request, { namespace: 'sales' }),
      )
      expect(failure.type).toBe('UnknownDeployment')
    }
  })
})

describe('LANGGRAPH_DEPLOYMENTS', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-tenants-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function serversOf(fields: object) {
    const file = join(folder, 'deployments.json')
    await writeFile(file, JSON.stringify({ eu: { url: 'http://127.0.0.1:2024', ...fields } }), { mode: 0o600 })
    return loadWorkerConfig({ LANGGRAPH_DEPLOYMENTS: file }).servers
  }

  test('says who may use a deployment', async () => {
    expect(await serversOf({ namespaces: ['a', 'b'], taskQueues: ['q'] })).toMatchObject([
      { name: 'eu', namespaces: ['a', 'b'], taskQueues: ['q'] },
    ])
    expect((await serversOf({}))[0]).not.toHaveProperty('namespaces')
  })

  test.each([
    { fields: { namespaces: 'a' }, says: '"eu" "namespaces": must be a list of at least one name' },
    { fields: { namespaces: [] }, says: '"eu" "namespaces": must be a list of at least one name' },
    { fields: { taskQueues: ['a', 7] }, says: '"eu" "taskQueues": must be a list of at least one name' },
    { fields: { taskQueues: [' '] }, says: '"eu" "taskQueues": must be a list of at least one name' },
    { fields: { namespaces: null }, says: '"eu" "namespaces": must be a list of at least one name' },
  ])('with a wrong list stops the worker: $fields', async ({ fields, says }) => {
    const loaded = serversOf(fields)
    await expect(loaded).rejects.toThrow(ConfigError)
    await expect(loaded).rejects.toThrow(says)
  })
})
