import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { end, lastWordsOf } from '../child.ts'

/** The worker of `npm run worker`, in a process of its own. */
export interface WorkerProcess {
  readonly pid: number
  /** Rejects with the worker's last words when it ends before `stop`. */
  readonly died: Promise<never>
  /** Sends SIGKILL: the worker finishes nothing and tells nobody. */
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const noProfile = fileURLToPath(new URL('temporal.toml', import.meta.url))
const readyTimeoutMs = 60_000
/** The worker ends with the process that forked it, even if that is killed. Its threads import this too. */
const endWithParent = `data:text/javascript,${encodeURIComponent(`
  import { isMainThread } from 'node:worker_threads'
  const end = () => process.kill(process.pid, 'SIGKILL')
  if (isMainThread) process.on('disconnect', end)
  if (isMainThread && !process.connected) end()`)}`

/** Starts the worker with these settings. @throws with its last words when it does not get ready */
export async function startWorkerProcess(settings: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const child = fork('src/worker.ts', {
    cwd: root,
    execArgv: ['--import', 'tsx', '--import', endWithParent],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...withoutSettings(process.env), TEMPORAL_CONFIG_FILE: noProfile, ...settings },
  })
  const lastWords = lastWordsOf(child)
  let isStopped = false
  const died = once(child, 'exit').then(([code, signal]) => {
    if (isStopped) return new Promise<never>(() => undefined)
    throw new Error(`the worker ended with ${code ?? signal}:\n${lastWords()}`)
  })
  const stop = async () => {
    isStopped = true
    await end(child, 'SIGKILL')
  }
  try {
    await Promise.race([ready(child, lastWords), died])
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: Number(child.pid), died, stop }
}

async function ready(child: ChildProcess, lastWords: () => string): Promise<void> {
  const signal = AbortSignal.timeout(readyTimeoutMs)
  try {
    while (!lastWords().includes('worker ready')) await once(child.stderr ?? child, 'data', { signal })
  } catch (error) {
    throw new Error(`the worker is not ready after ${readyTimeoutMs / 1000} s:\n${lastWords()}`, { cause: error })
  }
}

/** A developer's own variables and Temporal profile must not count. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(TEMPORAL|LANGGRAPH)_/.test(name)))
}
