import { setTimeout as pause } from 'node:timers/promises'
import { Client } from '@langchain/langgraph-sdk'
import { TcpLink } from '../../dev/demo/tcp-link.ts'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import { graphs } from '../support/graphs.ts'
import { startPython } from '../servers/servers.ts'
import { FaultProxy } from './fault-proxy.ts'
import type { ServerName } from './options.ts'

/** A real LangGraph server, and the bad way to it. */
export interface ChaosServer {
  readonly name: ServerName
  /** As workers reach it. */
  readonly url: string
  readonly proxy: FaultProxy
  /** As nobody but this program reaches it. */
  readonly truth: Client
  /** What `fail` does. */
  readonly failure: string
  /** Graphs forget then what they have counted. */
  readonly isRestarted: boolean
  /** It is away for a while. */
  fail(ms: number): Promise<void>
  stop(): Promise<void>
}

interface Real {
  readonly url: string
  stop(): Promise<void>
  /** Absent: it does not keep its runs. */
  redeploy?(): Promise<void>
}

/** Runs may wait for long until they are cancelled, and are begun again after each restart. */
const pythonSettings = { BG_JOB_TIMEOUT_SECS: '7200', BG_JOB_MAX_RETRIES: '1000' }

/**
 * The JS server is not restarted: the runs that it was working on stay `running` for ever, and what is younger than 3 s is lost.
 * The Python server saves everything when it is told to end, and begins again what it was working on.
 */
const starts: Readonly<Record<ServerName, () => Promise<Real>>> = {
  js: () => startLangGraphServer({ graphs }),
  python: () => startPython(pythonSettings),
}
const serverFailures: Readonly<Record<ServerName, string>> = {
  js: 'JS LangGraph server unreachable',
  python: 'Python LangGraph server restarted',
}

export async function startServer(name: ServerName, seed: string, isCalm: boolean): Promise<ChaosServer> {
  const real = await starts[name]()
  const proxy = await FaultProxy.start(real.url, `${seed}/${name}`, isCalm)
  const link = await TcpLink.to(proxy.url)
  return {
    name,
    url: link.url,
    proxy,
    truth: new Client({ apiUrl: real.url, apiKey: null, callerOptions: { maxRetries: 0, maxConcurrency: Infinity } }),
    failure: serverFailures[name],
    isRestarted: real.redeploy !== undefined,
    async fail(ms) {
      await link.cut()
      await Promise.all([pause(ms), real.redeploy?.()])
      await link.restore()
    },
    async stop() {
      await link.cut()
      await proxy.stop()
      await real.stop()
    },
  }
}
