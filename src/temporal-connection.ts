import { createSecureContext } from 'node:tls'
import type { ClientConnectConfig } from '@temporalio/envconfig'
import { ConfigError } from './config.ts'
import { messageOf } from './domain/json.ts'

type ConnectionOptions = ClientConnectConfig['connectionOptions']

export const localAddress = 'localhost:7233'

/** @throws ConfigError if the key and the certificates make no connection, whatever is at the address */
export function requireReadableTls({ tls }: ConnectionOptions): void {
  if (typeof tls !== 'object' || tls === null) return
  const { serverRootCACertificate: ca, clientCertPair } = tls
  try {
    createSecureContext({ ...(ca && { ca: Buffer.from(ca) }), ...buffers(clientCertPair) })
  } catch (error) {
    throw new ConfigError([
      `TEMPORAL_TLS_*: the key or a certificate cannot be used (${messageOf(error)}): each must be PEM, and the key that of the certificate`,
    ])
  }
}

function buffers(pair: { readonly crt: Uint8Array; readonly key: Uint8Array } | undefined) {
  return pair && { cert: Buffer.from(pair.crt), key: Buffer.from(pair.key) }
}

/** Temporal's client does the same: an API key alone switches TLS on. */
export function isTlsOn({ tls, apiKey }: ConnectionOptions): boolean {
  return Boolean(tls ?? apiKey !== undefined)
}

/** If nothing answers, TLS may be the reason. */
export function aboutTls(isOn: boolean): string {
  return isOn
    ? 'TLS is on (TEMPORAL_TLS, TEMPORAL_API_KEY): does this server speak it? Unset them otherwise'
    : 'TEMPORAL_TLS=true if it wants TLS'
}

export function noNamespace(address: string, namespace: string): string {
  return `Temporal at ${address} has no namespace "${namespace}": correct TEMPORAL_NAMESPACE, or create it (\`temporal operator namespace create\`)`
}

/** Temporal's client takes an address apart before it connects. @returns `undefined` if something else is wrong */
export function aboutAddress(error: unknown): string | undefined {
  return error instanceof TypeError ? `TEMPORAL_*: ${error.message}. TEMPORAL_ADDRESS is host:port` : undefined
}
