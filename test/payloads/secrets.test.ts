import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import proto from '@temporalio/proto'
import { afterAll, assert, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns, resultStore, webhookUrl } from '../../src/client.ts'
import type { WatchRef } from '../../src/client.ts'
import { failureConverterPath, payloadCodecs } from '../../src/payloads.ts'
import { CliProcess } from '../cli/cli-process.ts'
import { freePort } from '../support/free-port.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { NotifiedReceiver, ok } from '../support/notified.ts'
import { TraceCollector } from '../support/trace-collector.ts'
import { WorkerProcess, WorkerStage } from '../support/worker-process.ts'

// Secrets are planted wherever a caller, a graph or a configuration has words of its own, every kind of workflow is carried
// out with them, and then they are searched for in all that Temporal keeps and all that is logged.

const planted = {
  input: `planted-input-${randomUUID()}`,
  answer: `planted-answer-${randomUUID()}`,
  noAnswer: `planted-no-answer-${randomUUID()}`,
  config: `planted-config-${randomUUID()}`,
}
const key = randomBytes(32).toString('base64')
const keys = `first:${key}`
const request = { pollInterval: '1s' } as const
const patience = { timeout: 30_000, interval: 100 }
const { api } = proto.temporal

let stage: WorkerStage
let client: Client
let runs: BackgroundRuns
let receiver: WorkerProcess
let notified: NotifiedReceiver
let collector: TraceCollector
let folder: string
let metricsPort: number
const langGraph = new LangGraphRuns(inject('langGraphUrl'))
/** What the server answers to those that look at an open workflow. */
const looks: Uint8Array[] = []
const receiverSecret = `planted-receiver-${randomUUID()}`

beforeAll(async () => {
  const url = inject('langGraphUrl')
  stage = await WorkerStage.open(url, { named: url }, '1s')
  const connection = await Connection.connect({ address: inject('temporalAddress') })
  client = new Client({ connection, dataConverter: { payloadCodecs: payloadCodecs(keys), failureConverterPath } })
  folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-secrets-'))
  ;[notified, collector, metricsPort] = await Promise.all([
    NotifiedReceiver.start(ok),
    TraceCollector.start(),
    freePort(),
  ])
  const store = resultStore(storeUrl(), { keys: [{ id: 'first', key: Buffer.from(key, 'base64') }] })
  runs = new BackgroundRuns(client, { taskQueue: stage.taskQueue, resultStore: store })
  const receives = { TEMPORAL_ADDRESS: inject('temporalAddress'), WEBHOOK_LISTEN: '127.0.0.1:0' }
  receiver = new WorkerProcess({ ...receives, WEBHOOK_SECRET: receiverSecret }, 'src/webhook.ts')
  await stage.startWorker('all', {
    ...collector.env,
    PAYLOAD_KEYS: keys,
    NOTIFY_URL: notified.url,
    NOTIFY_SECRET: notified.secret,
    METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
    RESULT_STORE: storeUrl(),
    RESULT_STORE_ABOVE: '1024',
    LOG_LEVEL: 'debug',
  })
})
afterAll(async () => {
  await stage.close()
  await receiver.kill()
  await Promise.all([notified.stop(), collector.stop()])
  await rm(folder, { recursive: true, force: true })
  await client.connection.close()
})

function storeUrl(): string {
  return pathToFileURL(folder).href
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    (value) => new Error(`no failure but ${JSON.stringify(value)}`),
    (failed: unknown) => failed,
  )
  return inspect(error, { depth: 10 })
}

function cli(...args: readonly string[]) {
  const env = { ...collector.env, TEMPORAL_TASK_QUEUE: stage.taskQueue, PAYLOAD_KEYS: keys }
  return CliProcess.start(args, env).ended
}

