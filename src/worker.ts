import {
  GracefulShutdownPeriodExpiredError,
  NativeConnection,
  Runtime,
  TransportError,
  Worker,
} from '@temporalio/worker'
import { ConfigError, loadWorkerConfig } from './config.ts'
import type { WorkerConfig } from './config.ts'
import { messageOf } from './domain/json.ts'
import {
  aboutAddress,
  aboutTls,
  isTlsOn,
  localAddress,
  noNamespace,
  requireReadableTls,
} from './temporal-connection.ts'
import { workerOptions, workflowSource } from './worker-options.ts'

/** Runs until SIGINT or SIGTERM, which let what is at work end (15 s at most). */
async function main(): Promise<void> {
  const config = loadWorkerConfig(process.env)
  const connection = await connect(config)
  try {
    const worker = await Worker.create({
      connection,
      ...(config.connect.namespace !== undefined && { namespace: config.connect.namespace }),
      ...workerOptions(config.servers, config.taskQueue),
      ...workflowSource(),
    })
    const deployments = config.servers.map(({ name }) => name)
    Runtime.instance().logger.info('worker ready', { taskQueue: config.taskQueue, deployments })
    await worker.run()
  } catch (error) {
    // What was cut off is taken up by the next worker.
    if (!(error instanceof GracefulShutdownPeriodExpiredError)) throw inWords(error, config)
  } finally {
    await connection.close()
  }
}

async function connect({ connect: { connectionOptions } }: WorkerConfig): Promise<NativeConnection> {
  requireReadableTls(connectionOptions)
  try {
    return await NativeConnection.connect(connectionOptions)
  } catch (error) {
    const { address = localAddress } = connectionOptions
    throw new ConfigError([
      aboutAddress(error) ??
        `Temporal does not answer at ${address} (TEMPORAL_ADDRESS): is it running? Start it (\`temporal server start-dev\`), or say where it is; ${aboutTls(isTlsOn(connectionOptions))}. What was said: ${messageOf(error)}`,
    ])
  }
}

/** Temporal's native part has one error for all that the server refuses. */
function inWords(error: unknown, { connect: { connectionOptions, namespace = 'default' } }: WorkerConfig): unknown {
  const isNoNamespace = error instanceof TransportError && /^Namespace .* not found.*code: NotFound/.test(error.message)
  return isNoNamespace ? new ConfigError([noNamespace(connectionOptions.address ?? localAddress, namespace)]) : error
}

try {
  await main()
  process.exit(0)
} catch (error) {
  const isMistake = error instanceof ConfigError || !(error instanceof Error)
  // Errors of Temporal's native part have no stack.
  process.stderr.write(`${isMistake ? String(error) : (error.stack ?? String(error))}\n`)
  process.exit(1)
}
