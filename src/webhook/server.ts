import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { ConfigError } from '../config.ts'
import type { Listen } from '../config/listen.ts'
import { messageOf } from '../domain/json.ts'

/** What answers the requests. */
interface App {
  readonly fetch: Parameters<typeof getRequestListener>[0]
}

/** What one sender may take of the receiver. */
export const limits = {
  headersMs: 10_000,
  /** Headers and body. */
  requestMs: 60_000,
  connections: 2000,
} as const

/** Longer than Python servers keep a connection (60 s), which might otherwise use one that is just being closed. */
const keepAliveMs = 65_000
/** Answers take 4 s at most: one second of waiting for the same workflow's turn, and three for Temporal. */
const finishWithinMs = 10_000

export interface RunningServer {
  readonly host: string
  readonly port: number
  /** Answers the requests that are in flight, and no others. */
  stop(): Promise<void>
}

/** @throws as `net.Server.listen` does, if the address is taken or not of this machine */
export async function startServer(
  app: App,
  { host, port }: Listen,
  { headersMs, requestMs, connections }: { readonly [K in keyof typeof limits]: number } = limits,
): Promise<RunningServer> {
  const options = { overrideGlobalObjects: false, autoCleanupIncoming: false }
  const answer = getRequestListener(app.fetch, options)
  const times = { headersTimeout: headersMs, requestTimeout: requestMs, keepAliveTimeout: keepAliveMs }
  const server = createServer({ ...times, connectionsCheckingInterval: 1000 }, (incoming, outgoing) => {
    void answer(incoming, outgoing)
  })
  server.maxConnections = connections
  server.listen(port, host)
  await once(server, 'listening')
  return { host, port: portOf(server.address()) ?? port, stop: () => stop(server) }
}

/** @throws ConfigError that names the variable, if the address is taken or not of this machine */
export async function startedOrExplained(app: App, listen: Listen, variable: string): Promise<RunningServer> {
  try {
    return await startServer(app, listen)
  } catch (error) {
    const { host, port } = listen
    throw new ConfigError([
      `${variable}: cannot listen on ${host}:${port} (${messageOf(error)}): choose another port, or an address of this machine`,
    ])
  }
}

function portOf(address: string | AddressInfo | null): number | undefined {
  return typeof address === 'object' ? address?.port : undefined
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  // A connection that was busy then would otherwise stay open until its client lets go of it.
  const closing = setInterval(() => server.closeIdleConnections(), 50)
  const cuttingOff = setTimeout(() => server.closeAllConnections(), finishWithinMs)
  await closed
  clearInterval(closing)
  clearTimeout(cuttingOff)
}
