import { once } from 'node:events'
import { Client, Connection } from '@temporalio/client'
import { EnhancedBackgroundRunPoller } from '../../src/poller.ts'

// A process that waits for a run, and that a test kills. Arguments: Temporal's address, task queue. Says when it is ready,
// and is told the thread's and the run's id. It gets no further than the wait: the watch sleeps for longer than any test.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

const [address = '', taskQueue = ''] = process.argv.slice(2)
const client = new Client({ connection: await Connection.connect({ address }) })
const poller = new EnhancedBackgroundRunPoller({ client, taskQueue, pollInterval: '1h', maxPollTime: '2h' })
process.send?.('ready')
const [[threadId, runId]] = await once(process, 'message')
await poller.pollUntilCompleteWithResults(threadId, runId)
