import type { RetrievalRequest, Retrieved } from '../domain/retrieved.ts'
import type { RunLook, RunRef } from '../domain/run.ts'
import type { Deployments, LangGraph, OwnValues } from '../langgraph/port.ts'
import { classified } from './failures.ts'
import { getRunStatus } from './get-run-status.ts'
import { retrieve } from './retrieve.ts'
import { timeLimit } from './time-limit.ts'

export { createDeployments } from '../langgraph/deployments.ts'
export type { ServerConfig } from '../langgraph/server.ts'

export type Activities = ReturnType<typeof createActivities>

/** The activities of one worker, over the LangGraph servers that it may talk to. */
export function createActivities(deployments: Deployments) {
  return {
    getRunStatus(run: RunRef): Promise<RunLook> {
      return classified(() => getRunStatus(deployments(run.deployment), run))
    },
    retrieveStreamValues(request: RetrievalRequest): Promise<Retrieved> {
      return retrieveFrom(request, (langGraph, signal) => langGraph.readOwnStream(request, 'begin', signal))
    },
    retrieveThreadState(request: RetrievalRequest): Promise<Retrieved> {
      return retrieveFrom(request, (langGraph, signal) => langGraph.readOwnState(request, signal))
    },
    retrieveJoinStream(request: RetrievalRequest): Promise<Retrieved> {
      return retrieveFrom(request, (langGraph, signal) => langGraph.readOwnStream(request, 'now', signal))
    },
  }

  function retrieveFrom(
    { deployment, resultKeys }: RetrievalRequest,
    read: (langGraph: LangGraph, signal: AbortSignal) => Promise<OwnValues>,
  ): Promise<Retrieved> {
    return classified(() => retrieve(resultKeys, () => read(deployments(deployment), timeLimit())))
  }
}
