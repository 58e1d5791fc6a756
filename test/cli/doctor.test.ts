import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '@temporalio/client'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { searchAttributes } from '../../src/domain/state.ts'
import { json, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import { WorkerProcess } from '../support/worker-process.ts'
import { Receiver } from '../webhook/stage.ts'
import { CliProcess } from './cli-process.ts'
import type { Environment } from './cli-process.ts'
import { examine, Patient } from './patient.ts'
import type { Findings } from './patient.ts'
import { RefusingTemporal } from './refusing-temporal.ts'

const cleanUps: (() => Promise<unknown>)[] = []
const patients: Patient[] = []
const real = inject('langGraphUrl')
const patience = { timeout: 30_000, interval: 200 }

beforeAll(() => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
    workerHeartbeatInterval: '1s',
  })
})
afterAll(async () => {
  await CliProcess.killAll()
  await Promise.all(patients.map((patient) => patient.close()))
  await Promise.all(cleanUps.map((cleanUp) => cleanUp()))
})

async function newPatient(): Promise<Patient> {
  const patient = await Patient.create()
  patients.push(patient)
  return patient
}

async function scripted(script: (server: ScriptedLangGraph) => unknown): Promise<string> {
  const server = await ScriptedLangGraph.start()
  cleanUps.push(() => server.stop())
  script(server)
  return server.url
}

/** A watch with a memo that no client can decode. */
async function startWithBrokenMemo({ workflowService, options }: Client): Promise<void> {
  const langgraph = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{not JSON') }
  await workflowService.startWorkflowExecution({
    namespace: options.namespace,
    requestId: randomUUID(),
    workflowId: randomUUID(),
    workflowType: { name: 'watchRun' },
    taskQueue: { name: 'otherq' },
    memo: { fields: { langgraph } },
  })
}

/** @returns its address */
async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port }: AddressInfo = Object(server.address())
  return `127.0.0.1:${port}`
}

/** A port on which nothing listens. */
async function nowhere(): Promise<string> {
  const server = createServer()
  const address = await listening(server)
  await once(server.close(), 'close')
  return address
}

/** Accepts connections, and never answers. */
function silent(): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => undefined).resume())
  cleanUps.push(async () => server.close())
  return listening(server)
}

async function refusingTemporal(grpcStatus: number, message: string): Promise<string> {
  const temporal = new RefusingTemporal(grpcStatus, message)
  cleanUps.push(() => temporal.stop())
  return temporal.listen()
}

async function emptyProfile(): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-doctor-'))
  cleanUps.push(() => rm(folder, { recursive: true }))
  const file = join(folder, 'temporal.toml')
  await writeFile(file, '')
  return { TEMPORAL_CONFIG_FILE: file }
}

function names({ of }: Findings, status: string): string[] {
  return Object.entries(of).flatMap(([name, check]) => (check.status === status ? [name] : []))
}

function build(deploymentName: string, buildId: string) {
  const version = { deploymentName, buildId }
  return {
    workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' },
  } as const
}

function makeCurrent({ client, namespace }: Patient, deploymentName: string, buildId: string): Promise<unknown> {
  const request = { namespace, deploymentName, buildId }
  return vi.waitFor(() => client.workflowService.setWorkerDeploymentCurrentVersion(request), patience)
}

