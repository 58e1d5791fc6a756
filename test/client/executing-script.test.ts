import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporalProcess } from '../../dev/embedded-temporal.ts'
import type { TemporalProcess } from '../../dev/embedded-temporal.ts'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import type { LangGraphProcess } from '../../dev/langgraph-server.ts'
import { defaultTaskQueue } from '../../src/domain/defaults.ts'
import { openStage } from '../poller/stage.ts'
import type { PollerStage } from '../poller/stage.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

let temporal: TemporalProcess
let langGraph: LangGraphProcess
let stage: PollerStage
let folder: string

// The script is as short as a user's code: on the default task queue. So this Temporal server is its alone.
beforeAll(async () => {
  const graphs = { approval: `${join(root, 'dev/trading-graph.mjs')}:approval` }
  ;[temporal, langGraph] = await Promise.all([startTemporalProcess(), startLangGraphServer({ graphs })])
  stage = await openStage(temporal.address, [{ name: 'default', url: langGraph.url }], defaultTaskQueue)
  await mkdir(join(root, 'dist'), { recursive: true })
  folder = await mkdtemp(join(root, 'dist', 'executing-script-'))
})
afterAll(async () => {
  await stage.close()
  await Promise.all([temporal.stop(), langGraph.stop(), rm(folder, { recursive: true, force: true })])
})

/** The script at the top of docs/executing.md, as a person in a clone runs it. */
async function runScript(): Promise<string> {
  const page = await readFile(join(root, 'docs/executing.md'), 'utf8')
  const [, script = ''] = /^```ts\n(.*?)^```$/ms.exec(page) ?? []
  const file = join(folder, 'order.ts')
  await writeFile(file, script.replaceAll("'./src/", "'../../src/"))
  const env = { ...process.env, TEMPORAL_ADDRESS: temporal.address }
  const options = { cwd: root, env, timeout: 30_000 }
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], options)
  return stdout
}

test('the script of docs/executing.md answers the question, and run again prints the same result', async () => {
  const first = await runScript()
  expect(first).toMatch(/^asked \{ question: 'BUY MSFT\?', .*\nreceipt \{[^]*\nresult \{[^]*order: 'BUY MSFT'/)
  expect(await runScript()).toBe(first.slice(first.indexOf('result {')))
})
