import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { loadBinaryPaths } from '../src/config.ts'
import { end, lastWordsOf } from './child.ts'
import { findBinary } from './temporal-binary.ts'
import type { BinaryName, FindOptions } from './temporal-binary.ts'

/** A Temporal dev server in a child process. It listens on free ports of the loopback interface. */
export interface TemporalProcess {
  readonly address: string
  /** Of the process that runs the server and ends it. */
  readonly pid: number
  /** `undefined` without the Web UI. */
  readonly uiUrl: string | undefined
  /** The Temporal CLI that runs it. */
  readonly executable: string
  /** Rejects with the server's last words as soon as it ends. */
  readonly died: Promise<never>
  stop(): Promise<void>
}

export interface TemporalProcessOptions extends FindOptions {
  readonly webUi?: boolean
  /** Default: everything is kept in memory. */
  readonly databaseFile?: string
  /** Default: a free one. */
  readonly port?: number
}

const readyTimeoutMs = 30_000
const triesForFreePorts = 3

/** @returns the program that the environment of this process names, or the first that is found */
export function findTemporal(binary: BinaryName, options: FindOptions = {}): Promise<string> {
  const { cacheFolder, ...paths } = loadBinaryPaths(process.env)
  return findBinary(binary, { path: paths[binary], cacheFolder }, options)
}

/** Starts a dev server that ends with this process. @throws with the server's last words if it does not get ready */
export async function startTemporalProcess(options: TemporalProcessOptions = {}): Promise<TemporalProcess> {
  const executable = await findTemporal('cli', options)
  for (let left = triesForFreePorts; ; left -= 1) {
    try {
      return await start(executable, options)
    } catch (error) {
      // Another process may take a free port before the server does.
      if (left <= 1 || !String(error).includes('address already in use')) throw error
    }
  }
}

/** Starts a Temporal dev server for tests, with connections to it. */
export async function startDevServer(): Promise<TestWorkflowEnvironment> {
  const server = await startTemporalProcess()
  const { address } = server
  const environment = await TestWorkflowEnvironment.createFromExistingServer({ address })
  const closeConnections = environment.teardown.bind(environment)
  const teardown = async () => {
    await closeConnections()
    await server.stop()
  }
  return Object.assign(environment, { teardown })
}

/** Starts a Temporal test server that skips time while a result is awaited, so it takes one workflow at a time. It ends with this process. */
export async function startTimeSkippingServer(): Promise<TestWorkflowEnvironment> {
  const program = await findTemporal('testServer')
  const script = fileURLToPath(new URL('test-server.sh', import.meta.url))
  // Windows has no shell for the script, so a killed test leaves its server running there.
  const [path, ...extraArgs] = process.platform === 'win32' ? [program] : [script, program]
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path }, extraArgs },
  })
}

async function start(
  executable: string,
  { webUi = false, databaseFile, signal, port: wanted }: TemporalProcessOptions,
): Promise<TemporalProcess> {
  const port = await freePort(wanted)
  const uiPort = await webUiPort(port)
  signal?.throwIfAborted()
  const ui = webUi ? ['--ui-port', String(uiPort)] : ['--headless']
  const database = databaseFile === undefined ? [] : ['--db-filename', databaseFile]
  const listens = ['--ip', '127.0.0.1', '--port', String(port), ...ui]
  const child = fork(
    fileURLToPath(new URL('ends-with-parent.mjs', import.meta.url)),
    [executable, 'server', 'start-dev', ...listens, ...database, '--log-level', 'warn'],
    // With the parent's execArgv its loader (tsx, vitest) would run in the child too.
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] },
  )
  const died = diedWithLastWords(child, executable)
  // The server ends at the latest in `stop`, when nobody may be listening.
  died.catch(() => undefined)
  const waiting = new AbortController()
  const until = AbortSignal.any([waiting.signal, ...(signal ? [signal] : [])])
  try {
    await Promise.race([ready(port, webUi ? uiPort : undefined, until), died])
  } catch (error) {
    await end(child, 'SIGTERM')
    throw error
  } finally {
    waiting.abort()
  }
  return {
    address: `127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    uiUrl: webUi ? `http://127.0.0.1:${uiPort}` : undefined,
    executable,
    died,
    stop: () => end(child, 'SIGTERM'),
  }
}

async function ready(port: number, uiPort: number | undefined, signal: AbortSignal): Promise<void> {
  const lastMoment = Date.now() + readyTimeoutMs
  const listening = async () => (await accepts(port)) && (uiPort === undefined || (await accepts(uiPort)))
  while (!(await listening()) || !(await hasNamespace(port))) {
    if (Date.now() > lastMoment) {
      throw new Error(`the Temporal dev server is not ready after ${readyTimeoutMs / 1000} s`)
    }
    await pause(50, undefined, { signal })
  }
}

/** This is quicker than a gRPC connection, which waits a second before it tries a refused port again. */
async function accepts(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function hasNamespace(port: number): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: '1s' })
    try {
      await connection.workflowService.describeNamespace({ namespace: 'default' })
      return true
    } finally {
      await connection.close()
    }
  } catch {
    return false
  }
}

function diedWithLastWords(child: ChildProcess, executable: string): Promise<never> {
  const lastWords = lastWordsOf(child)
  return once(child, 'close').then(([code]) => {
    throw new Error(`the Temporal dev server (${executable} server start-dev) ended with ${code}:\n${lastWords()}`)
  })
}

/** @returns a port for the Web UI: Temporal's + 1000, where the command line looks for it, or any free one if that is taken */
export async function webUiPort(temporalPort: number): Promise<number> {
  const usual = temporalPort + 1000
  return usual <= 65_535 ? freePort(usual).catch(() => freePort()) : freePort()
}

/** @returns a port that nothing listens on. @throws if `wanted` is taken */
async function freePort(wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const port = Number(Reflect.get(Object(server.address()), 'port'))
  server.close()
  await once(server, 'close')
  return port
}