describe.concurrent('Temporal', () => {
  test.each<{ fault: string; env: () => Promise<Environment>; code: number; check?: string; remedy: string }>([
    {
      fault: 'does not run',
      env: async () => ({ TEMPORAL_ADDRESS: await nowhere() }),
      code: 69,
      remedy: 'Start it (`temporal server start-dev`), or set TEMPORAL_ADDRESS or TEMPORAL_PROFILE',
    },
    {
      fault: 'accepts and never answers',
      env: async () => ({ TEMPORAL_ADDRESS: await silent() }),
      code: 69,
      remedy: 'or set TEMPORAL_ADDRESS or TEMPORAL_PROFILE, and TEMPORAL_TLS=true if it wants TLS',
    },
    {
      fault: 'does not speak TLS, which is on',
      env: async () => ({ TEMPORAL_TLS: 'true' }),
      code: 69,
      remedy: 'does this server speak it? Unset them otherwise',
    },
    {
      fault: 'does not accept the key',
      env: async () => ({ TEMPORAL_ADDRESS: await refusingTemporal(16, 'bad token') }),
      code: 1,
      remedy: 'refuses (bad token): check TEMPORAL_API_KEY, or TEMPORAL_TLS_*, and TEMPORAL_NAMESPACE',
    },
    {
      fault: 'has a URL for its address',
      env: async () => ({ TEMPORAL_ADDRESS: 'http://localhost:7233' }),
      code: 1,
      remedy: 'TEMPORAL_ADDRESS is host:port',
    },
    {
      fault: 'has an empty temporal.toml',
      env: emptyProfile,
      code: 1,
      remedy: 'the configuration file has no profile: it needs a table [profile.default], or delete it',
    },
    {
      fault: 'has no such namespace',
      env: async () => ({ TEMPORAL_NAMESPACE: 'nope' }),
      code: 1,
      check: 'namespace',
      remedy: 'correct TEMPORAL_NAMESPACE, or create it (`temporal operator namespace create`)',
    },
  ])('$fault', async ({ env, code, check = 'temporal', remedy }) => {
    const found = await examine(await env())

    expect(found).toMatchObject({ code, ok: false })
    expect(found.of).toEqual({
      [check]: { status: 'failed', found: 'cannot be used', remedy: expect.stringContaining(remedy) },
    })
  })

  test('a person reads one line for each check, with what to do below it', async () => {
    const address = await nowhere()

    const { code, stdout, stderr } = await CliProcess.start(['doctor'], { TEMPORAL_ADDRESS: address }).ended

    expect(code).toBe(69)
    expect(stdout).toMatch(/^failed   temporal  cannot be used\n {9}→ Temporal does not answer at [\d.:]+\. Start it/)
    expect(stderr).toBe('Something is wrong: the lines that begin with "failed" say what to do\n')
  })
})

describe.concurrent('the namespace', () => {
  test('lacks the search attributes: a warning, with the command that adds them', async () => {
    const patient = await newPatient()
    const { operatorService } = patient.client.connection
    await operatorService.addSearchAttributes({
      namespace: patient.namespace,
      searchAttributes: { [searchAttributes.state]: 2 },
    })

    const { of } = await patient.examine()

    expect(of['search attributes']).toEqual({
      status: 'warning',
      found: expect.stringContaining('missing: LangGraphThread, LangGraphRun, LangGraphAssistant;'),
      remedy: expect.stringContaining(
        `\`temporal operator search-attribute create --namespace ${patient.namespace} --name LangGraphThread --type Keyword --name LangGraphRun --type Keyword --name LangGraphAssistant --type Keyword\``,
      ),
    })
  })

  test.each([
    { what: 'lacks some', type: 2 },
    { what: 'has one of another type', type: 3 },
  ])('$what, and its worker is told to go without: ok, since there is nothing to do', async ({ type }) => {
    const patient = await newPatient()
    const { namespace, client } = patient
    await client.connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: { [searchAttributes.state]: type },
    })
    await patient.startWorker({ servers: [{ name: 'default', url: real }], searchAttributes: false })

    const { code, of } = await patient.examine()

    expect(code).toBe(0)
    expect(of['search attributes']).toEqual({
      status: 'ok',
      found: expect.stringContaining('off on this worker (SEARCH_ATTRIBUTES=off)'),
    })
    expect(of['namespace']?.found).toBe(`"${namespace}" keeps closed workflows for 1 day`)
  })

  test('has one of another type: failed, with the command that removes it', async () => {
    const patient = await newPatient()
    const { operatorService } = patient.client.connection
    await operatorService.addSearchAttributes({
      namespace: patient.namespace,
      searchAttributes: { [searchAttributes.state]: 3 },
    })

    const { code, of } = await patient.examine()

    expect(code).toBe(1)
    expect(of['search attributes']).toEqual({
      status: 'failed',
      found: 'LangGraphState is of type Int, and must be of type Keyword',
      remedy: expect.stringContaining(
        `\`temporal operator search-attribute remove --namespace ${patient.namespace} --name LangGraphState\``,
      ),
    })
  })
})

