import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { webUiPort } from '../../dev/embedded-temporal.ts'
import { uiUrlOf } from '../../src/cli/temporal.ts'
import { ProcessGroup } from './process-group.ts'

afterAll(() => ProcessGroup.killAll())

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
  test('has the port at which the command line looks for it', async () => {
    const port = await listen()
    const uiPort = await webUiPort(port)
    await listen(uiPort)

    expect(uiUrlOf(`127.0.0.1:${port}`)).toBe(`http://127.0.0.1:${uiPort}`)
  })

  test('has another port if that one is taken or does not exist', async () => {
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
  const starter = new ProcessGroup(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script])
  await starter.printed('ready')
  const before = await starter.processes()

  starter.kill('SIGKILL')

  await starter.untilGone()
  expect(before).toContainEqual(expect.stringContaining('temporal-test-server'))
})
