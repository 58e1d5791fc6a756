import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTemporalProcess } from '../../dev/embedded-temporal.ts'
import type { Database } from './options.ts'
import { Program } from './processes.ts'

export interface TemporalServer {
  readonly address: string
  readonly pid: number
  /** Of a database in a process of its own. */
  readonly databasePid?: number
  /** Rejects when it ends. */
  readonly died: Promise<never>
  stop(): Promise<void>
}

/** A fresh server for each contestant, so that none works through what another has left. */
export function startTemporal(database: Database): Promise<TemporalServer> {
  switch (database) {
    case 'memory':
      return startTemporalProcess()
    case 'file':
      return onFile()
    case 'postgres':
      return onPostgres()
  }
}

async function onFile(): Promise<TemporalServer> {
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-fleet-'))
  const server = await startTemporalProcess({ databaseFile: join(folder, 'temporal.db') })
  const stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  }
  return { ...server, stop }
}

async function onPostgres(): Promise<TemporalServer> {
  const program = Program.withInput('bash', [fileURLToPath(new URL('../postgres-temporal.sh', import.meta.url))])
  const ready = /serves at (\S+) \(process (\d+), database process (\d+)\)/
  const [, address = '', pid, databasePid] = await program.said(ready)
  const died = program.died()
  died.catch(() => undefined)
  return { address, pid: Number(pid), databasePid: Number(databasePid), died, stop: () => program.end() }
}
