import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { inject } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { payloadOptions } from '../support/encryption.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'
import { json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'
import { CliProcess } from './cli-process.ts'
import type { Environment } from './cli-process.ts'
import { startWorker } from './worker.ts'

/** LangGraph servers beside the shared one: their answers, or their address. */
type Servers = Readonly<Record<string, ((server: ScriptedLangGraph) => unknown) | string>>

/** Commands in processes of their own, a worker in this one, and clients to see what the commands do. */
export class CliStage {
  readonly client: Client
  readonly runs: BackgroundRuns
  readonly taskQueue = randomUUID()
  readonly langGraph = new LangGraphRuns(inject('langGraphUrl'))
  /** As a worker knows them. */
  servers: readonly { readonly name: string; readonly url: string }[] = []
  readonly #cleanUps: (() => Promise<unknown>)[] = []

  /** The shared LangGraph server is `default`; `endless` is one whose runs never end. */
  static async open(servers: Servers = {}): Promise<CliStage> {
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
    })
    const stage = new CliStage(await Connection.connect({ address: inject('temporalAddress') }))
    await stage.#start({ endless, ...servers })
    return stage
  }

  private constructor(connection: Connection) {
    this.client = new Client({ connection, ...payloadOptions })
    this.runs = new BackgroundRuns(this.client, { taskQueue: this.taskQueue })
  }

  start(args: readonly string[], env: Environment = {}): CliProcess {
    return CliProcess.start(args, { TEMPORAL_TASK_QUEUE: this.taskQueue, ...env })
  }

  runToEnd(args: readonly string[], env?: Environment): CliProcess['ended'] {
    return this.start(args, env).ended
  }

  onTerminal(args: readonly string[], env: Environment = {}): CliProcess {
    return CliProcess.onTerminal(args, { TEMPORAL_TASK_QUEUE: this.taskQueue, ...env })
  }

  atEnd(cleanUp: () => Promise<unknown>): void {
    this.#cleanUps.push(cleanUp)
  }

  async close(): Promise<void> {
    await CliProcess.killAll()
    for (const cleanUp of this.#cleanUps) await cleanUp()
    await this.client.connection.close()
  }

  async #start(servers: Servers): Promise<void> {
    const stops: (() => Promise<unknown>)[] = []
    this.servers = await Promise.all(
      Object.entries(servers).map(async ([name, answersOrUrl]) => {
        if (typeof answersOrUrl === 'string') return { name, url: answersOrUrl }
        const server = await ScriptedLangGraph.start()
        answersOrUrl(server)
        stops.push(() => server.stop())
        return { name, url: server.url }
      }),
    )
    this.#cleanUps.push(await startWorker(this.taskQueue, this.servers), ...stops)
  }
}

function endless(server: ScriptedLangGraph): void {
  server.on('run', json({ status: 'running', updated_at: '2026-01-01T00:00:00Z' }))
}

export const unknownRun = (): Ids => ({ threadId: randomUUID(), runId: randomUUID() })
export const named = ({ threadId, runId }: Ids): string[] => [threadId, runId]

/** A run whose status stays `running`: the arguments for it, and the id of its watch. */
export function endlessRun(): { args: string[]; workflowId: string } {
  const run = { ...unknownRun(), deployment: 'endless' }
  return { args: [...named(run), '--deployment', 'endless'], workflowId: watchWorkflowId(run) }
}

/** The environment of a task queue without a worker. */
export const noWorker = (): { readonly TEMPORAL_TASK_QUEUE: string } => ({ TEMPORAL_TASK_QUEUE: randomUUID() })

export const execute = (graph: string, input: object, ...more: readonly string[]): string[] =>
  ['execute', graph, '--input', JSON.stringify(input), '--poll-interval', '1s', '--json'].concat(more)