describe.concurrent('the workers', () => {
  test('none polls the task queue: the queues that are polled are named', async () => {
    const patient = await newPatient()
    await patient.startWorker({ servers: [{ name: 'default', url: real }] })
    const wrong = randomUUID()

    const found = await vi.waitFor(async () => {
      const seen = await patient.examine({ TEMPORAL_TASK_QUEUE: wrong })
      expect(seen.of['workers']?.remedy).toContain(`\`export TEMPORAL_TASK_QUEUE=${patient.taskQueue}\``)
      return seen
    }, patience)

    expect(found.code).toBe(1)
    expect(names(found, 'failed')).toEqual(['workers'])
    expect(found.of['workers']).toMatchObject({
      found: `no worker polls the task queue "${wrong}"`,
      remedy: expect.stringContaining(`start one (\`TEMPORAL_TASK_QUEUE=${wrong} langgraph-runs worker\``),
    })
  })

  test('open watches are on another task queue, without a worker', async () => {
    const patient = await newPatient()
    const runs = new BackgroundRuns(patient.client, { taskQueue: 'otherq' })
    await runs.startWatch({ threadId: randomUUID(), runId: randomUUID() })
    await startWithBrokenMemo(patient.client)

    const { of } = await vi.waitFor(async () => {
      const seen = await patient.examine()
      expect(seen.of['open watches']?.found).toContain('"otherq"')
      return seen
    }, patience)

    expect(of['open watches']).toEqual({
      status: 'warning',
      found: `0 on the task queue "${patient.taskQueue}"; others wait where no worker polls: task queue "otherq"`,
      remedy: expect.stringContaining(
        'start a worker there (`TEMPORAL_TASK_QUEUE=otherq langgraph-runs worker`), or end',
      ),
    })
    const [, query = ''] = /terminate --query '([^']+)'/.exec(of['open watches']?.remedy ?? '') ?? []
    expect((await patient.client.workflow.count(query)).count).toBeGreaterThan(0)
    expect(query).toContain('WorkflowType')
  })

  test('none takes activities', async () => {
    const patient = await newPatient()
    await patient.startOtherWorker({ workflowBundle: { codePath: inject('workflowBundle') } })

    const found = await patient.examine()

    expect(found.of['workers']).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('but none takes activities'),
      remedy: expect.stringContaining('start one that takes both'),
    })
  })

  test('one that is too old does not know the question', async () => {
    const patient = await newPatient()
    const workflowsPath = fileURLToPath(new URL('../support/parent-workflow.ts', import.meta.url))
    await patient.startOtherWorker({ workflowsPath, activities: { any: async () => undefined } })

    const found = await patient.examine()

    expect(found.code).toBe(0)
    expect(found.of['a worker asked']).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('does not know it'),
      remedy: expect.stringContaining('update the worker'),
    })
  })

  test('one has the workflows alone, and activities of its own', async () => {
    const patient = await newPatient()
    const workflowBundle = { codePath: inject('workflowBundle') }
    await patient.startOtherWorker({ workflowBundle, activities: { any: async () => undefined } })

    const found = await patient.examine()

    expect(found.of['a worker asked']).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('not know it'),
    })
  })

  test('one that was killed still counts as running, but does not answer', async () => {
    const patient = await newPatient()
    const worker = new WorkerProcess({
      ...patient.env,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      LANGGRAPH_API_URL: real,
    })
    await worker.said('worker ready')
    await vi.waitFor(async () => expect((await patient.examine()).of['workers']?.status).toBe('ok'), patience)
    await worker.kill()

    const found = await patient.examine()

    expect(found.code).toBe(1)
    expect(names(found, 'failed')).toEqual(['a worker asked'])
    expect(found.of['a worker asked']).toMatchObject({
      found: 'no worker has answered in time',
      remedy: expect.stringContaining('one that stopped less than 70 s ago still counts as running'),
    })
  })
})

