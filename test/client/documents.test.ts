import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { failureTypes, langGraphFailureTypes } from '../../src/client.ts'
import { at, blocksOf, sectionOf } from '../examples/page.ts'

/** The names in backquotes in the first cell of each row of a table. */
function namesIn(page: string): string[] {
  const cells = page.split('\n').flatMap((line) => /^\| (`.*?) \|/.exec(line)?.[1] ?? [])
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name))
}

test('the reference says of every type of failure when it comes', async () => {
  const types = [...Object.values(failureTypes), ...Object.values(langGraphFailureTypes)]
  expect(new Set(namesIn(await sectionOf('docs/reference.md', 'Failures')))).toEqual(new Set(types))
})

test('docs/python.md shows each script of examples/python as it is', async () => {
  const files = (await readdir(at('examples/python'))).filter((file) => file.endsWith('.py'))
  const scripts = files.map(async (file) => ({ file, code: await readFile(at(`examples/python/${file}`), 'utf8') }))
  const blocks = (await blocksOf('docs/python.md')).filter(({ language }) => language === 'python')
  const shown = blocks.map(({ file, code }) => ({ file, code }))
  expect(new Set(shown)).toEqual(new Set(await Promise.all(scripts)))
})

test('docs/python.md installs the version of the SDK that its scripts are tested with', async () => {
  const requirement = await readFile(at('examples/python/requirements.txt'), 'utf8')
  expect(await sectionOf('docs/python.md')).toContain(`pip install ${requirement}`)
})

test('ARCHITECTURE.md says of every folder and file of src what it holds', async () => {
  const folders = await sectionOf('ARCHITECTURE.md', 'The flow through the folders')
  const named = namesIn(folders).filter((name) => name.startsWith('src/'))
  expect(new Set(named)).toEqual(new Set((await readdir(at('src'))).map((name) => `src/${name}`)))
})

test('the file map of ARCHITECTURE.md names every file below src in the table of its folder', async () => {
  const map = await sectionOf('ARCHITECTURE.md', 'Where to find it')
  const mapped = map
    .trim()
    .split('\n\n')
    .flatMap((table) => {
      const [folder = '', ...files] = namesIn(table)
      return files.map((file) => `${folder}/${file}`)
    })
  const files = (await readdir(at('src'), { recursive: true })).filter((file) => /\/.*\.c?[jt]s$/.test(file))
  expect(mapped.toSorted()).toEqual(files.map((file) => `src/${file}`).toSorted())
})

test('the commands beside the starter for the Temporal CLI need no variable that a reader does not have', async () => {
  const [, between] = await blocksOf('examples/temporal-cli/README.md')
  const script = `temporal() { printf '%s\\n' "$*"; }\n${between?.code ?? 'false'}`
  const { stdout } = await promisify(execFile)('sh', ['-euc', script], { env: { PATH: process.env['PATH'] } })
  expect(stdout).toBe(
    'workflow query --workflow-id watch-run/default/THREAD/RUN --type progress\n' +
      'workflow signal --workflow-id watch-run/default/THREAD/RUN --name wake\n',
  )
})