/** While it is open: what the Web UI shows of it, which has the question. */
async function look({ workflowId }: WorkflowHandle): Promise<void> {
  const execution = { workflowId }
  const { namespace } = client.options
  const { workflowService } = client
  for (const queryType of ['progress', '__temporal_workflow_metadata']) {
    const query = { namespace, execution, query: { queryType } }
    const answer = await workflowService.queryWorkflow(query)
    looks.push(api.workflowservice.v1.QueryWorkflowResponse.encode(answer).finish())
  }
  const described = await workflowService.describeWorkflowExecution({ namespace, execution })
  looks.push(api.workflowservice.v1.DescribeWorkflowExecutionResponse.encode(described).finish())
}

const asking = { assistantId: 'human', onInterrupt: 'wait', input: { symbol: planted.input }, ...request } as const

async function untilAsked(handle: WorkflowHandle): Promise<void> {
  await vi.waitFor(async () => assert.equal((await runs.progress(handle)).phase, 'interrupted'), patience)
}

async function untilSwept(watch: WatchRef): Promise<void> {
  await vi.waitFor(async () => assert.equal((await runs.progress(watch)).swept, true), patience)
}

describe.concurrent('with encryption', () => {
  test('a watch brings the result, and one that fails the error', async () => {
    const [ended, failed] = await Promise.all([
      langGraph.ended('work', { symbol: planted.input }),
      langGraph.ended('fail', { symbol: planted.input }),
    ])
    expect(await runs.watch(ended)).toMatchObject({ result: { final: `done ${planted.input}` } })
    expect(await runs.watch({ ...failed, deployment: 'named' })).toMatchObject({
      error: `ValueError: boom for ${planted.input}`,
    })
    const failure = await failureOf(runs.watch({ ...failed, onUnsuccessful: 'fail' }))
    expect(failure).toContain(`boom for ${planted.input}`)
  })

  test('a result and a status are read without a watch, and refused with the reason', async () => {
    const [ended, failed] = await Promise.all([
      langGraph.ended('work', { symbol: planted.input }),
      langGraph.ended('fail', { symbol: planted.input }),
    ])
    expect(await runs.retrieve(ended)).toMatchObject({ result: { final: `done ${planted.input}` } })
    expect(await runs.readStatus(ended)).toEqual({ status: 'success' })
    expect(await failureOf(runs.retrieve(failed))).toContain('RunNotSuccessful')
    expect(await failureOf(runs.readStatus({ ...ended, runId: randomUUID() }))).toContain('RunNotFound')
  })

  test('an execution asks its question, takes the answer, and refuses a wrong one', async () => {
    const handle = await runs.startExecution(`human/${randomUUID()}`, {
      ...asking,
      config: { configurable: { secret: planted.config } },
    })
    await untilAsked(handle)
    expect(JSON.stringify(await runs.progress(handle))).toContain(`buy ${planted.input}?`)
    await look(handle)
    const refused = runs.resume(handle, { value: planted.noAnswer, interruptId: planted.noAnswer })
    expect(await failureOf(refused)).toContain('NotAsked')
    await runs.resume(handle, { value: planted.answer })
    expect(await handle.result()).toMatchObject({ result: { answer: planted.answer } })
  })

  test('an execution that fails after an answer, one that is cancelled, and one that is refused', async () => {
    const failing = await runs.startExecution(`fails/${randomUUID()}`, asking)
    await untilAsked(failing)
    await runs.resume(failing, { value: 'boom' })
    expect(await failing.result()).toMatchObject({ error: `ValueError: boom for ${planted.input}` })

    const input = { symbol: planted.input, seconds: 60 }
    const long = await runs.startExecution(`long/${randomUUID()}`, { assistantId: 'work', input, ...request })
    await vi.waitFor(async () => assert.equal((await runs.progress(long)).status, 'running'), patience)
    await look(long)
    expect(await runs.cancelRun(long)).toMatchObject({ result: 'cancelled' })

    const workflowId = `refused/${randomUUID()}`
    expect(await runs.execute(workflowId, { assistantId: randomUUID(), input })).toMatchObject({
      polling_result: 'error',
    })
    const misspelt = failureOf(
      runs.execute(`unknown/${randomUUID()}`, { ...asking, onInterrupt: planted.answer } as never),
    )
    expect(await misspelt).toContain('InvalidInput')
  })

  test('an execution is answered elsewhere, one by nobody, and a watch is out of time', async () => {
    const elsewhere = await runs.startExecution(`elsewhere/${randomUUID()}`, asking)
    const [unanswered, late] = await Promise.all([
      runs.execute(`nobody/${randomUUID()}`, { ...asking, humanTimeout: '1s' }),
      runs.watch({
        ...(await langGraph.create('work', { symbol: planted.input, seconds: 10 })),
        maxPollTime: '1s',
        ...request,
      }),
    ])
    expect(JSON.stringify(unanswered)).toContain(`buy ${planted.input}?`)
    expect(late).toMatchObject({ status: 'polling_timeout' })
    await untilAsked(elsewhere)
    const { thread_id: threadId = '' } = await runs.progress(elsewhere)
    await langGraph.ended('human', { symbol: '' }, { threadId, resume: planted.answer })
    expect(await elsewhere.result()).toMatchObject({ result: { answer: planted.answer } })
  })

  test('an execution that waits continues as new, and is cancelled in Temporal', async () => {
    const handle = await runs.startExecution(`again-and-cancelled/${randomUUID()}`, asking)
    await untilAsked(handle)
    const chained = client.workflow.getHandle(handle.workflowId)
    const { runId } = await chained.describe()
    // A KB counts as an event of the 4,000.
    for (let n = 0; n < 40; n += 1) await chained.signal('of any name', planted.input.repeat(2000))
    await vi.waitFor(async () => assert.notEqual((await chained.describe()).runId, runId), patience)
    expect(JSON.stringify((await chained.describe()).memo)).toContain(planted.input)
    await chained.cancel()
    expect(await failureOf(chained.result())).toContain('CancelledFailure')
    expect((await chained.describe()).memo).toHaveProperty('cancellation')
  })

  test('a large result is kept in the store', async () => {
    const large = await langGraph.ended('work', { symbol: planted.input, size: 5000 })
    expect(await runs.watch(large)).toMatchObject({ result: { final: `done ${planted.input}` } })
    expect((await files()).filter((file) => !file.endsWith('doctor.json'))).toHaveLength(1)
  })

  test('the same id with another request is refused', async () => {
    const workflowId = `twice/${randomUUID()}`
    const first = { assistantId: 'work', input: { symbol: planted.input }, ...request }
    await runs.execute(workflowId, first)
    const failure = await failureOf(runs.execute(workflowId, { ...first, input: { symbol: planted.answer } }))
    expect(failure).toContain('DifferentRequest')
    expect(failure).toContain(planted.input)
  })

  test('the sweep finds its watches, and the webhook receiver wakes one without a key', async () => {
    const long = await langGraph.create('work', { symbol: planted.input, seconds: 60 })
    await runs.startWatch({ ...long, ...request })
    await untilSwept(long)
    const run = await langGraph.create('work', { symbol: planted.input, seconds: 6 })
    const workflowId = `by-memo/${randomUUID()}`
    const hourly = { ...run, pollInterval: '1h', maxPollTime: '1 day' }
    const options = { taskQueue: stage.taskQueue, workflowId, args: [hourly] }
    const handle = await client.workflow.start('watchRun', options)
    await untilSwept({ workflowId })
    await receiver.said('webhook receiver ready')
    const [, port] = /"port":(\d+)/.exec(receiver.log) ?? []
    const baseUrl = `http://127.0.0.1:${port}`
    const address = webhookUrl({ baseUrl, secret: receiverSecret, namespace: 'default', workflowId })
    expect((await fetch(address, { method: 'POST', body: planted.input })).status).toBe(202)
    expect(await handle.result()).toMatchObject({ result: { final: `done ${planted.input}` } })
    await runs.cancelRun(long)
  })

  test('the command line starts, shows and answers', async () => {
    const [id, input] = [`cli/${randomUUID()}`, JSON.stringify({ symbol: planted.input })]
    const executing = cli(
      'execute',
      'human',
      '--input',
      input,
      '--id',
      id,
      '--on-interrupt',
      'wait',
      '--poll-interval',
      '1s',
      '--json',
    )
    await vi.waitFor(async () => assert.equal((await runs.progress({ workflowId: id })).phase, 'interrupted'), patience)
    expect((await cli('status', '--id', id)).stdout).toContain(planted.input)
    expect((await cli('resume', '--id', id, '--value', JSON.stringify(planted.answer))).code).toBe(0)
    const { code, stdout } = await executing
    expect({ code, answer: JSON.parse(stdout).result?.answer }).toEqual({ code: 0, answer: planted.answer })
    const listed = await cli('list', '--json', '--limit', '100')
    const row = { id, state: 'success', assistant: 'human' }
    expect(JSON.parse(listed.stdout)).toContainEqual(expect.objectContaining(row))
    expect((await cli('doctor', '--json')).stdout).toContain('"check":"a worker asked","status":"ok"')
  })
})

