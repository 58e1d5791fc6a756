import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { loadBinaryPaths } from '../../src/config.ts'

const run = promisify(execFile)

/** Installs once into the project's cache folder, under a name that changes with what is to be installed. */
export async function installed(
  name: string,
  manifests: readonly string[],
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const contents = await Promise.all(manifests.map((file) => readFile(file)))
  const hash = createHash('sha256').update(Buffer.concat(contents)).digest('hex').slice(0, 12)
  const { cacheFolder } = loadBinaryPaths(process.env)
  const folder = join(cacheFolder, `${name}-${hash}`)
  const done = join(folder, '.installed')
  if (existsSync(done)) return folder
  // A virtual environment cannot be moved, so the mark comes last instead of a rename.
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const file of manifests) await copyFile(file, join(folder, basename(file)))
  await install(folder)
  await writeFile(done, '')
  return folder
}

/** A virtual environment of Python with the packages of a requirements file. @returns its programs' folder */
export async function pythonEnvironment(name: string, requirements: string): Promise<string> {
  const venv = await installed(name, [requirements], async (folder) => {
    await run('python3', ['-m', 'venv', folder])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]
    await run(join(folder, 'bin', 'python'), pip)
  })
  return join(venv, 'bin')
}
