import { isIP } from 'node:net'
import { messageOf } from '../domain/json.ts'
import { read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

const example = '127.0.0.1:9464'

/** Where metrics are served: an address and a port. Absent: nowhere. */
export interface MetricsListen {
  readonly host: string
  readonly port: number
}

/** `undefined`: metrics are off. */
export function metricsListen(env: Environment, found: Findings): MetricsListen | undefined {
  const text = read(env, 'METRICS_LISTEN', found)
  if (text === undefined) return undefined
  const [, given = '', port = ''] = /^(\[[0-9a-f:.]+\]|[^:[\]\s]*):(\d{1,5})$/i.exec(text) ?? []
  const host = addressOf(given.replace(/^\[(.*)\]$/, '$1'))
  // Temporal's exporter takes an IP address and no name.
  if (port === '' || Number(port) > 65_535 || Number(port) === 0 || isIP(host) === 0) {
    found.mistakes.push(
      `METRICS_LISTEN must be an IP address and a port, such as ${example}, or :9464 for all addresses of this machine`,
    )
  }
  return { host, port: Number(port) }
}

function addressOf(host: string): string {
  if (host === '') return '0.0.0.0'
  return host === 'localhost' ? '127.0.0.1' : host
}

/** Another program has the port, or the address is not of this machine. */
export function whyNotServed({ host, port }: MetricsListen, error: unknown): string {
  return `METRICS_LISTEN: metrics cannot be served on ${host}:${port} (${messageOf(error)}): choose another port, or an address of this machine`
}
