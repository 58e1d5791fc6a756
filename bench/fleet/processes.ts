import { execFileSync, fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { end, lastWordsOf } from '../../dev/child.ts'

/** A program ends with the bench that forked it, even if that is killed and cleans nothing up. */
const endWithParent = `data:text/javascript,process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))`

/** A program that the bench has started; its errors come with its last words. */
export class Program {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #lastWords: () => string
  #isEnding = false

  /** A script of JavaScript or TypeScript. */
  static node(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    const loader = script.endsWith('.ts') ? ['--import', 'tsx'] : []
    return new Program(
      fork(script, args, {
        execArgv: [...loader, '--import', endWithParent],
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // As the Docker image and docs/worker.md have it.
        env: { MALLOC_MMAP_THRESHOLD_: '131072', ...process.env, ...env },
      }),
    )
  }

  /** It ends with its input, which ends with the bench. */
  static withInput(command: string, args: readonly string[]): Program {
    return new Program(spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] }))
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    this.pid = child.pid ?? 0
    this.#lastWords = lastWordsOf(child)
  }

  /** @returns the first line that matches, on stdout or stderr. @throws if the program ends before */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    const died = this.died()
    died.catch(() => undefined)
    return Promise.race([
      died,
      ...[this.#child.stdout, this.#child.stderr].map((stream) => firstMatch(stream, pattern)),
    ])
  }

  /** @returns what it sends first over IPC */
  async sent(): Promise<unknown> {
    const died = this.died()
    died.catch(() => undefined)
    return Promise.race([died, once(this.#child, 'message').then(([message]: unknown[]) => message)])
  }

  /** Rejects when it ends without having been told to. */
  async died(): Promise<never> {
    const [code, signal] = await once(this.#child, 'exit')
    if (this.#isEnding) return new Promise(() => undefined)
    throw new Error(`${this.#child.spawnargs.join(' ')} ended with ${code ?? signal}:\n${this.#lastWords()}`)
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  onLine(listener: (line: string) => void): void {
    if (this.#child.stdout) createInterface(this.#child.stdout).on('line', listener)
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#isEnding = true
    await end(this.#child, signal)
  }
}

function firstMatch(stream: NodeJS.ReadableStream | null, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve) => {
    stream?.on('data', function look(chunk) {
      const match = pattern.exec(String(chunk))
      if (!match) return
      stream.off('data', look)
      resolve(match)
    })
  })
}

let ticksPerSecond = 0

/** CPU time that the process has used, with all that it has started, in ms; 0 if it has ended. */
export function cpuMsOf(pid: number): number {
  ticksPerSecond ||= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // After the name, which may hold spaces: utime, stime, and both of the children that have ended.
    const ticks = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
    const own = ticks.reduce((sum, text) => sum + Number(text), 0)
    return (own * 1000) / ticksPerSecond + childrenOf(pid).reduce((sum, child) => sum + cpuMsOf(child), 0)
  } catch {
    return 0
  }
}

/** Memory that the process has in RAM, with all that it has started, in KB; 0 if it has ended. */
export function rssKbOf(pid: number): number {
  try {
    const [, kb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kb ?? 0) + childrenOf(pid).reduce((sum, child) => sum + rssKbOf(child), 0)
  } catch {
    return 0
  }
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}
