import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NativeConnection, Worker } from '@temporalio/worker'
import { describe, expect, inject, test } from 'vitest'
import { workerVariables } from './variables.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The command of the worker's HEALTHCHECK. @returns what it says on stderr; rejects when it exits with another code than 0 */
async function checkHealth(env: Readonly<Record<string, string>>): Promise<string> {
  const program = ['--import', 'tsx', 'src/healthcheck.ts']
  const { stderr } = await promisify(execFile)(process.execPath, program, { cwd: root, env })
  return stderr
}

/** The names in the environment of the worker, each of which has the value of the variable of its own name. */
function passedOn(compose: string): readonly string[] {
  const [, temporal = ''] = /^x-temporal: &temporal\n([^]*?)^\w/m.exec(compose) ?? []
  const [, worker = ''] = /^  worker:\n([^]*?)^  \w/m.exec(compose) ?? []
  expect(worker).toContain('<<: *temporal')
  return [...`${temporal}${worker}`.matchAll(/^ +(\w+): \$\{\1[:}-]/gm)].map(([, name = '']) => name)
}

function read(file: string): Promise<string> {
  return readFile(`${root}${file}`, 'utf8')
}

describe('the health check of the worker', () => {
  const address = inject('temporalAddress')

  test('passes while a worker of this host polls the task queue', async () => {
    const taskQueue = randomUUID()
    const connection = await NativeConnection.connect({ address })
    const worker = await Worker.create({
      connection,
      taskQueue,
      workflowBundle: { codePath: inject('workflowBundle') },
    })
    await worker.runUntil(async () => {
      const env = { TEMPORAL_ADDRESS: address, TEMPORAL_TASK_QUEUE: taskQueue }
      await expect.poll(() => checkHealth(env), { timeout: 30_000 }).toBe('')
    })
    await connection.close()
  })

  test('fails if none does, and says so', async () => {
    const env = { TEMPORAL_ADDRESS: address, TEMPORAL_TASK_QUEUE: 'a-queue-without-workers' }
    await expect(checkHealth(env)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^no worker of .* polls the task queue "a-queue-without-workers"/),
    })
  })

  test('fails if Temporal does not answer', async () => {
    await expect(checkHealth({ TEMPORAL_ADDRESS: '127.0.0.1:1' })).rejects.toMatchObject({ code: 1 })
  })
})

describe('the files for containers', () => {
  test('open every port on this machine only', async () => {
    const published = (await read('docker-compose.yml')).match(/^ +- \S*\d+:\d+$/gm)?.map((line) => line.trim())
    expect(published).toContain('- 127.0.0.1:7233:7233')
    expect(published?.filter((port) => !port.startsWith('- 127.0.0.1:'))).toEqual([])
  })

  test('hold no password: without a variable of their user Postgres does not start', async () => {
    const passwords = (await read('docker-compose.yml')).match(/(?<=^ +\w*(PASSWORD|PWD)\w*: ).+$/gm)
    expect(new Set(passwords)).toEqual(new Set(['${POSTGRES_PASSWORD:-}']))
  })

  test('name every image of somebody else by its digest', async () => {
    const files = await Promise.all(['docker-compose.yml', 'Dockerfile'].map(read))
    const images = files.flatMap((text) => text.match(/(?<=^ +image: |^ARG NODE_IMAGE=|^FROM )\S+/gm) ?? [])
    const ofOurs = ['${NODE_IMAGE}', 'build', 'programs']
    const others = images.filter((image) => !ofOurs.includes(image) && !image.startsWith('langgraph-background-runs'))
    expect(others).toHaveLength(8)
    for (const image of others) expect(image).toMatch(/^[\w/-]+:[\w.-]+@sha256:[0-9a-f]{64}$/)
  })

  test('pass every variable of the worker on', async () => {
    const variables = await workerVariables()
    expect(variables).toEqual(
      expect.arrayContaining([
        'LANGGRAPH_DEPLOYMENTS',
        'NOTIFY_SECRET',
        'TEMPORAL_TLS_SERVER_NAME',
        'OTEL_SDK_DISABLED',
      ]),
    )
    const names = passedOn(await read('docker-compose.yml'))
    expect(variables.filter((name) => !names.includes(name))).toEqual([])
  })

  test('copy nothing into an image that the ignore file keeps out', async () => {
    const allowed = (await read('.dockerignore')).match(/(?<=^!).+$/gm)
    const copied = [...(await read('Dockerfile')).matchAll(/^COPY (?!--from)(.+) \S+$/gm)]
      .flatMap(([, sources = '']) => sources.split(' '))
      .map((source) => source.replace('./', ''))
    expect(copied).toContain('src')
    expect(copied.filter((source) => !allowed?.includes(source))).toEqual([])
  })
})
