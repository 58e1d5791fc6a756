import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const endsWithParent = fileURLToPath(new URL('../../dev/ends-with-parent.mjs', import.meta.url))

interface Program {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Answers once the program is ready. */
  readonly readyUrl: string
}

export interface Running {
  /** Ends it as a crash does. */
  kill(): Promise<void>
  /** Ends it as a deploy does: it finishes what it does, and saves all. */
  stop(): Promise<void>
}

/** Starts a server that ends with this process, however that ends, and waits until it answers. */
export async function start({ command, cwd, env, readyUrl }: Program): Promise<Running> {
  const child = forked(endsWithParent, command, { cwd, env })
  const lastWords = lastWordsOf(child)
  while (!(await isReady(readyUrl))) {
    if (child.exitCode !== null) throw new Error(`${command.join(' ')} ended with ${child.exitCode}:\n${lastWords()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  // The process between kills the server when it is told to end.
  const kill = () => end(child, 'SIGTERM')
  return { kill, stop: () => stopped(child) }
}

/** The process between hands the signal on, and ends with its program. */
async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.send('SIGTERM')
  await exited
}

/** Starts a program that sends its URL when it is ready, and that ends when it is told to. */
export async function startWithUrl(
  script: string,
  ...args: readonly string[]
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const child = forked(script, args, {})
  const lastWords = lastWordsOf(child)
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`${script} ended with ${code} before it was ready:\n${lastWords()}`)
  })
  const ready = once(child, 'message').then(([message]) => String(Reflect.get(Object(message), 'url')))
  // Every stop is an exit too, after the race.
  died.catch(() => undefined)
  return { url: await Promise.race([ready, died]), stop: () => end(child, 'SIGTERM') }
}

function forked(
  script: string,
  args: readonly string[],
  { cwd, env }: Partial<Pick<Program, 'cwd' | 'env'>>,
): ChildProcess {
  return fork(script, args, {
    ...(cwd !== undefined && { cwd }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Without this the parent's loader (vitest) would run in the child too.
    execArgv: [],
    env: { ...process.env, ...env },
  })
}

async function isReady(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** @returns what gives the end of the program's output */
function lastWordsOf({ stdout, stderr }: ChildProcess): () => string {
  let lastWords = ''
  for (const stream of [stdout, stderr]) {
    stream?.on('data', (chunk) => {
      lastWords = (lastWords + String(chunk)).slice(-4000)
    })
  }
  return () => lastWords
}

/** Sends the signal, and waits until the process is gone. */
export async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