describe.concurrent('versions of workers', () => {
  const server = { name: 'default', url: real }

  test('none is current: failed, with the command that makes one current', async () => {
    const patient = await newPatient()
    await patient.startWorker({ servers: [server] }, build('ours', '1.0'))
    await vi.waitFor(async () => expect((await patient.examine()).of['workers']?.status).toBe('ok'), patience)

    const found = await patient.examine()

    expect(found.code).toBe(1)
    expect(names(found, 'failed')).toEqual(['worker version'])
    expect(found.of['worker version']).toEqual({
      status: 'failed',
      found: 'no version is current, so the workers of ours:1.0 get no work',
      remedy: '`temporal worker deployment set-current-version --deployment-name ours --build-id 1.0 --yes`',
    })
  })

  test('one is current, and the workers of another one wait', async () => {
    const patient = await newPatient()
    await patient.startWorker({ servers: [server], sweepInterval: 'none' }, build('ours', '1.0'))
    await patient.startWorker({ servers: [server], sweepInterval: 'none' }, build('ours', '2.0'))
    await makeCurrent(patient, 'ours', '2.0')
    await makeCurrent(patient, 'ours', '1.0')

    await vi.waitFor(async () => {
      const { of } = await patient.examine()
      expect(of['worker version']).toEqual({
        status: 'ok',
        found: 'ours:1.0 is current; also running: ours:2.0',
      })
      expect(of['a worker asked']).toMatchObject({ status: 'ok' })
    }, patience)
  })
})

