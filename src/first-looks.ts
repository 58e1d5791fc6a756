import { Runtime } from '@temporalio/worker'
import { messageOf } from './domain/json.ts'
import { createDeployments } from './langgraph/deployments.ts'
import type { ServerConfig } from './langgraph/server.ts'

const lookMs = 5000

type Deployments = ReturnType<typeof createDeployments>

/**
 * Looks once at each deployment, and logs what it found. Nothing waits for it: a server that is down now may be up when a
 * run needs it.
 *
 * @returns ends the looks that are not done
 */
export function logFirstLooks(servers: readonly ServerConfig[]): () => void {
  const ended = new AbortController()
  const deployments = createDeployments(servers)
  for (const { name } of servers) void logFirstLook(name, deployments, ended.signal)
  return () => ended.abort()
}

async function logFirstLook(deployment: string, deployments: Deployments, ended: AbortSignal): Promise<void> {
  const { logger } = Runtime.instance()
  try {
    const look = await deployments(deployment).firstLook(AbortSignal.any([ended, AbortSignal.timeout(lookMs)]))
    switch (look.kind) {
      case 'ready':
        return logger.info('deployment ready', { deployment, version: look.version })
      case 'refused':
        return logger.warn('deployment refuses the API key', { deployment, reason: look.reason })
      case 'unanswered':
        return logger.warn('deployment does not answer', { deployment, reason: look.reason })
    }
  } catch (error) {
    // Whatever it is, the worker runs on.
    if (!ended.aborted) logger.warn('deployment does not answer', { deployment, reason: messageOf(error) })
  }
}
