import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client as LangGraphClient } from '@langchain/langgraph-sdk'
import { Client, Connection } from '@temporalio/client'
import { assert, vi } from 'vitest'
import { findTemporal, startTemporalProcess } from '../../dev/embedded-temporal.ts'
import type { TemporalProcess } from '../../dev/embedded-temporal.ts'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import type { LangGraphProcess } from '../../dev/langgraph-server.ts'
import { BackgroundRuns } from '../../src/client.ts'
import { pythonEnvironment } from '../support/installed.ts'
import { at } from './page.ts'

const exec = promisify(execFile)

interface Surroundings {
  readonly temporal: TemporalProcess
  readonly langGraph: LangGraphProcess
  readonly connection: Connection
  readonly folder: string
  readonly path: string
}

/**
 * Somebody who tries what a document says beside the demo's servers: with their addresses exported, and Temporal's CLI and a
 * Python environment at hand. The documents use the default task queue, so each reader has a Temporal server alone.
 */
export class Reader {
  readonly #have: Surroundings
  readonly #runs: BackgroundRuns

  static async open(): Promise<Reader> {
    const file = at('dev/trading-graph.mjs')
    const graphs = Object.fromEntries(['trading', 'approval', 'unsteady'].map((name) => [name, `${file}:${name}`]))
    const [temporal, langGraph, python, cli, folder] = await Promise.all([
      startTemporalProcess(),
      startLangGraphServer({ graphs }),
      pythonEnvironment('reader-python', at('examples/python/requirements.txt')),
      findTemporal('cli'),
      mkdtemp(join(tmpdir(), 'langgraph-background-runs-reader-')),
    ])
    await symlink(dirname(python), join(folder, '.venv'))
    const connection = await Connection.connect({ address: temporal.address })
    const path = [dirname(cli), python, process.env['PATH']].join(delimiter)
    return new Reader({ temporal, langGraph, connection, folder, path })
  }

  private constructor(have: Surroundings) {
    this.#have = have
    this.#runs = new BackgroundRuns(new Client({ connection: have.connection }))
  }

  get env(): Readonly<Record<string, string>> {
    const { temporal, langGraph, folder, path } = this.#have
    return { PATH: path, HOME: folder, TEMPORAL_ADDRESS: temporal.address, LANGGRAPH_API_URL: langGraph.url }
  }

  write(file: string, code: string): Promise<void> {
    return writeFile(join(this.#have.folder, file), code)
  }

  /** Runs commands in a shell. @returns what they print @throws if one fails */
  async shell(commands: string): Promise<string> {
    const options = { cwd: this.#have.folder, env: this.env, timeout: 45_000 }
    const { stdout } = await exec('sh', ['-ec', commands], options)
    return stdout
  }

  /** A run of the demo's graph `trading`. @returns its thread and its own id */
  async createRun(): Promise<[threadId: string, runId: string]> {
    const { threads, runs } = new LangGraphClient({ apiUrl: this.#have.langGraph.url, apiKey: null })
    const { thread_id } = await threads.create()
    const { run_id } = await runs.create(thread_id, 'trading', { input: { symbol: 'AAPL' } })
    return [thread_id, run_id]
  }

  async untilAsked(workflowId: string): Promise<void> {
    const isAsked = async () => assert.equal((await this.#runs.progress({ workflowId })).phase, 'interrupted')
    await vi.waitFor(isAsked, { timeout: 30_000, interval: 200 })
  }

  async close(): Promise<void> {
    const { temporal, langGraph, connection, folder } = this.#have
    await connection.close()
    await Promise.all([temporal.stop(), langGraph.stop(), rm(folder, { recursive: true })])
  }
}
