import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A real JS LangGraph server in a child process. */
export interface LangGraphProcess {
  readonly url: string
  readonly process: ChildProcess
  stop(): Promise<void>
}

export interface LangGraphProcessOptions {
  /** Graph name → "/absolute/file.mjs:export". */
  readonly graphs: Readonly<Record<string, string>>
  /** Default: a free one. */
  readonly port?: number
  /** Where it keeps its data. Default: a fresh folder that goes with it. */
  readonly cwd?: string
  /** The server's program. Default: the one beside this file, with the project's own LangGraph server. */
  readonly script?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts the server on the loopback interface. @throws with the server's last words when it dies at once */
export async function startLangGraphServer(options: LangGraphProcessOptions): Promise<LangGraphProcess> {
  const { graphs, port = 0, script = ownScript, env } = options
  const cwd = options.cwd ?? (await mkdtemp(join(tmpdir(), 'langgraph-server-')))
  const child = fork(script, [JSON.stringify(graphs), String(port), cwd], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Without this the parent's loader (tsx, vitest) would run in the child too.
    execArgv: [],
    env: { ...process.env, ...env, LANGSMITH_TRACING: 'false' },
  })
  const stop = async () => {
    await end(child)
    if (options.cwd === undefined) await rm(cwd, { recursive: true, force: true })
  }
  try {
    return { url: await urlOf(child), process: child, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const ownScript = fileURLToPath(new URL('langgraph-server.mjs', import.meta.url))

async function urlOf(child: ChildProcess): Promise<string> {
  let lastWords = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      lastWords = (lastWords + String(chunk)).slice(-4000)
    })
  }
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`the LangGraph server ended with ${code} before it was ready:\n${lastWords}`)
  })
  const ready = once(child, 'message').then(([message]) => String(Reflect.get(Object(message), 'url')))
  // The loser of the race is of no interest any more.
  died.catch(() => undefined)
  return Promise.race([ready, died])
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 3000)
  await exited
  clearTimeout(killer)
}
