import type { RequestHeaders, ServerConfig } from './client.ts'
import type { Caller, Deployments } from './port.ts'
import { Intake } from './intake.ts'
import { LangGraphServer } from './server.ts'

/** This worker's configuration has no deployment of that name. */
export class UnknownDeploymentError extends Error {
  override readonly name = 'UnknownDeploymentError'
}

/**
 * The configured servers by name, each with a connection of its own.
 *
 * @param requestHeaders of every request, beside the configured ones: a trace
 */
export function createDeployments(servers: readonly ServerConfig[], requestHeaders?: RequestHeaders): Deployments {
  const intake = new Intake()
  const byName = new Map(
    servers.map((config) => {
      const server = new LangGraphServer(config, intake, requestHeaders)
      return [config.name, { config, server }] as const
    }),
  )
  const byNameFor = (name: string, caller?: Caller) => {
    const found = byName.get(name)
    if (found && mayUse(found.config, caller)) return found.server
    throw new UnknownDeploymentError(whyUnknown(name, servers))
  }
  return Object.assign(byNameFor, { names: servers.map(({ name }) => name) })
}

function mayUse({ namespaces, taskQueues }: ServerConfig, caller: Caller | undefined): boolean {
  if (!caller) return true
  return (namespaces?.includes(caller.namespace) ?? true) && (taskQueues?.includes(caller.taskQueue) ?? true)
}

/** If some deployments are not for everybody, nobody is told which ones exist, or whether one does. */
function whyUnknown(name: string, servers: readonly ServerConfig[]): string {
  if (servers.some(({ namespaces, taskQueues }) => namespaces ?? taskQueues)) {
    return `Deployment "${name}" is not configured on this worker for this namespace and task queue. Name another one, or add it to LANGGRAPH_DEPLOYMENTS on every worker of the task queue`
  }
  const configured = servers.map((known) => `"${known.name}"`).join(', ')
  return `Deployment "${name}" is not configured on this worker; configured: ${configured}. Name one of them, or add it to LANGGRAPH_DEPLOYMENTS on every worker of the task queue`
}
