import type { ServerConfig } from './client.ts'
import type { Deployments, LangGraph } from './port.ts'
import { Intake } from './intake.ts'
import { LangGraphServer } from './server.ts'

/** This worker's configuration has no deployment of that name. */
export class UnknownDeploymentError extends Error {
  override readonly name = 'UnknownDeploymentError'
}

/** The configured servers by name, each with a connection of its own. */
export function createDeployments(servers: readonly ServerConfig[]): Deployments {
  const intake = new Intake()
  const byName = new Map<string, LangGraph>(servers.map((server) => [server.name, new LangGraphServer(server, intake)]))
  return (name) => {
    const server = byName.get(name)
    if (server) return server
    const configured = [...byName.keys()].map((known) => `"${known}"`).join(', ')
    throw new UnknownDeploymentError(
      `Deployment "${name}" is not configured on this worker; configured: ${configured}. Name one of them, or add it to LANGGRAPH_DEPLOYMENTS on every worker of the task queue`,
    )
  }
}