async function files() {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

const configured = () => [...Object.values(stage.secrets), key, receiverSecret, notified.secret, notified.token]
const secrets = () => [...Object.values(planted), ...configured()]
const found = (bytes: Uint8Array) => secrets().filter((secret) => Buffer.from(bytes).includes(secret))

const ours = ['executeRun', 'watchRun', 'retrieveRunResult', 'readRunStatus']

describe('none of it is', () => {
  const namespace = 'default'

  async function executions() {
    const query = `TaskQueue = '${stage.taskQueue}'`
    const page = await client.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 1000 })
    return { page, all: page.executions?.flatMap(({ execution }) => execution ?? []) ?? [] }
  }

  test('in a raw history', async () => {
    const types = new Set<string>()
    const { all } = await executions()
    for (const execution of all) {
      const { history } = await client.workflowService.getWorkflowExecutionHistory({ namespace, execution })
      const bytes = Buffer.from(api.history.v1.History.encode(history ?? {}).finish())
      // So the search reads what it is to read.
      expect(bytes.includes('binary/encrypted')).toBe(true)
      expect(found(bytes)).toEqual([])
      types.add(history?.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '')
    }
    expect(types).toEqual(new Set([...ours, 'sweepRuns', 'notifyRun', 'diagnose']))
  })

  test('in visibility, and in no answer about an open workflow', async () => {
    const { page } = await executions()
    expect(found(api.workflowservice.v1.ListWorkflowExecutionsResponse.encode(page).finish())).toEqual([])
    expect(looks).toHaveLength(6)
    for (const bytes of looks) expect(found(bytes)).toEqual([])
    expect(looks.some((bytes) => Buffer.from(bytes).includes('binary/encrypted'))).toBe(true)
  })

  test('in a log', () => {
    const logs = [...stage.workers, receiver].map(({ log }) => log)
    for (const log of logs) expect(found(Buffer.from(log))).toEqual([])
    expect(logs.join()).toContain('Workflow failed')
  })

  test('in metrics, traces, and objects of the store', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
    expect(metrics).toContain('lg_watches_ended')
    expect(found(Buffer.from(metrics))).toEqual([])
    await vi.waitUntil(() => collector.named('RunActivity:createRun').length > 0, patience)
    expect(found(Buffer.from(collector.text))).toEqual([])
    const objects = await Promise.all((await files()).map((file) => readFile(file)))
    expect(objects.length).toBeGreaterThan(0)
    for (const object of objects) expect(found(object)).toEqual([])
  })

  test('of the configuration in a notification, which tells the question', async () => {
    await notified.has(1, () => notified.deliveries.filter(({ text }) => text.includes(planted.input)))
    for (const { text } of notified.deliveries) {
      expect(configured().filter((secret) => text.includes(secret))).toEqual([])
    }
  })
})
