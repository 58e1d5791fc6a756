import { Client, Connection } from '@temporalio/client'
import { BackgroundRuns } from '../client.ts'
import { loadTemporalConfig } from '../config.ts'
import type { Environment } from '../config.ts'
import { CliError, exitCodes } from './exit.ts'

const connectTimeout = '5s'
const localAddress = 'localhost:7233'

/** The command line's way to Temporal. */
export interface Temporal {
  readonly client: Client
  readonly runs: BackgroundRuns
  readonly taskQueue: string
  /** Where a person sees the workflow. */
  webUi(workflowId: string): string
  hasWorker(): Promise<boolean>
  close(): Promise<void>
}

/** @throws CliError 69 when Temporal does not answer in 5 s */
export async function connect(env: Environment): Promise<Temporal> {
  const { connect: config, taskQueue } = loadTemporalConfig(env)
  const { connectionOptions, namespace = 'default' } = config
  const address = connectionOptions.address ?? localAddress
  const connection = await Connection.connect({ ...connectionOptions, connectTimeout }).catch(() => {
    throw new CliError(
      exitCodes.unavailable,
      `Temporal does not answer at ${address}. Start it (\`temporal server start-dev\`), or set TEMPORAL_ADDRESS or TEMPORAL_PROFILE`,
    )
  })
  const client = new Client({ connection, namespace })
  return {
    client,
    taskQueue,
    runs: new BackgroundRuns(client, { taskQueue }),
    webUi: (workflowId) => `${webUiOf(address)}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`,
    async hasWorker() {
      const { pollers } = await connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        // WORKFLOW
        taskQueueType: 1,
      })
      return (pollers?.length ?? 0) > 0
    },
    close: () => connection.close(),
  }
}

/** Temporal Cloud's, or the dev server's: its port + 1000. */
function webUiOf(address: string): string {
  if (/\.(tmprl\.cloud|temporal\.io)(:\d+)?$/.test(address)) return 'https://cloud.temporal.io'
  const [host, port] = address.split(/:(?=\d+$)/)
  return `http://${host}:${Number(port ?? 7233) + 1000}`
}
