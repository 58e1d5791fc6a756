import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { end, lastWordsOf } from './child.ts'

/** A real JS LangGraph server in a child process. */
export interface LangGraphProcess {
  readonly url: string
  readonly process: ChildProcess
  stop(): Promise<void>
}

export interface LangGraphProcessOptions {
  /** Graph name → "/absolute/file.mjs:export". */
  readonly graphs: Readonly<Record<string, string>>
  /** Default: a free port. */
  readonly port?: number
  /** The folder for its data. Default: a new one, which is deleted by `stop`. */
  readonly cwd?: string
  /** The server's program. Default: the project's own LangGraph server. */
  readonly script?: string
  readonly env?: Readonly<Record<string, string>>
}

const killAfterMs = 3000
const ownScript = fileURLToPath(new URL('langgraph-server.mjs', import.meta.url))

/** Starts the server on the loopback interface. @throws with the server's last words if it ends before it is ready */
export async function startLangGraphServer(options: LangGraphProcessOptions): Promise<LangGraphProcess> {
  const { graphs, port = 0, script = ownScript, env } = options
  const cwd = options.cwd ?? (await mkdtemp(join(tmpdir(), 'langgraph-server-')))
  const child = fork(script, [JSON.stringify(graphs), String(port), cwd], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // With the parent's execArgv its loader (tsx, vitest) would run in the child too.
    execArgv: [],
    env: { ...process.env, ...env, LANGSMITH_TRACING: 'false' },
  })
  const stop = async () => {
    const killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    await end(child, 'SIGTERM')
    clearTimeout(killer)
    if (options.cwd === undefined) await rm(cwd, { recursive: true, force: true })
  }
  try {
    return { url: await urlOf(child), process: child, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function urlOf(child: ChildProcess): Promise<string> {
  const lastWords = lastWordsOf(child)
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`the LangGraph server ended with ${code} before it was ready:\n${lastWords()}`)
  })
  const ready = once(child, 'message').then(([message]) => String(Reflect.get(Object(message), 'url')))
  // The server ends at the latest in `stop`, when nobody is listening.
  died.catch(() => undefined)
  return Promise.race([ready, died])
}
