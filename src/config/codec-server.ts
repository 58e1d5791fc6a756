import { isSecret, secretRule } from '../webhook/url.ts'
import { read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'
import { listenAddress } from './listen.ts'
import type { Listen } from './listen.ts'
import { logConfig } from './log.ts'
import type { LogConfig } from './log.ts'
import { payloadConfig } from './payloads.ts'
import type { PayloadConfig } from './payloads.ts'

export interface CodecServerConfig {
  readonly listen: Listen
  readonly payloads: PayloadConfig
  /** Of the Web UI that may ask; absent: no web page may. */
  readonly origin?: string
  /** What each request has to show; absent: whoever reaches the server may ask. */
  readonly token?: string
  readonly log: LogConfig
}

const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/

export function codecServerConfig(env: Environment, found: Findings): CodecServerConfig {
  const listen = listenAddress('CODEC_LISTEN', '127.0.0.1:8888', env, found)
  const payloads = payloadConfig(env, found)
  const hasKeys = ['PAYLOAD_KEYS', 'DATA_CONVERTER'].some((name) => read(env, name, { mistakes: [], warnings: [] }))
  if (!hasKeys)
    found.mistakes.push('PAYLOAD_KEYS is missing: the keys of the workers, or DATA_CONVERTER if they have one')
  const token = tokenOf(env, listen, found)
  const origin = read(env, 'CODEC_ORIGIN', found)
  if (origin !== undefined && !isOrigin(origin)) {
    found.mistakes.push(
      'CODEC_ORIGIN must be the origin of the Web UI, such as https://cloud.temporal.io, without a path',
    )
  }
  const log = logConfig(env, found)
  return { listen, payloads, log, ...(origin !== undefined && { origin }), ...(token !== undefined && { token }) }
}

/** `none` is a token that nobody has to show: it must be said where others can reach the server. */
function tokenOf(env: Environment, { host }: Listen, found: Findings): string | undefined {
  const token = read(env, 'CODEC_TOKEN', found)
  if (token === 'none') return undefined
  if (token === undefined && !isLoopback.test(host)) {
    found.mistakes.push(
      `CODEC_TOKEN is missing: ${secretRule}, since others than this machine reach CODEC_LISTEN; or none, if whoever reaches it may read all payloads`,
    )
  }
  if (token !== undefined && !isSecret(token)) found.mistakes.push(`CODEC_TOKEN must have ${secretRule}, or be none`)
  return token
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:[^*]+$/.test(text) && new URL(text).origin === text
}