describe.concurrent('what a worker reaches', () => {
  test('everything is well: 0, with the sweep that a watch has started', async () => {
    const patient = await newPatient()
    const { operatorService } = patient.client.connection
    await operatorService.addSearchAttributes({
      namespace: patient.namespace,
      searchAttributes: Object.fromEntries(Object.values(searchAttributes).map((name) => [name, 2])),
    })
    const endless = await scripted((server) =>
      server
        .on('run', json({ status: 'running', updated_at: '2026-01-01T00:00:00Z' }))
        .on('info', json({ version: '9.9', langgraph_py_version: '1.0' }))
        .on('search', json([])),
    )
    const servers = [
      { name: 'default', url: real },
      { name: 'endless', url: endless },
    ]
    await patient.startWorker({ servers, sweepInterval: '1s' })
    const runs = new BackgroundRuns(patient.client, { taskQueue: patient.taskQueue })
    await runs.startWatch({ threadId: randomUUID(), runId: randomUUID(), deployment: 'endless', pollInterval: '1s' })

    const found = await vi.waitFor(async () => {
      const seen = await patient.examine()
      expect(seen.of['sweep of endless']?.found).toMatch(
        /^alive since 20\S+Z, on \d+@\S+; last sign of life \d+ s ago$/,
      )
      return seen
    }, patience)

    expect(found).toMatchObject({ code: 0, ok: true })
    expect(Object.values(found.of).map(({ status }) => status)).not.toContain('failed')
    expect(names(found, 'warning')).toEqual([])
    expect(found.of['deployment default']?.found).toMatch(/LangGraph \d+\.\d+\S* \(JavaScript\); can be swept$/)
    expect(found.of['deployment endless']?.found).toMatch(/LangGraph 9\.9 \(Python\); can be swept$/)
    expect(found.of['workers']?.found).toMatch(
      /^1 at the task queue .*@\S+ \(since 20\S+Z, Temporal SDK \d+\.\d+\.\d+\)$/,
    )
    expect(found.of['sweep of default']?.found).toMatch(/^not running: /)
    expect(found.of['open watches']?.found).toMatch(/^1 on the task queue/)
    const { count } = await patient.client.workflow.count(
      "WorkflowType = 'diagnose' AND ExecutionStatus != 'Completed'",
    )
    expect(count).toBe(0)
  })

  test('each fault of a deployment has its remedy, and those of others are not shown', async () => {
    const patient = await newPatient()
    const page = { headers: { 'content-type': 'text/html' } }
    const notFound = json({ detail: 'Not Found' }, { status: 404 })
    const servers = [
      { name: 'default', url: `http://${await nowhere()}` },
      { name: 'keyless', url: await scripted((server) => server.on('run', json({ detail: 'no' }, { status: 401 }))) },
      { name: 'page', url: await scripted((server) => server.on('run', text('<html>', page))) },
      { name: 'hanging', url: `http://${await silent()}` },
      { name: 'other', url: await scripted((server) => server.on('run', notFound).on('search', notFound)) },
      { name: 'foreign', url: real, taskQueues: ['of-somebody-else'] },
    ]
    await patient.startWorker({ servers, sweepInterval: 'none' })

    const found = await patient.examine()

    expect(found.code).toBe(1)
    expect(names(found, 'failed')).toEqual([
      'deployment default',
      'deployment keyless',
      'deployment page',
      'deployment hanging',
    ])
    expect(found.of['deployment default']).toMatchObject({
      found: expect.stringContaining('no connection: is the server running'),
      remedy: 'start the server; if it runs, correct LANGGRAPH_API_URL on the worker, and restart it',
    })
    expect(found.of['deployment keyless']).toMatchObject({
      found: expect.stringContaining('HTTP 401 "no": check the API key'),
      remedy:
        'set the key (`apiKeyEnv`) or the headers of "keyless" in LANGGRAPH_DEPLOYMENTS on the worker, and restart it',
    })
    expect(found.of['deployment page']?.found).toContain('that of a LangGraph server?')
    expect(found.of['deployment hanging']?.found).toContain('no answer in time')
    expect(found.of['deployment other']).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('nothing shows that it is a LangGraph server'),
      remedy: expect.stringContaining('correct the url of "other" in LANGGRAPH_DEPLOYMENTS'),
    })
    expect(Object.keys(found.of)).not.toContain('deployment foreign')
    expect(found.of['sweep']?.found).toContain('SWEEP_INTERVAL=none')
  })

  test('a worker that has no deployment for this task queue says so', async () => {
    const patient = await newPatient()
    await patient.startWorker({ servers: [{ name: 'default', url: real, taskQueues: ['of-somebody-else'] }] })

    const { of } = await patient.examine()

    expect(of['deployments']).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('see their `namespaces` and `taskQueues`'),
    })
  })

  test.each<{
    fault: string
    at: (receiver: Receiver) => { url: string; secret: string }
    found: RegExp
    remedy: string
  }>([
    {
      fault: 'has another secret',
      at: ({ url }) => ({ url, secret: 'x'.repeat(32) }),
      found: /refuses the worker's addresses$/,
      remedy: 'set the same WEBHOOK_SECRET on the workers and the receiver, and restart them',
    },
    {
      fault: 'is of another namespace',
      at: ({ url, secret }) => ({ url, secret }),
      found: /serves another Temporal namespace, or is not the receiver$/,
      remedy: 'TEMPORAL_NAMESPACE',
    },
    {
      fault: 'does not run',
      at: ({ secret }) => ({ url: 'http://127.0.0.1:1', secret }),
      found: /does not answer the worker$/,
      remedy: 'start the receiver (`node dist/webhook.js`), or correct WEBHOOK_URL',
    },
    {
      fault: 'is something else',
      at: ({ secret }) => ({ url: `${real}/ok`, secret }),
      found: /HTTP|not the receiver/,
      remedy: 'WEBHOOK_URL',
    },
  ])('the webhook receiver $fault', async ({ at, found, remedy }) => {
    const [patient, receiver] = await Promise.all([newPatient(), Receiver.start()])
    cleanUps.push(() => receiver.stop())
    await patient.startWorker({ servers: [{ name: 'default', url: real }], webhook: at(receiver) })

    const { code, of } = await patient.examine()

    expect(code).toBe(1)
    expect(of['webhook']).toMatchObject({
      status: 'failed',
      found: expect.stringMatching(found),
      remedy: expect.stringContaining(remedy),
    })
  })
})
