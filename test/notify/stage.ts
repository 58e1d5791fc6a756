import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { inject } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { workerOptions } from '../../src/worker-options.ts'
import { NotifiedReceiver } from '../support/notified.ts'
import type { Answer } from '../support/scripted-langgraph.ts'

/** A worker in this process that notifies a receiver, and a client. */
export interface NotifyingStage {
  readonly receiver: NotifiedReceiver
  readonly client: Client
  readonly runs: BackgroundRuns
  readonly taskQueue: string
  close(): Promise<void>
}

interface Options {
  readonly answers?: readonly Answer[]
  readonly langGraphUrl?: string
  readonly isOff?: boolean
}

export async function openStage({ answers = [], langGraphUrl, isOff = false }: Options = {}): Promise<NotifyingStage> {
  const address = inject('temporalAddress')
  const taskQueue = randomUUID()
  const receiver = await NotifiedReceiver.start(...answers)
  const { url, secret } = receiver
  const [connection, native] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ])
  const worker = await Worker.create({
    connection: native,
    ...workerOptions([{ name: 'default', url: langGraphUrl ?? inject('langGraphUrl') }], taskQueue, {
      ...(!isOff && { notify: { url, secret } }),
    }),
    workflowBundle: { codePath: inject('workflowBundle') },
    shutdownGraceTime: 0,
    shutdownForceTime: '1s',
  })
  const running = worker.run().catch(() => undefined)
  const client = new Client({ connection })
  const close = async () => {
    worker.shutdown()
    await running
    await Promise.all([native.close(), connection.close(), receiver.stop()])
  }
  return { receiver, client, runs: new BackgroundRuns(client, { taskQueue }), taskQueue, close }
}
