import type { WorkflowClientInterceptor } from '@temporalio/client'
import { loadTracesConfig } from '../config.ts'
import type { Environment } from '../config.ts'
import type { ExportedTraces } from '../telemetry/trace-export.ts'

/** The traces that this command begins, if the environment says where to. */
export class CommandTraces {
  readonly #env: Environment
  #exported: ExportedTraces | undefined

  constructor(env: Environment) {
    this.#env = env
  }

  /** @throws ConfigError if a package is not installed */
  async begin(): Promise<WorkflowClientInterceptor | undefined> {
    if (!loadTracesConfig(this.#env)) return undefined
    const { exportTraces } = await import('../telemetry/trace-export.ts')
    this.#exported ??= await exportTraces({ isBrief: true })
    return this.#exported.client
  }

  /** Sends what has not been sent, within 2 s. */
  async end(): Promise<void> {
    await this.#exported?.end()
  }
}
