import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { webUiPort } from '../../dev/embedded-temporal.ts'
import { uiUrlOf } from '../../src/cli/temporal.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** @returns the port, until the test has ended */
async function listen(port = 0): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => once(server.close(), 'close'))
  return Number(Reflect.get(Object(server.address()), 'port'))
}

describe('the Web UI of the dev server', () => {
  test('has the port where the command line looks for it', async () => {
    const port = await listen()
    const uiPort = await webUiPort(port)
    await listen(uiPort)

    expect(uiUrlOf(`127.0.0.1:${port}`)).toBe(`http://127.0.0.1:${uiPort}`)
  })

  test('has another port where that one is taken, or is none', async () => {
    const taken = await listen()

    for (const temporalPort of [taken - 1000, 65_000]) {
      const uiPort = await webUiPort(temporalPort)
      expect(uiPort).not.toBe(temporalPort + 1000)
      await listen(uiPort)
    }
  })
})

test('the server that skips time ends with the process that started it, even if that is killed', async () => {
  const script = `
    const { startTimeSkippingServer } = await import('./dev/embedded-temporal.ts')
    await startTimeSkippingServer()
    process.stdout.write('ready')
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { pid = 0 } = child
  cleanUps.push(async () => {
    if ((await processesOfGroup(pid)).length > 0) process.kill(-pid, 'SIGKILL')
  })
  await once(child.stdout, 'data')
  const before = await processesOfGroup(pid)

  child.kill('SIGKILL')

  await vi.waitFor(async () => expect(await processesOfGroup(pid)).toEqual([]), { timeout: 10_000, interval: 100 })
  expect(before).toContainEqual(expect.stringContaining('temporal-test-server'))
})

async function processesOfGroup(group: number): Promise<string[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pgid=,stat=,args='])
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  const alive = rows.filter(([pgid, stat]) => Number(pgid) === group && !stat?.startsWith('Z'))
  return alive.map(([, , ...args]) => args.join(' '))
}
