import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { loadBinaryPaths } from '../src/config.ts'
import { findBinary } from './temporal-binary.ts'
import type { BinaryName, FindOptions } from './temporal-binary.ts'

/** A Temporal dev server in a child process: in memory, on the loopback interface, on free ports; the Web UI's is Temporal's + 1000 where that is free. */
export interface TemporalProcess {
  readonly address: string
  /** `undefined` without the Web UI. */
  readonly uiUrl: string | undefined
  /** The Temporal CLI that it was started with. */
  readonly executable: string
  /** Rejects with the server's last words when it ends before `stop`. */
  readonly died: Promise<never>
  stop(): Promise<void>
}

export interface TemporalProcessOptions extends FindOptions {
  readonly webUi?: boolean
}

const readyTimeoutMs = 30_000
const triesForFreePorts = 3

/** The program as the environment of this process says, or where it is found. */
export function findTemporal(binary: BinaryName, options: FindOptions = {}): Promise<string> {
  const { cacheFolder, ...paths } = loadBinaryPaths(process.env)
  return findBinary(binary, { path: paths[binary], cacheFolder }, options)
}

/** Starts a dev server that ends with this process. @throws with the server's last words when it does not get ready */
export async function startTemporalProcess(options: TemporalProcessOptions = {}): Promise<TemporalProcess> {
  const executable = await findTemporal('cli', options)
  for (let left = triesForFreePorts; ; left -= 1) {
    try {
      return await start(executable, options)
    } catch (error) {
      // A free port may be taken between the look and the use.
      if (left <= 1 || !String(error).includes('address already in use')) throw error
    }
  }
}

/** A Temporal dev server for tests, with connections to it. */
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

/** A Temporal test server that ends with this process, and skips time while a result is awaited. One workflow at a time. */
export async function startTimeSkippingServer(): Promise<TestWorkflowEnvironment> {
  const program = await findTemporal('testServer')
  const script = fileURLToPath(new URL('test-server.sh', import.meta.url))
  // Windows has no shell for the script: a killed test leaves its server there.
  const [path, ...extraArgs] = process.platform === 'win32' ? [program] : [script, program]
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path }, extraArgs },
  })
}

async function start(executable: string, { webUi = false, signal }: TemporalProcessOptions): Promise<TemporalProcess> {
  const port = await freePort()
  const uiPort = await webUiPort(port)
  signal?.throwIfAborted()
  const ui = webUi ? ['--ui-port', String(uiPort)] : ['--headless']
  const child = fork(
    fileURLToPath(new URL('ends-with-parent.mjs', import.meta.url)),
    [executable, 'server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), ...ui, '--log-level', 'warn'],
    // Without execArgv the parent's loader (tsx, vitest) would run in the child too.
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] },
  )
  const died = diedWithLastWords(child, executable)
  // Heard or not, it ends in the end.
  died.catch(() => undefined)
  const waiting = new AbortController()
  const until = AbortSignal.any([waiting.signal, ...(signal ? [signal] : [])])
  try {
    await Promise.race([ready(port, webUi ? uiPort : undefined, until), died])
  } catch (error) {
    await kill(child)
    throw error
  } finally {
    waiting.abort()
  }
  return {
    address: `127.0.0.1:${port}`,
    uiUrl: webUi ? `http://127.0.0.1:${uiPort}` : undefined,
    executable,
    died,
    stop: () => kill(child),
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

/** Quicker than a gRPC connection, which waits a second before it tries a refused port again. */
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
  let words = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      words = (words + String(chunk)).slice(-4000)
    })
  }
  return once(child, 'close').then(([code]) => {
    throw new Error(`the Temporal dev server (${executable} server start-dev) ended with ${code}:\n${words.trim()}`)
  })
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

/** A port for the Web UI: Temporal's + 1000, where the CLI looks for it, or any if that is taken. */
export async function webUiPort(temporalPort: number): Promise<number> {
  const usual = temporalPort + 1000
  return usual <= 65_535 ? freePort(usual).catch(() => freePort()) : freePort()
}

/** A port that nothing listens on. @throws when that one is taken */
async function freePort(wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const port = Number(Reflect.get(Object(server.address()), 'port'))
  server.close()
  await once(server, 'close')
  return port
}
