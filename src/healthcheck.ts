import { hostname } from 'node:os'
import { Connection } from '@temporalio/client'
import { loadTemporalConfig } from './config.ts'
import { messageOf } from './domain/json.ts'

/** `node dist/healthcheck.js`, on the worker's host: exits 0 if Temporal has a worker of this host at the task queue. */
try {
  const { connect, taskQueue } = loadTemporalConfig(process.env)
  const { connectionOptions, namespace = 'default' } = connect
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' })
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    // WORKFLOW
    taskQueueType: 1,
  })
  // A worker's identity is <pid>@<host>. Temporal remembers it for a while; one that lives asks anew every minute.
  const sinceSeconds = Date.now() / 1000 - 90
  const isPolling =
    pollers?.some(
      ({ identity, lastAccessTime }) =>
        identity?.endsWith(`@${hostname()}`) && Number(lastAccessTime?.seconds ?? 0) > sinceSeconds,
    ) ?? false
  if (!isPolling) process.stderr.write(`no worker of ${hostname()} polls the task queue "${taskQueue}"\n`)
  process.exit(isPolling ? 0 : 1)
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exit(1)
}
