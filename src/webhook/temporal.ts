import { Client, Connection } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import type { ClientConnectConfig } from '@temporalio/envconfig'
import { ConfigError } from '../config.ts'
import { wakeHint, wakeSignalName } from '../domain/contract.ts'
import { messageOf } from '../domain/json.ts'
import { aboutAddress, requireReadableTls } from '../temporal-connection.ts'
import type { Log } from '../telemetry/receiver-log.ts'
import type { Tell } from './wakes.ts'

/** LangGraph waits meanwhile, a JS server with one of its queue workers. */
const tellWithinMs = 3000
const lookMs = 5000

/** Connects when it is first needed, since a receiver that is not up yet ends JS queue workers. @throws ConfigError */
export function clientOf({ connectionOptions, namespace = 'default' }: ClientConnectConfig): Client {
  requireReadableTls(connectionOptions)
  try {
    // With gRPC's default, 503 could continue for two minutes after Temporal is back.
    const channelArgs = { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': 5000 }
    return new Client({ connection: Connection.lazy({ ...connectionOptions, channelArgs }), namespace })
  } catch (error) {
    const mistake = aboutAddress(error)
    throw mistake === undefined ? error : new ConfigError([mistake])
  }
}

/** Logs whether Temporal answers. Nothing waits for it: Temporal may be up when the first wake comes. */
export async function logFirstLook(client: Client, address: string, log: Log): Promise<void> {
  const { namespace } = client.options
  const temporal = { address, namespace }
  try {
    await client.withDeadline(Date.now() + lookMs, () => client.workflowService.describeNamespace({ namespace }))
    log('INFO', 'Temporal answers', temporal)
  } catch (error) {
    log(
      'WARN',
      'Temporal does not answer about the namespace: is it running, and are TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE right?',
      { ...temporal, reason: messageOf(error) },
    )
  }
}

export function tellerOf(client: Client, log: Log, withinMs = tellWithinMs): Tell {
  return async (workflowId) => {
    const handle = client.workflow.getHandle(workflowId)
    try {
      await client.withDeadline(Date.now() + withinMs, () => handle.signal(wakeSignalName, wakeHint))
      return 'told'
    } catch (error) {
      // It has ended, or never began under this id: nobody would be woken the next time either.
      if (error instanceof WorkflowNotFoundError) return 'told'
      log('WARN', 'Temporal could not be told of a wake', { workflowId, reason: reasonOf(error) })
      return 'not_told'
    }
  }
}

/** The cause says why; the client's own message says only that the signal failed. */
function reasonOf(error: unknown): string {
  return messageOf(error instanceof Error ? (error.cause ?? error) : error)
}
