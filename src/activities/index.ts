import type { CancelAction, CreateRunRequest, Creation, LaterRun, RunIsGone } from '../domain/creation.ts'
import type { RetrievalRequest, Retrieved } from '../domain/retrieved.ts'
import type { RunLook, RunRef } from '../domain/run.ts'
import type { Deployments, LangGraph, OwnValues } from '../langgraph/port.ts'
import { createRun, laterRun } from './create-run.ts'
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
    createRun(request: CreateRunRequest): Promise<Creation> {
      return classified(() => createRun(deployments(request.deployment), request))
    },
    cancelRun({ action, ...run }: RunRef & { readonly action: CancelAction }): Promise<void> {
      return classified(() => deployments(run.deployment).cancelRun(run, action, timeLimit()))
    },
    /** The run that came next on the thread; null where none did. */
    findLaterRun(run: RunRef): Promise<LaterRun | RunIsGone | null> {
      return classified(async () => {
        const limit = timeLimit()
        const langGraph = deployments(run.deployment)
        const runs = await langGraph.listRuns(run.threadId, limit)
        return (await laterRun(langGraph, runs, run, limit)) ?? null
      })
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
