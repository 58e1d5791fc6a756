import { NativeConnection, Worker } from '@temporalio/worker'
import { inject } from 'vitest'
import { workerOptions } from '../../src/worker-options.ts'
import { payloadOptions } from '../support/encryption.ts'

/**
 * A worker in this process.
 *
 * @param others LangGraph servers beside the shared one, which is `default`
 * @returns how to stop it
 */
export async function startWorker(
  taskQueue: string,
  others: readonly { readonly name: string; readonly url: string }[] = [],
): Promise<() => Promise<void>> {
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
  const worker = await Worker.create({
    connection,
    ...workerOptions([{ name: 'default', url: inject('langGraphUrl') }, ...others], taskQueue),
    workflowBundle: { codePath: inject('workflowBundle') },
    ...payloadOptions,
    shutdownGraceTime: 0,
    shutdownForceTime: '1s',
  })
  const running = worker.run().catch(() => undefined)
  return async () => {
    worker.shutdown()
    await running
    await connection.close()
  }
}
