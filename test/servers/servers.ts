import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import { graphNames, graphs } from '../support/graphs.ts'
import { installed, pythonEnvironment } from '../support/installed.ts'
import { startAegra } from './aegra.ts'
import { freePort } from '../support/free-port.ts'
import { end, start } from './processes.ts'
import { writePythonGraphs } from './python-graphs.ts'

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
  'Python 0.16.7': () => startPython(),
  'aegra 0.6.0': startAegra,
} as const satisfies Record<string, () => Promise<DialectServer>>

export type Dialect = keyof typeof dialects

/** Python ends a run that takes longer: real `timeout` statuses. No other situation may take as long. */
export const pythonRunTimeoutSeconds = 25

/** The configuration in docs/webhook.md. It refuses any other host, even the name `localhost`. */
const pythonWebhooks = { url: { allowed_domains: ['127.0.0.1'], require_https: false } }

async function startJs(script: string, of: Readonly<Record<string, string>>): Promise<DialectServer> {
  const cwd = await mkdtemp(join(tmpdir(), 'langgraph-js-'))
  const port = await freePort()
  const startServer = () => startLangGraphServer({ script, graphs: of, port, cwd })
  let server = await startServer()
  return {
    url: server.url,
    async hasSaved(runId) {
      const text = String(await contentOf(join(cwd, '.langgraph_api', '.langgraphjs_ops.json')))
      // Half a file would be no JSON, and read as no data at all by the restarted server.
      return text.includes(runId) && isJson(text)
    },
    async restart() {
      await end(server.process, 'SIGKILL')
      server = await startServer()
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

/** A server that can also be restarted as a deploy does it: then it keeps its runs, and takes up again those that it stopped. */
interface DeployedServer extends DialectServer {
  redeploy(): Promise<void>
}

/** @param settings of its environment */
export async function startPython(settings: Readonly<Record<string, string>> = {}): Promise<DeployedServer> {
  const bin = await pythonEnvironment('langgraph-python', here('requirements.txt'))
  const cwd = await mkdtemp(join(tmpdir(), 'langgraph-python-'))
  await writePythonGraphs(cwd, { webhooks: pythonWebhooks })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const dev = ['dev', '--no-browser', '--no-reload', '--host', '127.0.0.1', '--port', String(port)]
  const startServer = () =>
    start({
      command: [join(bin, 'python'), join(bin, 'langgraph'), ...dev, '--n-jobs-per-worker', '20'],
      cwd,
      env: {
        PATH: `${bin}:${process.env['PATH']}`,
        LANGGRAPH_CLI_NO_ANALYTICS: '1',
        LANGSMITH_TRACING: 'false',
        BG_JOB_TIMEOUT_SECS: String(pythonRunTimeoutSeconds),
        ...settings,
      },
      readyUrl: `${url}/ok`,
    })
  let server = await startServer()
  return {
    url,
    async hasSaved(runId) {
      const pickle = await contentOf(join(cwd, '.langgraph_api', '.langgraph_ops.pckl'))
      // A pickled UUID is its 128 bits as a little-endian number.
      return pickle.includes(Buffer.from(Buffer.from(runId.replaceAll('-', ''), 'hex').toReversed()))
    },
    async restart() {
      await server.kill()
      server = await startServer()
    },
    async redeploy() {
      await server.stop()
      server = await startServer()
    },
    async stop() {
      await server.kill()
      await rm(cwd, { recursive: true, force: true })
    },
  }
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
