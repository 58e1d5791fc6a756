import { once } from 'node:events'
import { ConfigError, loadReceiverConfig } from '../config.ts'
import type { Environment } from '../config.ts'
import { whyNotServed } from '../config/metrics.ts'
import type { Listen } from '../config/listen.ts'
import { serveMetrics, WebhookCounter } from '../telemetry/receiver-metrics.ts'
import { localAddress } from '../temporal-connection.ts'
import { createApp } from './app.ts'
import { receiverLog } from '../telemetry/receiver-log.ts'
import { startedOrExplained } from './server.ts'
import { clientOf, logFirstLook, tellerOf } from './temporal.ts'
import { Wakes } from './wakes.ts'

/**
 * The webhook receiver: configured by the environment alone. On SIGINT or SIGTERM it answers what is in flight and returns
 * within 10 s.
 *
 * @throws ConfigError with every mistake of the configuration, or if it cannot listen
 */
export async function runReceiver(env: Environment): Promise<void> {
  const { connect, listen, secret, log: logConfig, metricsListen } = loadReceiverConfig(env)
  const stopping = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  const log = receiverLog(logConfig)
  const client = clientOf(connect)
  const { namespace } = client.options
  const counter = new WebhookCounter()
  const app = createApp({ secret, namespace, wakes: new Wakes(tellerOf(client, log)), log, counter })
  const endMetrics = metricsListen && (await metricsOrExplained(counter, metricsListen))
  const server = await startedOrExplained(app, listen, 'WEBHOOK_LISTEN')
  log('INFO', 'webhook receiver ready', { host: server.host, port: server.port, namespace })
  void logFirstLook(client, connect.connectionOptions.address ?? localAddress, log)
  await stopping
  await server.stop()
  endMetrics?.()
  await client.connection.close()
}

async function metricsOrExplained(counter: WebhookCounter, listen: Listen): Promise<() => void> {
  try {
    return await serveMetrics(counter, listen)
  } catch (error) {
    throw new ConfigError([whyNotServed(listen, error)])
  }
}
