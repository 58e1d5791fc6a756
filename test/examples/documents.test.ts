import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findTemporal } from '../../dev/embedded-temporal.ts'
import { at, blockOf, blocksOf, commandsIn, sectionOf } from './page.ts'
import { Reader } from './reader.ts'
import { UsersProject } from './users-project.ts'

const guides = (await readdir(at('docs'))).filter((name) => name.endsWith('.md'))
const pages = ['README.md', ...guides.map((name) => `docs/${name}`)]

let project: UsersProject
let reader: Reader

beforeAll(async () => {
  ;[project, reader] = await Promise.all([UsersProject.create(), Reader.open()])
  for (const page of pages) {
    const blocks = (await blocksOf(page)).filter(({ language }) => language === 'ts')
    for (const [n, { code, file }] of blocks.entries()) await project.write(`${page}/${file ?? `${n}.ts`}`, code)
  }
  project.start('README.md/0.ts', reader.env)
}, 240_000)
afterAll(() => Promise.all([project.close(), reader.close()]))

test('every block of TypeScript has the right types', async () => {
  expect(await project.compile()).toBe('')
})

describe.concurrent('run as printed, beside the worker of the README', () => {
  test('its clients in TypeScript and in Python print the same outcome', async () => {
    const run = await reader.createRun()
    await reader.write('wait.py', await blockOf('README.md', 'Wait for a run', 'python'))
    const [inTypeScript, inPython] = await Promise.all([
      project.run('README.md/1.ts', run, reader.env),
      // A Python process may abort after its last line: https://github.com/temporalio/sdk-python/issues/300
      reader.shell(`python wait.py ${run.join(' ')} || [ $? -gt 128 ]`),
    ])
    expect(inTypeScript).toMatch(/polling_result: 'success_with_results'[^]*trading_signal: 'BUY'/)
    expect(inPython).toContain(`'polling_result': 'success_with_results', 'status': 'success', 'run_id': '${run[1]}'`)
    const [, checkpoint = 'none'] = /checkpoint_id: '(.*?)'/.exec(inTypeScript) ?? []
    expect(inPython).toContain(checkpoint)
  })

  test('the script of docs/executing.md answers the question, and run again prints the same result', async () => {
    const first = await project.run('docs/executing.md/order.ts', [], reader.env)
    expect(first).toMatch(/^asked \{ question: 'BUY MSFT\?', .*\nreceipt \{[^]*\nresult \{[^]*order: 'BUY MSFT'/)
    const second = await project.run('docs/executing.md/order.ts', [], reader.env)
    expect(second).toBe(first.slice(first.indexOf('result {')))
  })

  test('the script of docs/executing.md continues a run that fails twice', async () => {
    const printed = await project.run('docs/executing.md/unsteady.ts', [], reader.env)
    expect(printed).toMatch(/^result \{ trading_signal: 'BUY' \}\nattempts 3\nruns \[/)
    expect(printed.match(/continued_by: 'retry',\n +error: "Error: the model's server is overloaded"/g)).toHaveLength(2)
  })

  test('the schedule of docs/executing.md starts an execution under an id of its own', async () => {
    const printed = await project.run('docs/executing.md/nightly.ts', [], reader.env)
    expect(printed).toMatch(/^nightly-analysis-20\S+Z\nsuccess_with_results\n$/)
  })

  test('the commands of docs/executing.md for the Temporal CLI answer a question', async () => {
    const printed = []
    for (const command of commandsIn(await blockOf('docs/executing.md', 'From any language', 'sh'))) {
      if (command.includes('resume')) await reader.untilAsked('order/6001')
      printed.push(await reader.shell(command))
    }
    expect(printed.join('')).toMatch(/QueryResult +\{.*Result +map\[open_interrupts:0 .*Result +\{.*"order":"none"/s)
  })

  test('the scripts of docs/python.md answer a question, print the outcome, and cancel a run', async () => {
    for (const { code, file } of await blocksOf('docs/python.md')) if (file) await reader.write(file, code)
    const printed = []
    for (const command of commandsIn(await blockOf('docs/python.md', 'With the demo', 'sh'))) {
      if (command.includes('resume')) await reader.untilAsked('order/5001')
      printed.push(await reader.shell(command))
    }
    expect(printed.join('')).toMatch(
      /^order\/5001\n\{\s+"phase": [^]*"open_interrupts": 0,[^]*"order": "BUY MSFT"[^]*"runs": [^]*"result": "cancelled"/,
    )
  })

  test('the commands of docs/any-language.md print the outcome', async () => {
    const printed = await reader.shell(await blockOf('docs/any-language.md', 'With the Temporal CLI', 'sh'))
    expect(printed).toMatch(/Type +watchRun[^]*"phase":[^]*Signal workflow succeeded[^]*"trading_signal":"BUY"/)
  })

  test('the reference shows an outcome with the fields that it has', async () => {
    const [threadId, runId] = await reader.createRun()
    const input = JSON.stringify({ threadId, runId, resultKeys: ['trading_signal'] })
    const options = `--task-queue langgraph-runs --type watchRun --workflow-id reference --output json`
    const { result } = JSON.parse(await reader.shell(`temporal workflow execute ${options} --input '${input}'`))
    const shown = JSON.parse(await blockOf('docs/reference.md', 'Outcome', 'json'))
    expect(withoutLeaves(shown)).toEqual(withoutLeaves(result))
  })
})

test('a run of a whole day ends at once, as docs/testing.md shows it', async () => {
  const env = { ...reader.env, TEMPORAL_TEST_SERVER_PATH: await findTemporal('testServer') }
  const printed = await project.run('docs/testing.md/skip-time.ts', [], env)
  const shown = (await blocksOf('docs/testing.md')).find(({ language }) => language === 'text')
  expect(withoutNumbers(printed)).toContain(withoutNumbers(shown?.code ?? 'nothing'))
  expect(/poll_count: \d+/.exec(printed)?.[0]).toBe(/poll_count: \d+/.exec(shown?.code ?? '')?.[0])
})

test('the README is about 1,100 words long', async () => {
  const words = (await sectionOf('README.md')).split(/\s+/).filter((word) => word !== '')
  expect(words.length).toBeLessThan(1200)
})

/** The fields of an object, at every depth. */
function withoutLeaves(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLeaves)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withoutLeaves(field)]))
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/\d+(\.\d+)?/g, 'n')
}
