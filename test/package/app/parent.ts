// A user's program: a worker with workflows of their own and the package's activities. Arguments: Temporal's address,
// LangGraph's URL, the run.
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { BackgroundRuns } from 'langgraph-background-runs'
import { createActivities, createDeployments } from 'langgraph-background-runs/activities'
import type { decide } from './parent-workflows.js'

const [address = '', url = '', threadId = '', runId = ''] = process.argv.slice(2)
const taskQueue = `a-users-own-${runId}`
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  workflowsPath: fileURLToPath(new URL('parent-workflows.js', import.meta.url)),
  activities: createActivities(createDeployments([{ name: 'default', url }])),
})
const client = new Client({ connection: await Connection.connect({ address }) })
const run = { threadId, runId }
const shown = await worker.runUntil(async () => ({
  decision: await client.workflow.execute<typeof decide>('decide', {
    taskQueue,
    workflowId: `decide-${runId}`,
    args: [run],
  }),
  status: await new BackgroundRuns(client, { taskQueue }).readStatus(run),
}))
process.stdout.write(JSON.stringify(shown))
process.exit(0)
