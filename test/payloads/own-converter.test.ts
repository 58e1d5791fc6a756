import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { dataConverterOf } from '../../src/payloads/data-converter.ts'
import { CliProcess } from '../cli/cli-process.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { WorkerProcess, WorkerStage } from '../support/worker-process.ts'

const DATA_CONVERTER = fileURLToPath(new URL('own/data-converter.mjs', import.meta.url))
let folder: string
let stage: WorkerStage
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-own-'))
  stage = await WorkerStage.open(inject('langGraphUrl'), {})
})
afterAll(async () => {
  await stage.close()
  await rm(folder, { recursive: true })
})

test('the ready worker and the command line work with a converter, a codec and a storage of the user', async () => {
  const own = { DATA_CONVERTER, OWN_STORAGE: folder, PAYLOAD_KEYS: '' }
  await stage.startWorker('default', own)
  const run = await new LangGraphRuns(inject('langGraphUrl')).ended('work', {
    symbol: 'AAPL',
    blob: 'y'.repeat(20_000),
  })

  const env = { TEMPORAL_TASK_QUEUE: stage.taskQueue, ...own }
  const { code, stdout } = await CliProcess.start(['watch', run.threadId, run.runId, '--json'], env).ended

  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ result: { final: 'done AAPL', blob: 'y'.repeat(20_000) } })
  const { history } = await stage.client.workflowService.getWorkflowExecutionHistory({
    namespace: 'default',
    execution: { workflowId: watchWorkflowId(run) },
  })
  const [input] = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []
  expect(Buffer.from(input?.metadata?.['encoding'] ?? []).toString()).toBe('json/own')
  expect(JSON.stringify(history)).not.toContain(Buffer.from('yyyyyyyyyyyy').toString('base64'))
  expect(await readdir(folder)).not.toEqual([])
})

test.each([
  ['export const other = 1', 'must export an object `dataConverter`'],
  ['export const dataConverter = 1', 'must export an object `dataConverter`'],
  [
    'export const dataConverter = { payloadCodecs: [{}] }',
    '`dataConverter.payloadCodecs` must be a list of objects with',
  ],
  ['export const dataConverter = { payloadConverterPath: 1 }', '`dataConverter.payloadConverterPath` must be a path'],
  [
    'export const dataConverter = { payloadConverterPath: "/absent.js" }',
    '`dataConverter` is refused by Temporal: Could not find a file at the specified payloadConverterPath',
  ],
  ['throw new Error("no license")', 'cannot be loaded: no license'],
])('a module that has none is named (%#)', async (code, words) => {
  const path = join(folder, `${words.length}-${code.length}.mjs`)
  await writeFile(path, code)
  const refused = dataConverterOf({ keys: [], converterModule: path })
  await expect(refused).rejects.toThrow(`DATA_CONVERTER (${path}): ${words}`)
})

test('a worker whose converter encrypts failures keeps their words out of its log', async () => {
  const path = join(folder, 'encrypting.mjs')
  const payloads = JSON.stringify(new URL('../../src/payloads.ts', import.meta.url))
  const keys = JSON.stringify(`a:${Buffer.alloc(32, 'a').toString('base64')}`)
  await writeFile(
    path,
    `import { payloadCodecs, failureConverterPath } from ${payloads}
export const dataConverter = { payloadCodecs: payloadCodecs(${keys}), failureConverterPath }`,
  )
  const encrypting = { DATA_CONVERTER: path, PAYLOAD_KEYS: '', TEMPORAL_TASK_QUEUE: randomUUID() }
  const worker = await stage.startWorker('default', encrypting)
  const args = ['execute', 'fail', '--input', '{"symbol":"sesame"}', '--on-unsuccessful', 'fail', '--json']
  const { code, stdout } = await CliProcess.start(args, encrypting).ended
  expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringContaining('boom for sesame') })
  await worker.said('"Workflow failed"')
  expect(worker.log).not.toContain('sesame')
})

test('a worker does not start without its module', async () => {
  const worker = new WorkerProcess({
    LANGGRAPH_API_URL: inject('langGraphUrl'),
    DATA_CONVERTER: join(folder, 'absent.mjs'),
  })
  expect(await worker.exited).toEqual({ code: 1, signal: null })
  expect(worker.stderr).toMatch(
    /^ConfigError: .*\n- DATA_CONVERTER \(.*absent\.mjs\): cannot be loaded: Cannot find module/,
  )
})
