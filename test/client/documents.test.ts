import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { failureTypes, langGraphFailureTypes } from '../../src/client.ts'

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** What the first cells of the rows of a table have in backquotes. */
function namesIn(page: string): string[] {
  const cells = page.split('\n').flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? [])
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

test('the README says of every type of failure when it comes', async () => {
  const readme = await readFile(at('README.md'), 'utf8')
  const [, section = ''] = /^## Failures\n(.*?)^## /ms.exec(readme) ?? []
  const types = [...Object.values(failureTypes), ...Object.values(langGraphFailureTypes)]
  expect(new Set(namesIn(section))).toEqual(new Set(types))
})

test('ARCHITECTURE.md says of every folder and file of src what it holds', async () => {
  const page = await readFile(at('ARCHITECTURE.md'), 'utf8')
  const [, section = ''] = /^## The flow through the folders\n(.*?)^## /ms.exec(page) ?? []
  const named = namesIn(section).filter((name) => name.startsWith('src/'))
  expect(new Set(named)).toEqual(new Set((await readdir(at('src'))).map((name) => `src/${name}`)))
})

test('the commands beside the starter for the Temporal CLI need no variable that a reader does not have', async () => {
  const page = await readFile(at('examples/temporal-cli/README.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
  const [, between = 'false'] = blocks
  const script = `temporal() { printf '%s\\n' "$*"; }\n${between}`
  const { stdout } = await promisify(execFile)('sh', ['-euc', script], { env: { PATH: process.env['PATH'] } })
  expect(stdout).toBe(
    'workflow query --workflow-id watch-run/default/THREAD/RUN --type progress\n' +
      'workflow signal --workflow-id watch-run/default/THREAD/RUN --name wake\n',
  )
})
