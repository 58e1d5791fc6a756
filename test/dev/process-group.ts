import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { vi } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const patience = { timeout: 60_000, interval: 50 }

/** A program and all that it starts, in a process group as a terminal makes one. */
export class ProcessGroup {
  static readonly #all: ProcessGroup[] = []
  stdout = ''
  stderr = ''
  readonly #pid: number
  readonly #closed: Promise<unknown[]>

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawn(command, args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    if (child.pid === undefined) throw new Error(`${command} could not be started`)
    this.#pid = child.pid
    child.stdout.on('data', (chunk) => (this.stdout += String(chunk)))
    child.stderr.on('data', (chunk) => (this.stderr += String(chunk)))
    this.#closed = once(child, 'close')
    ProcessGroup.#all.push(this)
  }

  /** After a test that failed something may be left. */
  static async killAll(): Promise<void> {
    for (const group of ProcessGroup.#all) if ((await group.processes()).length > 0) group.killGroup('SIGKILL')
  }

  async ended(): Promise<{ code: unknown; signal: unknown }> {
    const [code, signal] = await this.#closed
    return { code, signal }
  }

  /** @throws with all that it printed when it ends without having printed this */
  async printed(text: string): Promise<void> {
    const hasPrinted = () => (this.stdout + this.stderr).includes(text)
    const ended = this.#closed.then(() => {
      if (!hasPrinted()) throw new Error(`it ended without "${text}":\n${this.stdout}${this.stderr}`)
    })
    await Promise.race([vi.waitUntil(hasPrinted, patience), ended])
  }

  /** Signals the program alone. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.#pid, signal)
  }

  /** What a terminal does at Ctrl-C and when it is closed. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.#pid, signal)
  }

  /** The command lines of its processes, wherever they are in the tree. */
  async processes(): Promise<string[]> {
    const alive = await this.#alive()
    return alive.map(({ command }) => command)
  }

  /** The process id of the one whose command line has this text, once there is one. */
  async idOf(text: string): Promise<number> {
    return vi.waitUntil(async () => {
      const alive = await this.#alive()
      return alive.find(({ command }) => command.includes(text))?.pid
    }, patience)
  }

  async untilGone(): Promise<void> {
    await vi.waitUntil(async () => (await this.processes()).length === 0, patience)
  }

  async #alive(): Promise<{ pid: number; command: string }[]> {
    const { stdout } = await run('ps', ['-A', '-o', 'pid=,pgid=,stat=,args='])
    const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/))
    const alive = rows.filter(([, pgid, stat]) => Number(pgid) === this.#pid && !stat?.startsWith('Z'))
    return alive.map(([pid, , , ...args]) => ({ pid: Number(pid), command: args.join(' ') }))
  }
}
