import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { startTemporalProcess } from '../../dev/embedded-temporal.ts'
import type { TemporalProcess } from '../../dev/embedded-temporal.ts'
import { blockOf, blocksOf } from '../examples/page.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
/** What `npm ci && npm run build` needs of the project. */
const buildInputs = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src', 'dev']
const papers = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'LICENSE']
const installTimeoutMs = 240_000

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** No server of this project is asked, and no developer's own configuration counts. */
const env = { ...process.env, NO_UPDATE_NOTIFIER: '1', npm_config_audit: 'false', npm_config_fund: 'false' }

let folder: string
let build: string
let app: string
let packed: Packed
let langGraph: LangGraphRuns
let manifest: {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly bin: Readonly<Record<string, string>>
  readonly types: string
  readonly typesVersions: unknown
  readonly devDependencies: Readonly<Record<string, string>>
}

// Built in a copy: no `dist` changes under other people, and nothing that lies about in a clone gets in. Inside the
// project, where its node_modules are found without a link, and inside `dist`, which no tool looks at.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-package-'))
  app = join(folder, 'app')
  await mkdir(join(root, 'dist'), { recursive: true })
  build = await mkdtemp(join(root, 'dist', 'package-test-'))
  for (const name of [...buildInputs, ...papers, 'docs', 'ops'])
    await cp(join(root, name), join(build, name), { recursive: true })
  manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  packed = await pack()
  await installUsersProject()
  langGraph = new LangGraphRuns(inject('langGraphUrl'))
}, installTimeoutMs)
afterAll(() => Promise.all([folder, build].map((path) => rm(path, { recursive: true, force: true }))))

async function pack(): Promise<Packed> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: build, env })
  // What the build says stands before it.
  const [tarball]: Packed[] = JSON.parse(stdout.slice(stdout.search(/^\[$/m)))
  if (!tarball) throw new Error(`npm pack made nothing: ${stdout}`)
  return tarball
}

/** A project of somebody else's, which has none of this project's `overrides` and runs no install script. */
async function installUsersProject(): Promise<void> {
  await cp(join(root, 'test/package/app'), app, { recursive: true })
  const { devDependencies } = manifest
  const own = ['@temporalio/client', '@temporalio/common', '@temporalio/worker', '@temporalio/workflow']
  const users = {
    private: true,
    type: 'module',
    dependencies: {
      'langgraph-background-runs': `file:${join(folder, packed.filename)}`,
      ...Object.fromEntries(own.map((name) => [name, devDependencies[name]])),
    },
    devDependencies: { '@types/node': devDependencies['@types/node'] },
  }
  await writeFile(join(app, 'package.json'), JSON.stringify(users))
  await run('npm', ['install', '--prefer-offline', '--ignore-scripts'], { cwd: app, env })
  await tsc('--project', '.')
}

/** This project's compiler on the user's project. */
async function tsc(...args: string[]): Promise<string> {
  const compiled = run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], { cwd: app })
  const { stdout } = await compiled.catch((error: { stdout: string }) => error)
  if (stdout !== '') throw new Error(stdout)
  return stdout
}

/** One of the user's programs; what it prints is JSON. */
async function runProgram(name: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, [`${name}.js`, ...args], { cwd: app, env, timeout: 50_000 })
  return JSON.parse(stdout)
}

async function runOnServers(name: string, { threadId, runId }: Ids): Promise<unknown> {
  return runProgram(name, inject('temporalAddress'), inject('langGraphUrl'), threadId, runId)
}

async function langgraphRuns(...args: string[]): Promise<string> {
  const withTemporal = { ...env, TEMPORAL_ADDRESS: inject('temporalAddress') }
  const { stdout } = await run('npx', ['langgraph-runs', ...args], { cwd: app, env: withTemporal })
  return stdout
}

