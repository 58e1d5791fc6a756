import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { at } from './page.ts'

const exec = promisify(execFile)
/** What `npm run build` needs. */
const buildInputs = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src', 'dev']
const compilerOptions = {
  target: 'es2023',
  lib: ['es2023'],
  module: 'nodenext',
  strict: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  types: ['node'],
}

/**
 * A project that imports the built package by its name. It lies inside a copy of the package, which Node, TypeScript and
 * Temporal's bundler let import itself: what npm would install is tested in test/package.
 */
export class UsersProject {
  readonly #copy: string
  readonly #folder: string
  readonly #processes: ChildProcess[] = []

  static async create(): Promise<UsersProject> {
    await mkdir(at('dist'), { recursive: true })
    const copy = await mkdtemp(at('dist/users-project-'))
    for (const name of buildInputs) await cp(at(name), join(copy, name), { recursive: true })
    await exec('npm', ['run', 'build'], { cwd: copy })
    const project = new UsersProject(copy)
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['**/*.ts'] }))
    return project
  }

  private constructor(copy: string) {
    this.#copy = copy
    this.#folder = join(copy, 'project')
  }

  async write(file: string, code: string): Promise<void> {
    const path = join(this.#folder, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, code)
  }

  /** Checks the types of every file. @returns what the compiler says; nothing if all is well */
  async compile(): Promise<string> {
    const compiled = exec(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: this.#folder })
    const { stdout } = await compiled.catch((error: { stdout: string }) => error)
    return stdout
  }

  /** Runs a program until it ends. @returns what it prints */
  async run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
    const options = { cwd: this.#folder, env, timeout: 45_000 }
    const { stdout } = await exec(process.execPath, ['--import', 'tsx', file, ...args], options)
    return stdout
  }

  /** Starts a program that runs until `close`. */
  start(file: string, env: NodeJS.ProcessEnv): void {
    const options = { cwd: this.#folder, env, stdio: 'ignore' } as const
    this.#processes.push(spawn(process.execPath, ['--import', 'tsx', file], options))
  }

  async close(): Promise<void> {
    for (const child of this.#processes) child.kill('SIGKILL')
    await rm(this.#copy, { recursive: true, force: true })
  }
}
