import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { CliProcess } from './cli-process.ts'
import type { Environment } from './cli-process.ts'
import { RefusingTemporal } from './refusing-temporal.ts'

const run = [randomUUID(), randomUUID()] as const
const cleanUps: (() => Promise<unknown>)[] = []
afterAll(async () => {
  await CliProcess.killAll()
  await Promise.all(cleanUps.map((cleanUp) => cleanUp()))
})

const runToEnd = (args: readonly string[], env: Environment = {}) =>
  CliProcess.start(args, { TEMPORAL_TASK_QUEUE: randomUUID(), ...env }).ended

/** @returns its address */
async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => once(server.close(), 'close'))
  const { port }: AddressInfo = Object(server.address())
  return `127.0.0.1:${port}`
}

function refusingTemporal(grpcStatus: number, message: string): Promise<string> {
  const temporal = new RefusingTemporal(grpcStatus, message)
  cleanUps.push(() => temporal.stop())
  return temporal.listen()
}

/** Accepts connections, and never answers. */
function silentTemporal(): Promise<string> {
  return listening(createServer((socket) => void socket.on('error', () => undefined).resume()))
}

/** A port on which nothing listens. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port }: AddressInfo = Object(server.address())
  await once(server.close(), 'close')
  return `127.0.0.1:${port}`
}

describe.concurrent('Temporal cannot be used', () => {
  test.each([
    ['nothing listens', nowhere],
    ['it accepts and never answers', silentTemporal],
    ['it has no connection to what is behind it', () => refusingTemporal(14, 'no upstream')],
  ])('it does not answer, because %s: 69', async (_, temporal) => {
    const address = await temporal()

    const ended = await runToEnd(['list'], { TEMPORAL_ADDRESS: address })

    const error = `error: Temporal does not answer at ${address}. Start it (\`temporal server start-dev\`), or set TEMPORAL_ADDRESS`
    expect(ended).toMatchObject({ code: 69, stdout: '', stderr: expect.stringContaining(error) })
  })

  test.each([
    { TEMPORAL_TLS: 'true', TEMPORAL_ADDRESS: inject('temporalAddress') },
    { TEMPORAL_API_KEY: 'planted', TEMPORAL_ADDRESS: inject('temporalAddress') },
  ])('it does not speak TLS, which is on: 69', async (env) => {
    const ended = await runToEnd(['list'], env)

    expect(ended).toMatchObject({ code: 69, stdout: '' })
    expect(ended.stderr).toContain(
      'TEMPORAL_PROFILE. TLS is on (TEMPORAL_TLS, TEMPORAL_API_KEY): does this server speak it? Unset them otherwise\n',
    )
  })

  test.each<{ why: string; temporal?: () => Promise<string>; env?: Environment; error: string }>([
    {
      why: 'the key is wrong',
      temporal: () => refusingTemporal(16, 'bad token'),
      error: 'refuses (bad token): check TEMPORAL_API_KEY',
    },
    {
      why: 'the key may not do that',
      temporal: () => refusingTemporal(7, 'not yours'),
      error: 'refuses (not yours): check TEMPORAL_API_KEY',
    },
    {
      why: 'the namespace is missing',
      env: { TEMPORAL_NAMESPACE: 'nope' },
      error: 'has no namespace "nope": correct TEMPORAL_NAMESPACE, or create it (`temporal operator namespace create`)',
    },
    {
      why: 'the address is a URL',
      env: { TEMPORAL_ADDRESS: 'http://localhost:1' },
      error: 'TEMPORAL_ADDRESS is host:port',
    },
    {
      why: 'the TLS key is not a key',
      env: { TEMPORAL_TLS_CLIENT_CERT_DATA: 'planted', TEMPORAL_TLS_CLIENT_KEY_DATA: 'planted' },
      error: 'TEMPORAL_TLS_*: the key or a certificate cannot be used (',
    },
    { why: 'the profile is missing', env: { TEMPORAL_PROFILE: 'nope' }, error: "Profile 'nope' not found" },
  ])('$why: 64', async ({ temporal, env, error }) => {
    const address = temporal ? { TEMPORAL_ADDRESS: await temporal() } : {}

    // These ask for different things first.
    const [watch, retrieve] = await Promise.all([
      runToEnd(['watch', ...run], { ...address, ...env }),
      runToEnd(['retrieve', ...run], { ...address, ...env }),
    ])

    expect(watch).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining(error) })
    expect(retrieve).toEqual(watch)
  })

  test('something unforeseen is one line, with its cause: 1', async () => {
    const address = await refusingTemporal(13, 'the cat sat on the server')

    const ended = await runToEnd(['list'], { TEMPORAL_ADDRESS: address })

    const error = 'error: Failed to connect to Temporal server: 13 INTERNAL: the cat sat on the server\n'
    expect(ended).toEqual({ code: 1, stdout: '', stderr: error })
  })
})

describe.concurrent('no worker polls the task queue: 69', () => {
  test.each([
    ['watch', ...run, '--require-worker'],
    ['retrieve', ...run],
    ['status', ...run],
  ])('langgraph-runs %s', async (...args) => {
    const taskQueue = randomUUID()

    const ended = await runToEnd(args, { TEMPORAL_TASK_QUEUE: taskQueue })

    expect(ended).toMatchObject({ code: 69, stdout: '' })
    expect(ended.stderr).toContain(
      `error: No worker polls the task queue "${taskQueue}": start one (\`TEMPORAL_TASK_QUEUE=${taskQueue} langgraph-runs worker\`, `,
    )
    expect(ended.stderr).toContain('or set TEMPORAL_TASK_QUEUE to the queue that yours polls\n')
  })

  test('and nothing is started', async () => {
    const [threadId, runId] = [randomUUID(), randomUUID()]
    await runToEnd(['watch', threadId, runId, '--require-worker'])
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    cleanUps.push(() => connection.close())

    const handle = new Client({ connection }).workflow.getHandle(watchWorkflowId({ threadId, runId }))

    await expect(handle.describe()).rejects.toThrow('not found')
  })
})

describe.concurrent('output that cannot be written', () => {
  test('because its reader went away is not an error, and needs no stack trace', async () => {
    const deaf = CliProcess.start(['--help']).closeReaders()

    expect(await deaf.ended).toMatchObject({ code: 0 })
  })

  test('because its reader went away does not change the exit code', async () => {
    const deaf = CliProcess.start(['wacth']).closeReaders()

    expect(await deaf.ended).toMatchObject({ code: 64 })
  })

  test('for another reason is reported: 1', async () => {
    const file = await open(fileURLToPath(import.meta.url), 'r')
    cleanUps.push(() => file.close())

    const ended = await CliProcess.start(['--help'], {}, { stdout: file.fd }).ended

    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: the outcome cannot be written: EBADF/),
    })
  })
})
