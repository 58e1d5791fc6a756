import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import type { WorkerOptions } from '@temporalio/worker'
import { inject } from 'vitest'
import { payloadOptions } from './encryption.ts'

/** A worker on the shared Temporal server, with the real workflows and activities that do what a test says. */
export interface ScriptedWorker {
  readonly connection: Connection
  readonly client: Client
  readonly taskQueue: string
  stop(): Promise<void>
}

export async function startScriptedWorker(activities: WorkerOptions['activities'] = {}): Promise<ScriptedWorker> {
  // What is provoked here fails by the hundred, each with a warning.
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } })
  const address = inject('temporalAddress')
  const taskQueue = randomUUID()
  // A page of a history holds 256 events, however large they are.
  const channelArgs = { 'grpc.max_receive_message_length': 64_000_000 }
  const connection = await Connection.connect({ address, channelArgs })
  const native = await NativeConnection.connect({ address })
  const workflowBundle = { codePath: inject('workflowBundle') }
  const worker = await Worker.create({ connection: native, taskQueue, workflowBundle, activities, ...payloadOptions })
  const working = worker.run()
  const stop = async () => {
    worker.shutdown()
    await working
    await native.close()
    await connection.close()
  }
  return { connection, client: new Client({ connection, ...payloadOptions }), taskQueue, stop }
}
