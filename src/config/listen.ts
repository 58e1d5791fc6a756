import { read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

/** Where a server of ours listens. */
export interface Listen {
  readonly host: string
  readonly port: number
}

export function listenAddress(name: string, byDefault: string, env: Environment, found: Findings): Listen {
  const text = read(env, name, found) ?? byDefault
  const [, host = '', port = ''] = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+):(\d{1,5})$/i.exec(text) ?? []
  if (host === '' || Number(port) > 65_535) {
    const example = byDefault.replace(/^.*:/, '[::]:')
    found.mistakes.push(`${name} must be host:port, such as ${byDefault}, or ${example} for IPv6`)
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}
