import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findTemporal } from '../../dev/embedded-temporal.ts'
import { orders, setWebUiStage } from '../../dev/web-ui/stage.ts'
import type { WebUiStage } from '../../dev/web-ui/stage.ts'
import { at, sectionOf } from '../examples/page.ts'
import { freePort } from '../support/free-port.ts'

// Each answer of docs/operations.md, as it stands there, over one watch in each state.

const exec = promisify(execFile)
const patience = { timeout: 60_000, interval: 500 }
const metricsPort = await freePort()

let stage: WebUiStage
let client: Client
let folder: string
beforeAll(async () => {
  stage = await setWebUiStage({ METRICS_LISTEN: `127.0.0.1:${metricsPort}` })
  client = new Client({ connection: await Connection.connect({ address: stage.address }) })
  folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-questions-'))
  const cli = `#!/bin/sh\nexec ${process.execPath} --import ${at('node_modules/tsx/dist/loader.mjs')} ${at('src/cli.ts')} "$@"\n`
  await writeFile(join(folder, 'langgraph-runs'), cli, { mode: 0o755 })
}, 120_000)
afterAll(async () => {
  await client.connection.close()
  await stage.stop()
  await rm(folder, { recursive: true })
})

interface Row {
  readonly question: string
  readonly kind: 'command' | 'metric' | 'filter'
  readonly answer: string
}

async function table(): Promise<readonly Row[]> {
  const section = await sectionOf('docs/operations.md', 'Ten questions')
  return [...section.matchAll(/^\| (.+\?) \| (metric |filter |)`(.+)` \|$/gm)].map(
    ([, question = '', kind = '', answer = '']) => ({
      question,
      kind: kind === 'metric ' ? 'metric' : kind === 'filter ' ? 'filter' : 'command',
      // Within a table a pipe has a backslash before it.
      answer: answer.replaceAll('\\|', '|'),
    }),
  )
}

async function answerTo(words: string): Promise<Row> {
  const found = (await table()).filter(({ question }) => question.includes(words))
  const [row] = found
  if (!row || found.length > 1) throw new Error(`${found.length} questions with "${words}"`)
  return row
}

/** @returns what the command prints, whatever its exit code */
async function shell(command: string): Promise<string> {
  const env = {
    PATH: [folder, dirname(await findTemporal('cli')), process.env['PATH']].join(delimiter),
    HOME: folder,
    TEMPORAL_ADDRESS: stage.address,
  }
  const { stdout } = await exec('sh', ['-c', command], { env, timeout: 45_000 }).catch(
    (failed: { stdout: string }) => failed,
  )
  return stdout
}

/** The lines of a metric, without its comments. */
async function scrape(name: string): Promise<string> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .join('\n')
}

test('there are ten', async () => {
  expect(await table()).toHaveLength(10)
})

describe.concurrent('a command answers', () => {
  test.each<{ words: string; expected: RegExp }>([
    { words: 'anything wrong', expected: /^failed +deployment research .*no connection/m },
    { words: 'failed today', expected: /order\/4712 .*error.*no prices for TWTR/ },
    { words: 'deployment is down', expected: /order\/4714 .*outage .*research.*no connection/ },
    { words: 'oldest open watch', expected: /^order\/4715 .*overnight/ },
    { words: 'Which workers run', expected: /langgraph-runs +\d+@\S+/ },
  ])('$words', async ({ words, expected }) => {
    const { kind, answer } = await answerTo(words)
    expect(kind).toBe('command')

    // Workers tell Temporal of themselves every 10 s.
    await vi.waitFor(async () => expect(await shell(answer)).toMatch(expected), patience)
  })

  test('who waits longer than an hour, and who does not', async () => {
    const { answer } = await answerTo('longer than an hour')

    expect(await shell(answer)).toBe('')
    expect(answer).toContain('3600')
    expect(await shell(answer.replace('3600', '0'))).toBe(`${orders.human}\n`)
  })

  test('whether the sweep is alive', async () => {
    const { answer } = await answerTo('sweep alive')

    await vi.waitFor(
      async () => expect(await shell(answer)).toMatch(/^ok +sweep of default +alive since 20/m),
      patience,
    )
  })
})

describe.concurrent('a metric answers', () => {
  test.each<{ words: string; expected: RegExp }>([
    { words: 'late', expected: /^\w+\{(?=.*deployment="default").*le="/m },
    { words: 'How many are open', expected: /^\w+\{(?=.*deployment="default").*state="\w+".*\} \d/m },
  ])('$words', async ({ words, expected }) => {
    const { kind, answer } = await answerTo(words)
    expect(kind).toBe('metric')
    const [name = ''] = /lg_\w+/.exec(answer) ?? []

    await vi.waitFor(async () => expect(await scrape(name)).toMatch(expected), patience)
  })
})

test('a filter answers who needs somebody', async () => {
  const { kind, answer } = await answerTo('need somebody')
  expect(kind).toBe('filter')
  const found: string[] = []
  for await (const { workflowId } of client.workflow.list({ query: answer })) found.push(workflowId)

  expect(found).toEqual([orders.human])
})

test('the filter for workflows whose code fails is one that Temporal knows', async () => {
  const section = await sectionOf('docs/operations.md', 'Upgrading with open watches')
  const [, filter = 'none'] = /`(TaskQueue = .+?)`/.exec(section) ?? []

  expect(await client.workflow.count(filter)).toMatchObject({ count: 0 })
})
