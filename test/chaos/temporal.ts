import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startTemporalProcess } from '../../dev/embedded-temporal.ts'
import type { TemporalProcess } from '../../dev/embedded-temporal.ts'
import { messageOf } from '../../src/domain/json.ts'

/** A Temporal dev server that keeps everything on disk. */
export interface ChaosTemporal {
  readonly address: string
  /** How often it has ended by itself, or did not get ready: what it said last. */
  readonly ended: readonly string[]
  /** Kills it, and starts it again after a while. */
  restart(downMs: number): Promise<void>
  stop(): Promise<void>
}

type Server = Pick<TemporalProcess, 'address' | 'died' | 'stop'>
type Start = (options: { readonly databaseFile: string; readonly port?: number }) => Promise<Server>

const beforeNextTryMs = 1000
const mostTries = 10

/** Starts it, and again on the same database whenever it ends by itself, as an operator's supervisor does. */
export async function startTemporal(start: Start = startTemporalProcess): Promise<ChaosTemporal> {
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-chaos-'))
  const databaseFile = join(folder, 'temporal.db')
  const first = await start({ databaseFile })
  const { address } = first
  const ended: string[] = []
  let isStopping = false
  let running = Promise.resolve(supervised(first))

  function supervised(server: Server): Server {
    server.died.catch((error: unknown) => {
      running = running.then((now) => (now === server && !isStopping ? afterEnd(error) : now))
      running.catch(() => undefined)
    })
    return server
  }

  async function afterEnd(error: unknown): Promise<Server> {
    ended.push(messageOf(error))
    return startAgain()
  }

  async function startAgain(): Promise<Server> {
    for (let left = mostTries; ; left -= 1) {
      try {
        return supervised(await start({ databaseFile, port: Number(address.split(':')[1]) }))
      } catch (error) {
        ended.push(messageOf(error))
        if (isStopping || left <= 1) throw error
      }
      await pause(beforeNextTryMs)
    }
  }

  async function killed(server: Server, downMs: number): Promise<Server> {
    await server.stop()
    await pause(downMs)
    return startAgain()
  }

  return {
    address,
    ended,
    async restart(downMs) {
      running = running.then((server) => killed(server, downMs))
      await running
    },
    async stop() {
      isStopping = true
      const server = await running.catch(() => undefined)
      await server?.stop()
      await rm(folder, { recursive: true })
    },
  }
}
