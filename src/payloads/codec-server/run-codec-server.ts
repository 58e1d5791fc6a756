import { once } from 'node:events'
import { loadCodecServerConfig } from '../../config.ts'
import type { Environment } from '../../config.ts'
import { receiverLog } from '../../telemetry/receiver-log.ts'
import { startedOrExplained } from '../../webhook/server.ts'
import { dataConverterOf } from '../data-converter.ts'
import { createCodecApp } from './app.ts'

/**
 * The codec server: configured by the environment alone. On SIGINT or SIGTERM it answers what is in flight and returns
 * within 10 s.
 *
 * @throws ConfigError with every mistake of the configuration, or if it cannot listen
 */
export async function runCodecServer(env: Environment): Promise<void> {
  const { listen, payloads, origin, token, log: logConfig } = loadCodecServerConfig(env)
  const stopping = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')])
  const log = receiverLog(logConfig)
  const { payloadCodecs: codecs = [], externalStorage: storage } = await dataConverterOf(payloads)
  const app = createCodecApp({ codecs, storage, origin, token, log })
  const server = await startedOrExplained(app, listen, 'CODEC_LISTEN')
  const keys = payloads.keys.map(({ id }) => id).join(', ')
  log('INFO', 'codec server ready', {
    host: server.host,
    port: server.port,
    origin,
    keys,
    needsToken: token !== undefined,
  })
  await stopping
  await server.stop()
}
