import { hostname } from 'node:os'
import { Connection } from '@temporalio/client'
import { loadTemporalConfig } from './config.ts'
import { messageOf } from './domain/json.ts'
import { isPolled } from './worker-polls.ts'

/** `node dist/healthcheck.js`, on the worker's host: exits 0 if Temporal has a worker of this host at the task queue. */
try {
  const { connect, taskQueue } = loadTemporalConfig(process.env)
  const { connectionOptions, namespace = 'default' } = connect
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' })
  const isPolling = await isPolled(connection, namespace, taskQueue, (identity) => identity.endsWith(`@${hostname()}`))
  if (!isPolling) process.stderr.write(`no worker of ${hostname()} polls the task queue "${taskQueue}"\n`)
  process.exit(isPolling ? 0 : 1)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exit(1)
}
