// A user's program: workers of every kind over one connection that has the plugin. Arguments: Temporal's address,
// LangGraph's URL, the run.
import { randomBytes, randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import type { DataConverter } from '@temporalio/common'
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker'
import type { WorkerOptions } from '@temporalio/worker'
import { BackgroundRuns } from 'langgraph-background-runs/client'
import { failureConverterPath, payloadCodecs } from 'langgraph-background-runs/payloads'
import { LangGraphRunsPlugin } from 'langgraph-background-runs/worker'
import type { greeting } from './own-workflows.js'
import type { decide } from './parent-workflows.js'

const [address = '', url = '', threadId = '', runId = ''] = process.argv.slice(2)
const run = { threadId, runId }
const at = (file: string) => fileURLToPath(new URL(file, import.meta.url))

const plugin = new LangGraphRunsPlugin({ servers: [{ name: 'default', url }] })
const connection = await NativeConnection.connect({ address, plugins: [plugin] })
const clientConnection = await Connection.connect({ address })
const client = new Client({ connection: clientConnection })

async function withWorker<T>(options: Partial<WorkerOptions>, work: (taskQueue: string) => Promise<T>): Promise<T> {
  const taskQueue = `${Object.keys(options).join('-')}-${runId}`
  const worker = await Worker.create({ connection, taskQueue, ...options })
  return worker.runUntil(() => work(taskQueue))
}

async function decision(taskQueue: string): Promise<string> {
  const options = { taskQueue, workflowId: taskQueue, args: [run] } as const
  const { outcome } = await client.workflow.execute<typeof decide>('decide', options)
  return outcome.polling_result
}

async function greeted(taskQueue: string): Promise<string> {
  const options = { taskQueue, workflowId: taskQueue, args: ['Ada'] } as const
  return client.workflow.execute<typeof greeting>('greeting', options)
}

/** Over a client with the same converter. @returns also the encoding of what the workflow returned */
async function watchedWith(dataConverter: DataConverter, taskQueue: string) {
  const converting = new Client({ connection: clientConnection, dataConverter })
  const handle = await new BackgroundRuns(converting, { taskQueue }).startWatch(run)
  const { polling_result } = await handle.result()
  const { events } = await handle.fetchHistory()
  const returned = events?.at(-1)?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0]
  return { polling_result, encoding: Buffer.from(returned?.metadata?.['encoding'] ?? []).toString() }
}

/** The message in the history of a workflow that fails, since it has no run. */
async function failureWith(dataConverter: DataConverter, taskQueue: string) {
  const encrypting = new Client({ connection: clientConnection, dataConverter })
  const missing = { threadId, runId: randomUUID(), onUnsuccessful: 'fail' } as const
  const handle = await new BackgroundRuns(encrypting, { taskQueue }).startWatch(missing)
  await handle.result().catch(() => undefined)
  const { events } = await handle.fetchHistory()
  return events?.at(-1)?.workflowExecutionFailedEventAttributes?.failure?.message
}

const activities = { greet: async (name: string) => `Hello, ${name}` }
const dataConverter = { payloadConverterPath: at('own-converter.js') }
const encrypting = { payloadCodecs: payloadCodecs([{ id: 'a', key: randomBytes(32) }]), failureConverterPath }
const shown = {
  nothingOfTheirOwn: await withWorker({}, async (taskQueue) => {
    const { polling_result } = await new BackgroundRuns(client, { taskQueue }).watch(run)
    return polling_result
  }),
  theirWorkflowsBesideOurs: await withWorker({ workflowsPath: at('parent-workflows.js') }, decision),
  theirWorkflowsAlone: await withWorker({ activities, workflowsPath: at('own-workflows.js') }, greeted),
  theirBundle: await withWorker(
    { workflowBundle: await bundleWorkflowCode({ workflowsPath: at('parent-workflows.js'), plugins: [plugin] }) },
    decision,
  ),
  encrypted: await withWorker({ dataConverter: encrypting }, (taskQueue) => watchedWith(encrypting, taskQueue)),
  failureWhenEncrypted: await withWorker({ dataConverter: encrypting, plugins: [] }, (taskQueue) =>
    failureWith(encrypting, taskQueue),
  ),
  theirConverterAndThePluginTwice: await withWorker({ dataConverter, plugins: [plugin] }, (taskQueue) =>
    watchedWith(dataConverter, taskQueue),
  ),
}
process.stdout.write(JSON.stringify(shown))
process.exit(0)
