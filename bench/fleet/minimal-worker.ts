import { fileURLToPath } from 'node:url'
import { NativeConnection, Worker } from '@temporalio/worker'
import { minimalActivities } from '../minimal-activities.ts'

/** The worker of the minimal workflow, in a process of its own, with the options that Temporal gives it. */
const [address = '', apiUrl = ''] = process.argv.slice(2)
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: 'minimal',
  workflowsPath: fileURLToPath(new URL('../minimal-workflow.ts', import.meta.url)),
  activities: minimalActivities(apiUrl, 'minimal'),
})
process.stdout.write('worker ready\n')
await worker.run()
