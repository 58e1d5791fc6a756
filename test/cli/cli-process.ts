import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { inject, vi } from 'vitest'
import { payloadEnvironment } from '../support/encryption.ts'

export type Environment = Readonly<Record<string, string>>

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = [process.execPath, '--import', 'tsx', 'src/cli.ts'] as const
/** The pseudo terminal passes on what is typed, and ends with the code of the command. */
const terminal = `import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))`

interface Streams {
  /** A file descriptor instead of a pipe. */
  readonly stdout?: number
}

/** How a command ended. */
interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The command line in a process of its own, by default on the shared Temporal server. */
export class CliProcess {
  /** As it comes. On a terminal both are one: `stdout`. */
  stdout = ''
  stderr = ''
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  static readonly #running = new Set<CliProcess>()

  static start(args: readonly string[], env: Environment = {}, streams: Streams = {}): CliProcess {
    return new CliProcess([...cli, ...args], env, streams)
  }

  static onTerminal(args: readonly string[], env: Environment): CliProcess {
    return new CliProcess(['python3', '-c', terminal, ...cli, ...args], { TERM: 'xterm-256color', ...env })
  }

  /** No command is left behind. */
  static async killAll(): Promise<void> {
    const running = [...CliProcess.#running]
    for (const command of running) command.#child.kill('SIGKILL')
    await Promise.all(running.map(({ ended }) => ended))
  }

  private constructor([program = '', ...args]: readonly string[], env: Environment, streams: Streams = {}) {
    const { stdout = 'pipe' } = streams
    this.#child = spawn(program, args, {
      cwd: root,
      stdio: ['pipe', stdout, 'pipe'],
      // No HOME: a developer's own Temporal profile must not count.
      env: {
        PATH: process.env['PATH'] ?? '',
        TEMPORAL_ADDRESS: inject('temporalAddress'),
        ...payloadEnvironment,
        ...env,
      },
    })
    CliProcess.#running.add(this)
    this.#child.stdout?.on('data', (chunk) => (this.stdout += String(chunk)))
    this.#child.stderr?.on('data', (chunk) => (this.stderr += String(chunk)))
    this.ended = once(this.#child, 'close').then(([code]) => {
      CliProcess.#running.delete(this)
      return { code, stdout: this.stdout, stderr: this.stderr }
    })
  }

  /** Until stdout or stderr has it. @throws with both when the command ends before */
  async said(words: string | RegExp): Promise<void> {
    const isIn = (text: string) => (typeof words === 'string' ? text.includes(words) : words.test(text))
    const isSaid = () => isIn(this.stdout) || isIn(this.stderr)
    let isOver = false
    this.ended.then(() => (isOver = true)).catch(() => undefined)
    await vi.waitUntil(() => isSaid() || isOver, { timeout: 50_000, interval: 50 })
    if (!isSaid()) throw new Error(`the command ended without ${words}:\n${this.stdout}${this.stderr}`)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys)
  }

  /** All that comes on its stdin. */
  endInput(text: string): void {
    this.#child.stdin?.end(text)
  }

  /** From now on nobody reads what it writes. */
  closeReaders(): this {
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
    return this
  }
}
