import { isIPv6 } from 'node:net'
import type { DataConverter } from '@temporalio/common'
import {
  GracefulShutdownPeriodExpiredError,
  NativeConnection,
  Runtime,
  TransportError,
  Worker,
} from '@temporalio/worker'
import type { WorkerDeploymentOptions } from '@temporalio/worker'
import { ConfigError, loadWorkerConfig } from './config.ts'
import type { Environment, WorkerConfig } from './config.ts'
import { whyNotServed } from './config/metrics.ts'
import type { MetricsListen } from './config/metrics.ts'
import { messageOf, present } from './domain/json.ts'
import { dataConverterOf } from './payloads/data-converter.ts'
import { withoutFailureTexts } from './payloads/quiet-logger.ts'
import { LangGraphRunsPlugin } from './plugin.ts'
import type { ExportedTraces } from './telemetry/trace-export.ts'
import {
  aboutAddress,
  aboutTls,
  isTlsOn,
  localAddress,
  noNamespace,
  requireReadableTls,
} from './temporal-connection.ts'
import { histogramBuckets } from './telemetry/metric-names.ts'
import { workerLogger } from './telemetry/worker-logger.ts'

/**
 * The ready worker: configured by the environment alone. On SIGINT or SIGTERM it finishes in-flight work and returns
 * within 15 s.
 *
 * @throws ConfigError with every mistake of the configuration, or if Temporal cannot be reached
 */
export async function runWorker(env: Environment): Promise<void> {
  const config = loadWorkerConfig(env)
  await loadStore(config)
  const dataConverter = await dataConverterOf(config.payloads)
  const runtime = installRuntime(config, dataConverter)
  const traces = await tracesOf(config)
  const connection = await connect(config)
  try {
    const worker = await Worker.create({
      connection,
      ...present({ namespace: config.connect.namespace, workerDeploymentOptions: versioning(config) }),
      taskQueue: config.taskQueue,
      dataConverter,
      // What still runs after the grace time is cut off.
      shutdownForceTime: '15s',
      plugins: [new LangGraphRunsPlugin({ ...config, ...present({ traces }) })],
    })
    const { logger } = runtime
    for (const warning of config.warnings) logger.warn('configuration warning', { warning })
    const deployments = config.servers.map(({ name }) => name)
    const { deploymentName: workerDeployment, buildId } = config.version ?? {}
    logger.info('worker ready', { taskQueue: config.taskQueue, deployments, workerDeployment, buildId })
    await worker.run()
    // A worker that was cut off has no time for it.
    await traces?.end()
  } catch (error) {
    // The next worker takes up what was cut off.
    if (!(error instanceof GracefulShutdownPeriodExpiredError)) throw explained(error, config)
  } finally {
    await connection.close()
    runtime.flushLogs()
  }
}

/** Temporal's native part takes its logger and its exporter before anything else is made. @throws ConfigError */
function installRuntime({ log, metricsListen }: WorkerConfig, { failureConverterPath }: DataConverter): Runtime {
  // Without forwarding, the native part writes lines of its own.
  const logging = { forward: {} }
  const logger = workerLogger(log)
  try {
    return Runtime.install({
      // Whoever hides the words of failures from Temporal does not want them in a log, with or without PAYLOAD_KEYS.
      logger: failureConverterPath === undefined ? logger : withoutFailureTexts(logger),
      // `langgraph-runs doctor` shows what workers tell of themselves: by default only once a minute.
      workerHeartbeatInterval: '10s',
      telemetryOptions: { logging, ...(metricsListen && { metrics: metricsAt(metricsListen) }) },
    })
  } catch (error) {
    throw metricsListen ? new ConfigError([whyNotServed(metricsListen, error)]) : error
  }
}

/** A watch moves to the version that is current when it has something to do: none keeps an old worker running. */
function versioning({ version }: WorkerConfig): WorkerDeploymentOptions | undefined {
  return version && { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' }
}

function metricsAt({ host, port }: MetricsListen) {
  const bindAddress = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
  const histogramBucketOverrides = { ...histogramBuckets }
  return { attachServiceName: false, prometheus: { bindAddress, histogramBucketOverrides } }
}

async function tracesOf({ areTracesOn }: WorkerConfig): Promise<ExportedTraces | undefined> {
  if (!areTracesOn) return undefined
  const { exportTraces } = await import('./telemetry/trace-export.ts')
  const { logger } = Runtime.instance()
  return exportTraces({
    isBrief: false,
    onOutage: (reason) => logger.warn('traces cannot be exported', { reason }),
  })
}

/** Not with the first large result: the package that it needs may be missing. */
async function loadStore({ resultStore }: WorkerConfig): Promise<void> {
  try {
    await resultStore?.load()
  } catch (error) {
    throw new ConfigError([messageOf(error)])
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
function explained(error: unknown, { connect: { connectionOptions, namespace = 'default' } }: WorkerConfig): unknown {
  const isNoNamespace = error instanceof TransportError && /^Namespace .* not found.*code: NotFound/.test(error.message)
  return isNoNamespace ? new ConfigError([noNamespace(connectionOptions.address ?? localAddress, namespace)]) : error
}
