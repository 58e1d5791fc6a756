import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import { graphNames, graphs } from '../support/graphs.ts'
import { installed, pythonEnvironment } from '../support/installed.ts'

const run = promisify(execFile)
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** One real LangGraph server of a dialect. */
export interface DialectServer {
  readonly url: string
  /** Whether the run would outlast a crash, at least by its name. */
  hasSaved(runId: string): Promise<boolean>
  /** Kills it hard and starts it again on the same port and folder. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** The columns of the conformance matrix. */
export const dialects = {
  'JS 1.5.1': () => startJs(here('../../dev/langgraph-server.mjs'), graphs),
  'JS 2.0.0': startJs200,
  'Python 0.16.7': startPython,
} as const satisfies Record<string, () => Promise<DialectServer>>

export type Dialect = keyof typeof dialects

/** Python ends a run that takes longer: real `timeout` statuses. No other situation may take as long. */
const pythonRunTimeoutSeconds = 25

async function startJs(script: string, of: Readonly<Record<string, string>>): Promise<DialectServer> {
  const cwd = await mkdtemp(join(tmpdir(), 'langgraph-js-'))
  const port = await freePort()
  const start = () => startLangGraphServer({ script, graphs: of, port, cwd })
  let server = await start()
  return {
    url: server.url,
    async hasSaved(runId) {
      const text = String(await contentOf(join(cwd, '.langgraph_api', '.langgraphjs_ops.json')))
      // Half a file would be no JSON, and read as no data at all by the restarted server.
      return text.includes(runId) && isJson(text)
    },
    async restart() {
      await kill(server.process)
      server = await start()
    },
    async stop() {
      await server.stop()
      await rm(cwd, { recursive: true, force: true })
    },
  }
}

/** In a tree of its own: this version cannot be installed beside the project's SDK. */
async function startJs200(): Promise<DialectServer> {
  const manifests = ['js-2.0.0/package.json', 'js-2.0.0/package-lock.json'].map(here)
  const tree = await installed('langgraph-js-2.0.0', manifests, async (folder) => {
    await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder })
  })
  // Packages are looked up from where a file is.
  for (const file of ['../../dev/langgraph-server.mjs', '../support/graphs.mjs']) {
    await copyFile(here(file), join(tree, basename(file)))
  }
  const ofTree = Object.fromEntries(graphNames.map((name) => [name, `${join(tree, 'graphs.mjs')}:${name}`]))
  return startJs(join(tree, 'langgraph-server.mjs'), ofTree)
}

async function startPython(): Promise<DialectServer> {
  const bin = await pythonEnvironment('langgraph-python', here('requirements.txt'))
  const cwd = await mkdtemp(join(tmpdir(), 'langgraph-python-'))
  await copyFile(here('../support/graphs.py'), join(cwd, 'graphs.py'))
  const config = {
    dependencies: ['.'],
    graphs: Object.fromEntries(graphNames.map((name) => [name, `./graphs.py:${name}`])),
  }
  await writeFile(join(cwd, 'langgraph.json'), JSON.stringify(config))
  const port = await freePort()
  let server = await startPythonProcess(bin, cwd, port)
  return {
    url: `http://127.0.0.1:${port}`,
    async hasSaved(runId) {
      const pickle = await contentOf(join(cwd, '.langgraph_api', '.langgraph_ops.pckl'))
      // A pickled UUID is its 128 bits as a little-endian number.
      return pickle.includes(Buffer.from(Buffer.from(runId.replaceAll('-', ''), 'hex').toReversed()))
    },
    async restart() {
      await kill(server)
      server = await startPythonProcess(bin, cwd, port)
    },
    async stop() {
      await kill(server)
      await rm(cwd, { recursive: true, force: true })
    },
  }
}

async function startPythonProcess(bin: string, cwd: string, port: number): Promise<ChildProcess> {
  const args = ['dev', '--no-browser', '--no-reload', '--host', '127.0.0.1', '--port', String(port)]
  const child = spawn(join(bin, 'python'), [join(bin, 'langgraph'), ...args, '--n-jobs-per-worker', '20'], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${bin}:${process.env['PATH']}`,
      LANGGRAPH_CLI_NO_ANALYTICS: '1',
      LANGSMITH_TRACING: 'false',
      BG_JOB_TIMEOUT_SECS: String(pythonRunTimeoutSeconds),
    },
  })
  let lastWords = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      lastWords = (lastWords + String(chunk)).slice(-4000)
    })
  }
  const isReady = () =>
    fetch(`http://127.0.0.1:${port}/ok`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await isReady())) {
    if (child.exitCode !== null)
      throw new Error(`the Python LangGraph server ended with ${child.exitCode}:\n${lastWords}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return child
}

/** Nothing before the server first saves. */
async function contentOf(file: string): Promise<Buffer> {
  return readFile(file).catch(() => Buffer.alloc(0))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
