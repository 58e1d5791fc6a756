import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startTemporalProcess } from '../../dev/embedded-temporal.ts'

/** A Temporal dev server that keeps everything on disk. */
export interface ChaosTemporal {
  readonly address: string
  /** Kills it, and starts it again after a while. */
  restart(downMs: number): Promise<void>
  stop(): Promise<void>
}

export async function startTemporal(): Promise<ChaosTemporal> {
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-chaos-'))
  const databaseFile = join(folder, 'temporal.db')
  let server = await startTemporalProcess({ databaseFile })
  const { address } = server
  return {
    address,
    async restart(downMs) {
      await server.stop()
      await pause(downMs)
      server = await startTemporalProcess({ databaseFile, port: Number(address.split(':')[1]) })
    },
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true })
    },
  }
}
