// A user's program: a worker with the package's own bundle, and the client. Arguments: Temporal's address, LangGraph's
// URL, the run.
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { BackgroundRuns } from 'langgraph-background-runs'
import type { RetrievedResult, WatchOutcome, WatchRunInput } from 'langgraph-background-runs'
import { workerOptions, workflowSource } from 'langgraph-background-runs/worker'
import type { ServerConfig } from 'langgraph-background-runs/worker'

const [address = '', url = '', threadId = '', runId = ''] = process.argv.slice(2)
const taskQueue = `a-user-${runId}`
const servers: readonly ServerConfig[] = [{ name: 'default', url }]
const source = workflowSource()
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  ...workerOptions(servers, taskQueue),
  ...source,
})
const runs = new BackgroundRuns(new Client({ connection: await Connection.connect({ address }) }), { taskQueue })
const run: WatchRunInput = { threadId, runId, maxPollTime: '1m' }
const { outcome, retrieved } = await worker.runUntil(async () => {
  const outcome: WatchOutcome = await runs.watch(run)
  const retrieved: RetrievedResult = await runs.retrieve({ threadId, runId, resultKeys: ['final'] })
  return { outcome, retrieved }
})
process.stdout.write(JSON.stringify({ source, outcome, retrieved: retrieved.result }))
process.exit(0)