describe('the package', () => {
  test('holds what the sources compile to, the bundles and the papers, and nothing else', async () => {
    const sources = await readdir(join(build, 'src'), { recursive: true })
    const modules = sources.filter((file) => file.endsWith('.ts')).map((file) => file.slice(0, -'.ts'.length))
    const compiled = modules.flatMap((module) => [`dist/${module}.js`, `dist/${module}.d.ts`])
    const found = await readdir(join(root, 'docs'), { recursive: true })
    const docs = found.filter((file) => file.includes('.')).map((file) => `docs/${file}`)
    const ops = await readdir(join(root, 'ops'), { recursive: true })
    const forOperators = ops.filter((file) => file.includes('.')).map((file) => `ops/${file}`)
    const built = ['workflow-bundle.js', 'workflow-bundle-encrypted.js', 'payloads/failure-converter.cjs']
    const made = built.map((file) => `dist/${file}`)
    const expected = [...papers, ...docs, ...forOperators, 'package.json', ...made, ...compiled]
    expect(packed.files.map(({ path }) => path).toSorted()).toEqual(expected.toSorted())
  })

  test('holds every file that its manifest points to', () => {
    const entries = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : [entry.types, entry.default],
    )
    const targets = [...entries, ...Object.values(manifest.bin)].map((path) => path.replace(/^\.\//, ''))
    const files = packed.files.map(({ path }) => path)
    expect(targets.filter((path) => !files.includes(path))).toEqual([])
  })

  test('shows the same types to older TypeScript, which does not read exports', () => {
    const { '.': root, './package.json': _, ...subpaths } = manifest.exports
    const types = Object.entries(subpaths).map(([name, entry]) => [name.slice(2), [Object(entry).types]])
    expect({ types: manifest.types, typesVersions: manifest.typesVersions }).toEqual({
      types: Object(root).types,
      typesVersions: { '*': Object.fromEntries(types) },
    })
  })

  test('holds whatever its papers link to', async () => {
    const files = packed.files.map(({ path }) => path)
    const pages = files.filter((path) => path.endsWith('.md'))
    const texts = await Promise.all(pages.map((path) => readFile(join(build, path), 'utf8')))
    const anchors = new Map(pages.map((path, n) => [path, anchorsIn(texts[n] ?? '')]))
    const links = pages.flatMap((page, n) => linksIn(texts[n] ?? '').map((link) => ({ page, link })))
    const dead = links.filter(({ page, link }) => {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      return !files.includes(target) || (anchor !== undefined && !anchors.get(target)?.has(anchor))
    })
    expect(links.length).toBeGreaterThan(10)
    expect(dead).toEqual([])
  })

  test('holds no path of the machine that built it', async () => {
    const files = packed.files.map(({ path }) => path).filter((path) => path.startsWith('dist/'))
    const texts = await Promise.all(files.map((path) => readFile(join(build, path), 'utf8')))
    const sourceMaps = texts.map(sourceMapIn)
    const holds = (n: number, path: string) => texts[n]?.includes(path) || sourceMaps[n]?.includes(path)
    expect(files.filter((_, n) => holds(n, root) || holds(n, folder))).toEqual([])
    expect(sourceMaps[files.indexOf('dist/workflow-bundle.js')]).toContain('"dist/workflows/watch-run.js"')
  })
})

describe("in a user's project", () => {
  test.each(['node20', 'nodenext'])('the types compile with module %s', async (module) => {
    await expect(tsc('--noEmit', '--project', '.', '--module', module)).resolves.toBe('')
  })

  test('every export can be imported by its name', async () => {
    const names = Object.keys(manifest.exports).filter((name) => name !== './package.json')
    const imports = names.map((name) => `import(${JSON.stringify(name.replace('.', 'langgraph-background-runs'))})`)
    const script = `const modules = await Promise.all([${imports.join()}])
      process.stdout.write(JSON.stringify(modules.map((module) => Object.keys(module).length > 0)))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: app })
    expect(JSON.parse(stdout)).toEqual(names.map(() => true))
  })

  test('a worker with the ready bundle and the client watch a run, and its closed watch needs no worker', async () => {
    const ended = await langGraph.ended('work', { symbol: 'AAPL' })
    expect(await runOnServers('watch', ended)).toEqual({
      source: { workflowBundle: { codePath: expect.stringMatching(/node_modules.*workflow-bundle\.js$/) } },
      outcome: expect.objectContaining({ polling_result: 'success_with_results', run_id: ended.runId }),
      retrieved: { final: 'done AAPL' },
    })
    const status = await langgraphRuns('status', ended.threadId, ended.runId, '--json')
    expect(JSON.parse(status)).toMatchObject({ polling_result: 'success_with_results', run_id: ended.runId })
  })

  test('a parent workflow watches a run as a child, and gets its outcome', async () => {
    const ended = await langGraph.ended('work', { symbol: 'AAPL' })
    expect(await runOnServers('parent', ended)).toEqual({
      decision: { outcome: expect.objectContaining({ polling_result: 'success_with_results' }) },
      status: { status: 'success' },
    })
  })

  test('a parent workflow sees by the type why the watch failed, and the outcome in its details', async () => {
    const failed = await langGraph.ended('fail', { symbol: 'AAPL' })
    expect(await runOnServers('parent', failed)).toEqual({
      decision: {
        failureType: 'RunFailed',
        outcome: expect.objectContaining({ polling_result: 'error', error: 'ValueError: boom for AAPL' }),
      },
      status: { status: 'error' },
    })
  })

  test('a state of an own type is an input, and failures have names', async () => {
    expect(await runOnServers('execute', { threadId: randomUUID(), runId: randomUUID() })).toEqual({
      result: expect.objectContaining({ symbol: 'AAPL', final: 'done AAPL' }),
      refused: 'the id belongs to another request',
    })
  })

  test('the plugin serves workers with and without workflows, bundle, converter and activities of their own', async () => {
    const ended = await langGraph.ended('work', { symbol: 'AAPL' })
    expect(await runOnServers('plugin', ended)).toEqual({
      nothingOfTheirOwn: 'success_with_results',
      theirWorkflowsBesideOurs: 'success_with_results',
      theirWorkflowsAlone: 'Hello, Ada',
      theirBundle: 'success_with_results',
      encrypted: { polling_result: 'success_with_results', encoding: 'binary/encrypted' },
      failureWhenEncrypted: 'Encoded failure',
      theirConverterAndThePluginTwice: { polling_result: 'success_with_results', encoding: 'json/own' },
    })
  })

  // Temporal's packages share one protobufjs then: it is a peer dependency of this package.
  test('a history in JSON replays', async () => {
    const history = join(root, 'test/replay/histories/found-at-once.json')
    expect(await runProgram('replay', history)).toBe('replayed')
  })

  test('the command line teaches', async () => {
    expect(await langgraphRuns('--help')).toMatch(/^Usage: langgraph-runs [^]*watch [^]*status [^]*Exit codes:/)
  })

  test.each([
    ['node dist/worker.js', process.execPath, ['node_modules/langgraph-background-runs/dist/worker.js'], [0, null]],
    ['langgraph-runs worker', 'node_modules/.bin/langgraph-runs', ['worker'], [0, null]],
    // npx itself ends by the signal, and does not pass it on.
    ['npx langgraph-runs worker', 'npx', ['langgraph-runs', 'worker'], [null, 'SIGTERM']],
  ])('the ready worker starts by `%s`, and a signal stops it', async (_, program, args, ended) => {
    const worker = spawn(program, args, {
      cwd: app,
      env: {
        ...env,
        TEMPORAL_ADDRESS: inject('temporalAddress'),
        TEMPORAL_TASK_QUEUE: folder,
        LANGGRAPH_API_URL: inject('langGraphUrl'),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    })
    // Not before the last process that writes to it has gone.
    const closed = once(worker, 'close', { signal: AbortSignal.timeout(45_000) })
    try {
      let log = ''
      worker.stderr.on('data', (chunk) => (log += String(chunk)))
      await vi.waitUntil(() => log.includes('worker ready') || worker.exitCode !== null, { timeout: 30_000 })
      expect(log).toContain('worker ready')
      worker.kill('SIGTERM')
      expect(await closed).toEqual(ended)
    } finally {
      killGroup(worker)
    }
  })
})

describe('in a project with a client alone', () => {
  let client: string

  beforeAll(async () => {
    client = await mkdtemp(join(folder, 'client-'))
    await writeFile(join(client, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    const packages = [
      join(folder, packed.filename),
      `@temporalio/client@${manifest.devDependencies['@temporalio/client']}`,
    ]
    await run('npm', ['install', '--prefer-offline', '--ignore-scripts', ...packages], { cwd: client, env })
  }, installTimeoutMs)

  const installed = async (scope: string) => readdir(join(client, 'node_modules', scope)).catch(() => [])

  test('it has no native worker', async () => {
    expect(await installed('@temporalio')).toEqual(['client', 'common', 'envconfig', 'plugin', 'proto'])
  })

  test.each([
    {
      what: 'the webhook receiver',
      program: 'webhook.js',
      own: { WEBHOOK_LISTEN: '127.0.0.1:0', WEBHOOK_SECRET: 's'.repeat(32) },
      says: 'Temporal answers',
    },
    {
      what: 'the codec server',
      program: 'codec-server.js',
      own: { CODEC_LISTEN: '127.0.0.1:0', PAYLOAD_KEYS: `a:${Buffer.alloc(32).toString('base64')}` },
      says: 'codec server ready',
    },
  ])('$what starts, and a signal stops it', async ({ program, own, says }) => {
    const started = spawn(process.execPath, [`node_modules/langgraph-background-runs/dist/${program}`], {
      cwd: client,
      env: { ...env, TEMPORAL_ADDRESS: inject('temporalAddress'), ...own },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const closed = once(started, 'close', { signal: AbortSignal.timeout(45_000) })
    let log = ''
    started.stderr.on('data', (chunk) => (log += String(chunk)))
    await vi.waitUntil(() => log.includes(says) || started.exitCode !== null, { timeout: 30_000 })
    started.kill('SIGTERM')
    expect({ ended: await closed, log }).toEqual({ ended: [0, null], log: expect.stringContaining(says) })
  })

  test('what only a worker needs can be left out: the client works, and the worker says what it lacks', async () => {
    await run('npm', ['prune', '--omit=optional'], { cwd: client, env })
    expect(await installed('@langchain')).toEqual([])
    const script = `const { BackgroundRuns } = await import('langgraph-background-runs')
      const { RunResultRetriever } = await import('langgraph-background-runs/poller')
      process.stdout.write(BackgroundRuns.name + RunResultRetriever.name)`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: client, env })
    expect(stdout).toBe('BackgroundRunsRunResultRetriever')
    await expect(run('npx', ['langgraph-runs', 'worker'], { cwd: client, env })).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringMatching(/^error: The worker needs @\S+, .*: npm install .*@temporalio\/worker\n$/),
    })
    const receiver = ['node_modules/langgraph-background-runs/dist/webhook.js']
    await expect(run(process.execPath, receiver, { cwd: client, env })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^The webhook receiver needs \S+, .*: npm install --include=optional .*\n$/),
    })
  })
})

describe('in a project that was installed and written by the documents', () => {
  let project: string
  let temporal: TemporalProcess
  let worker: ChildProcess | undefined

  // On the default task queue, so this Temporal server is theirs alone.
  beforeAll(async () => {
    temporal = await startTemporalProcess()
    project = await mkdtemp(join(folder, 'documents-'))
    await cp(join(folder, packed.filename), join(project, packed.filename))
    await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    const install = await blockOf('README.md', 'Install', 'sh')
    await run('sh', ['-ec', install], { cwd: project, env: { ...env, npm_config_prefer_offline: 'true' } })
    const client = await blockOf('README.md', 'Wait for a run', 'ts')
    await writeFile(join(project, 'wait.ts'), client)
    for (const { file, code } of await blocksOf('docs/worker.md', 'The plugin in your own worker')) {
      if (file !== undefined) await writeFile(join(project, file), code)
    }
    worker = spawn(process.execPath, [...tsx, 'worker.ts'], { cwd: project, env: servers(), stdio: 'ignore' })
  }, installTimeoutMs)
  afterAll(async () => {
    worker?.kill('SIGKILL')
    await temporal.stop()
  })

  const tsx = ['--import', pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href]
  const servers = () => ({ ...env, TEMPORAL_ADDRESS: temporal.address, LANGGRAPH_API_URL: inject('langGraphUrl') })

  async function start(program: string, { threadId, runId }: Ids): Promise<string> {
    const args = [...tsx, program, threadId, runId]
    const { stdout } = await run(process.execPath, args, { cwd: project, env: servers(), timeout: 50_000 })
    return stdout
  }

  test('a client waits for a run', async () => {
    const ended = await langGraph.ended('work', { symbol: 'AAPL' })
    expect(await start('wait.ts', ended)).toMatch(/polling_result: 'success_with_results'[^]*final: 'done AAPL'/)
  })

  test('a workflow of its own watches a run as a step', async () => {
    const [ended, failed] = await Promise.all([
      langGraph.ended('work', { symbol: 'AAPL' }),
      langGraph.ended('fail', { symbol: 'AAPL' }),
    ])
    expect(await start('decide.ts', ended)).toMatch(/^\{ status: 'success' \}\n\{\s+decided: \{[^]*final: 'done AAPL'/)
    expect(await start('decide.ts', failed)).toBe(
      "{ status: 'error' }\n{ undecided: 'error', error: 'ValueError: boom for AAPL' }\n",
    )
  })

  test('the page about the worker names every export, and the page about the command line its name', async () => {
    const docs = join(project, 'node_modules/langgraph-background-runs/docs')
    const page = await readFile(join(docs, 'worker.md'), 'utf8')
    const table = page.replaceAll(/^[^|].*$/gm, '')
    const named = [...table.matchAll(/`langgraph-background-runs(\/\w+)?`/g)].map(([, path = '']) => `.${path}`)
    const entries = Object.keys(manifest.exports).filter((name) => name !== './package.json')
    expect(new Set(named)).toEqual(new Set(entries))
    expect(page).toContain('npx langgraph-runs worker')
    expect(await readFile(join(docs, 'cli.md'), 'utf8')).toContain('`npx langgraph-runs`')
  })
})

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // All of them have gone.
  }
}

/** The links of a page that lead to no other site. */
function linksIn(page: string): string[] {
  return [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^\w+:/.test(link))
}

/** What a link can name after `#`, as GitHub makes it of the headings. */
function anchorsIn(page: string): ReadonlySet<string> {
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase())
  return new Set(headings.map((heading) => heading.replace(/[^\w\- ]/g, '').replaceAll(' ', '-')))
}

/** The source map at the end of a file, as text. */
function sourceMapIn(text: string): string {
  const [, base64 = ''] = /\/\/# sourceMappingURL=data:application\/json;[^,]*base64,(\S+)\s*$/.exec(text) ?? []
  return Buffer.from(base64, 'base64').toString('utf8')
}
