import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const patience = { timeout: 30_000, interval: 50 }

let folder: string
let occupied: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  occupied = join(folder, 'temporal')
  await writeFile(occupied, '#!/bin/sh\necho "listen tcp 127.0.0.1:7233: bind: address already in use" >&2\nexit 1\n')
  await chmod(occupied, 0o755)
})

/** The process groups of this file's demos. */
const groups: number[] = []

afterAll(async () => {
  // After a test that failed there may be something left.
  for (const group of groups.filter((id) => isAlive(-id))) process.kill(-group, 'SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0)
  } catch {
    return false
  }
}

/** The demo as `npm run demo` starts it, in a process group as a terminal makes one, with a temp folder of its own. */
async function startDemo(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const temp = await mkdtemp(join(folder, 'tmp-'))
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/demo.ts', ...args], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temp, ...env },
  })
  const { pid } = child
  if (pid === undefined) throw new Error('the demo could not be started')
  groups.push(pid)
  const demo = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (demo.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (demo.stderr += String(chunk)))
  const closed = once(child, 'close')
  return Object.assign(demo, {
    ended: async () => {
      const [code, signal] = await closed
      return { code, signal }
    },
    printed: (text: string) => vi.waitFor(() => expect(demo.stdout).toContain(text), patience),
    kill: (signal: NodeJS.Signals) => process.kill(pid, signal),
    /** What a terminal does at Ctrl-C, and when it is closed. */
    killGroup: (signal: NodeJS.Signals) => process.kill(-pid, signal),
    /** The command lines of its processes, wherever they hang in the tree. */
    processes: () => processesOfGroup(pid),
    /** Beside the loader's cache. */
    tempFiles: async () => (await readdir(temp)).filter((name) => !name.startsWith('tsx-')),
  })
}

async function processesOfGroup(group: number): Promise<string[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=,stat=,args='])
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  const alive = rows.filter(([pgid, stat]) => Number(pgid) === group && !stat?.startsWith('Z'))
  return alive.map(([, , ...args]) => args.join(' '))
}

describe.concurrent('npm run demo', () => {
  test('brings one run from start to result, says what it promises, and leaves nothing behind', async () => {
    const demo = await startDemo()

    expect(await demo.ended()).toEqual({ code: 0, signal: null })
    const [, thread] = /thread +(\S+)/.exec(demo.stdout) ?? []
    const [, runId] = /run +(\S+-\S+)/.exec(demo.stdout) ?? []
    expect(demo.stdout).toMatch(/1 poll, the run is (pending|running)\n/)
    expect(demo.stdout).toMatch(/trading signal +BUY\n/)
    expect(demo.stdout).toMatch(/analysis summary AAPL: the 5-day average .* is above the 20-day average/)
    expect(demo.stdout).toMatch(/strategy +thread_state \(stream_values: missing, thread_state: used\)\n/)
    expect(demo.stdout).toMatch(/polls +\d+\n/)
    expect(demo.stdout).toMatch(/duration +\d+\.\d s\n/)
    expect(demo.stdout).toMatch(/Web UI +http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\//)
    expect(demo.stdout).toContain(`/workflows/watch-run%2Fdefault%2F${thread}%2F${runId}\n`)
    expect(demo.stdout).toMatch(/Direct retrieval.*\n +result +\{"trading_signal":"BUY"\}\n/)
    // Neither a terminal's codes nor anybody's log.
    expect(demo.stdout).not.toContain('\u001B')
    expect(demo.stderr).toBe('')
    expect(await demo.processes()).toEqual([])
    expect(await demo.tempFiles()).toEqual([])
  })

  test('stays up with --keep until it is told to end', async () => {
    const demo = await startDemo(['--keep'])
    await demo.printed('LANGGRAPH_API_URL=')
    const [, address = ''] = /TEMPORAL_ADDRESS=(\S+)/.exec(demo.stdout) ?? []
    const [link = '', id = ''] = /http\S+\/workflows\/(\S+)/.exec(demo.stdout) ?? []
    const connection = await Connection.connect({ address })
    const watch = await new Client({ connection }).workflow.getHandle(decodeURIComponent(id)).describe()
    await connection.close()
    const webUi = await fetch(link)
    expect(demo.stdout).toContain('Ctrl-C stops everything')

    demo.kill('SIGTERM')

    expect(await demo.ended()).toEqual({ code: 143, signal: null })
    expect(watch.status.name).toBe('COMPLETED')
    expect(webUi.status).toBe(200)
    // Where the command line looks for it.
    expect(Number(new URL(link).port)).toBe(Number(address.split(':')[1]) + 1000)
    expect(await demo.processes()).toEqual([])
    expect(await demo.tempFiles()).toEqual([])
  })

  test('refuses options that it does not have, and says where to find those it has', async () => {
    const demo = await startDemo(['--kepe'])

    expect(await demo.ended()).toEqual({ code: 1, signal: null })
    expect(demo.stderr).toBe('\n✖ Unknown option \'--kepe\': "npm run demo -- --help" lists what there is\n')
  })
})

describe('whatever ends the demo, it leaves no process and no temp folder behind', () => {
  test.each(['starting Temporal', 'starting the worker', '2 polls'])('Ctrl-C after "%s"', async (moment) => {
    const demo = await startDemo()
    await demo.printed(moment)

    demo.killGroup('SIGINT')

    expect(await demo.ended()).toEqual({ code: 130, signal: null })
    expect(demo.stdout).toMatch(/\nStopped\.\n$/)
    expect(demo.stderr).toBe('')
    expect(await demo.processes()).toEqual([])
    expect(await demo.tempFiles()).toEqual([])
  })

  test('Ctrl-C before anything has started', async () => {
    const demo = await startDemo()

    demo.killGroup('SIGINT')

    expect(await demo.ended()).toEqual({ code: null, signal: 'SIGINT' })
    expect(await demo.processes()).toEqual([])
  })

  test('the terminal is closed', async () => {
    const demo = await startDemo()
    await demo.printed('starting Temporal')

    demo.killGroup('SIGHUP')

    expect(await demo.ended()).toEqual({ code: 129, signal: null })
    expect(await demo.processes()).toEqual([])
    expect(await demo.tempFiles()).toEqual([])
  })

  test('it is killed outright: its servers follow', async () => {
    const demo = await startDemo()
    await demo.printed('starting the worker')
    const before = await demo.processes()

    demo.kill('SIGKILL')

    await vi.waitFor(async () => expect(await demo.processes()).toEqual([]), patience)
    expect(before).toEqual(
      expect.arrayContaining([expect.stringContaining('start-dev'), expect.stringContaining('langgraph-server')]),
    )
  })

  test('a port is occupied', async () => {
    const demo = await startDemo([], { TEMPORAL_CLI_PATH: occupied })

    expect(await demo.ended()).toEqual({ code: 1, signal: null })
    expect(demo.stderr).toContain(`✖ the Temporal dev server (${occupied} server start-dev) ended with 1:`)
    expect(demo.stderr).toContain('listen tcp 127.0.0.1:7233: bind: address already in use')
    expect(await demo.processes()).toEqual([])
    expect(await demo.tempFiles()).toEqual([])
  })
})
