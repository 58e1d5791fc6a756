import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { inject } from 'vitest'
import type { ServerConfig } from '../../src/langgraph/server.ts'
import { workerOptions } from '../../src/worker-options.ts'

/** A worker in this process, and a client of the same server. */
export interface PollerStage {
  readonly client: Client
  readonly taskQueue: string
  close(): Promise<void>
}

export async function openStage(
  address: string,
  servers: readonly ServerConfig[],
  taskQueue: string = randomUUID(),
): Promise<PollerStage> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } },
  })
  const [connection, workerConnection] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ])
  const worker = await Worker.create({
    connection: workerConnection,
    ...workerOptions(servers, taskQueue),
    // No test waits for an activity that hangs.
    shutdownGraceTime: 0,
    workflowBundle: { codePath: inject('workflowBundle') },
  })
  const running = worker.run()
  const close = async () => {
    worker.shutdown()
    await running
    await Promise.all([connection.close(), workerConnection.close()])
  }
  return { client: new Client({ connection }), taskQueue, close }
}
