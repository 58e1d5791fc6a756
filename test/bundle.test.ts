import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { bundleWorkflowCode } from '@temporalio/worker'
import { beforeAll, describe, expect, test } from 'vitest'
import { withOurModules, workflowsPath } from '../src/worker-options.ts'

describe('the workflow bundle', () => {
  let code: string
  let sources: readonly string[]
  beforeAll(async () => {
    const bundle = await bundleWorkflowCode(withOurModules({ workflowsPath: workflowsPath() }))
    code = bundle.code
    sources = sourcesOf(code)
  })

  test('holds of this project src/workflows and src/domain only', () => {
    const project = at('../')
    const own = sources.filter((source) => source.startsWith(project)).map((source) => source.slice(project.length))
    const folders = own.filter((source) => !source.startsWith('node_modules/')).map(dirname)
    expect(new Set(folders)).toEqual(new Set(['src/domain', 'src/workflows']))
    expect(own).toEqual(expect.arrayContaining(['src/workflows/watch-run.ts', 'src/domain/parse-input.ts']))
  })

  test('holds of packages only what the sandbox may have', () => {
    const packages = sources.flatMap((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? [])
    const expected = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc']
    expect(new Set(packages)).toEqual(new Set(expected))
  })

  test('has its modules loaded before any workflow starts, so that all workflows share them', () => {
    const loaded: Record<string, unknown> = {}
    const globals = { __webpack_module_cache__: loaded, AsyncLocalStorage, TextDecoder, TextEncoder }
    const context = createContext(globals)
    runInContext(code, context)
    runInContext('__TEMPORAL__.preloadModules()', context)
    const shared = Object.keys(loaded)
    const ours = ['./src/workflows/watch-run.ts', './src/domain/parse-input.ts', './src/workflows/carry-trace.ts']
    expect(shared).toEqual(expect.arrayContaining(ours))
    runInContext('__TEMPORAL__.importWorkflows(); __TEMPORAL__.importInterceptors()', context)
    expect(Object.keys(loaded)).toEqual(shared)
  })

  test('has no module that keeps state, since all workflows share it', async () => {
    const own = sources.filter((source) => /\/src\/(?:workflows|domain)\/.*\.ts$/.test(source))
    const texts = await Promise.all(own.map((source) => readFile(source, 'utf8')))
    const state = /^(?:export )?(?:let|var|const \w+(?:: [^=]+)? = new (?:Weak)?(?:Map|Set)\b).*/gm
    expect(texts.flatMap((text) => text.match(state) ?? [])).toEqual([])
  })
})

describe('the lint rules refuse', () => {
  let refused: readonly string[]

  // In a folder of its own: a file below src would be seen by whoever else runs a tool at the same time.
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-lint-'))
    try {
      await cp(at('../.oxlintrc.json'), join(folder, '.oxlintrc.json'))
      for (const [file, imports] of Object.entries({ ...allowed, ...forbidden })) {
        await mkdir(dirname(join(folder, file)), { recursive: true })
        await writeFile(join(folder, file), imports.map((line, n) => line.replaceAll('NAME', `name${n}`)).join('\n'))
      }
      refused = await restrictedImports(folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  const forbidden = {
    'src/workflows/forbidden.ts': [
      "export { NAME } from '../activities/index.ts'",
      "export * from '../langgraph/errors.ts'",
      "export { NAME } from '../config.ts'",
      "export { NAME } from '../domain/../worker-options.ts'",
      "export { NAME } from 'node:fs'",
      "export { NAME } from '@temporalio/activity'",
      "export { NAME } from '@temporalio/client'",
      "export { NAME } from '@langchain/langgraph-sdk'",
      "export const NAME = () => import('../activities/index.ts')",
    ],
    'src/domain/forbidden.ts': [
      "export { NAME } from '../workflows/index.ts'",
      "export { NAME } from '../langgraph/wire.ts'",
      "export { NAME } from '@temporalio/workflow'",
      "export { NAME } from 'node:crypto'",
    ],
  }
  const allowed = {
    'src/workflows/allowed.ts': [
      "export { NAME } from '@temporalio/workflow'",
      "export { NAME } from './verdict.ts'",
      "export { NAME } from '../domain/run.ts'",
      "export type { NAME } from '../activities/index.ts'",
    ],
    'src/domain/allowed.ts': [
      "export { NAME } from '@temporalio/common'",
      "export { NAME } from './run.ts'",
      "export type { NAME } from '../langgraph/port.ts'",
    ],
    'src/activities/allowed.ts': ["export { NAME } from '../langgraph/errors.ts'"],
  }

  test.each(Object.entries(forbidden))('every import of %s', (file, imports) => {
    const lines = refused.filter((place) => place.startsWith(`${file}:`))
    expect(lines.toSorted()).toEqual(imports.map((_, n) => `${file}:${n + 1}`).toSorted())
  })

  test.each(Object.keys(allowed))('no import of %s', (file) => {
    expect(refused.filter((place) => place.startsWith(file))).toEqual([])
  })
})

/** The files that a bundle was made of, from the source map at its end. */
function sourcesOf(code: string): string[] {
  const [, base64 = ''] = /\/\/# sourceMappingURL=data:application\/json;[^,]*base64,(\S+)\s*$/.exec(code) ?? []
  const { sources }: { sources: string[] } = JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))
  return sources
}

/** Where in a folder an import is restricted, as "file:line". */
async function restrictedImports(folder: string): Promise<string[]> {
  const oxlint = join(dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin', 'oxlint')
  const linted = promisify(execFile)(process.execPath, [oxlint, '--format', 'unix', 'src'], { cwd: folder })
  const { stdout } = await linted.catch((error: { stdout: string }) => error)
  return stdout
    .split('\n')
    .filter((line) => line.includes('no-restricted-imports'))
    .map((line) => line.split(':', 2).join(':'))
}

function at(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
