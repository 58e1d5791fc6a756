import { activityInfo } from '@temporalio/activity'
import type { CancelAction, CreateRunRequest, Creation, Later, StateNow } from '../domain/creation.ts'
import type { RetrievalRequest, Retrieved } from '../domain/retrieved.ts'
import type { Polled, RunRef } from '../domain/run.ts'
import type { Caller, Deployments, LangGraph, OwnValues } from '../langgraph/port.ts'
import { createRun } from './create-run.ts'
import { classified } from './failures.ts'
import { getRunStatus } from './get-run-status.ts'
import { retrieve } from './retrieve.ts'
import { scheduledAtMs, timed, withinTry } from './time-limit.ts'
import type { Timed } from './time-limit.ts'

export { createDeployments } from '../langgraph/deployments.ts'
export type { ServerConfig } from '../langgraph/server.ts'

export type Activities = ReturnType<typeof createActivities>

/** The activities of one worker, over the LangGraph servers that it may talk to. */
export function createActivities(deployments: Deployments) {
  return {
    async getRunStatus(run: RunRef): Promise<Polled> {
      const look = await onServer(run, (langGraph, signal) => getRunStatus(langGraph, run, signal))
      return { ...look, askedAtMs: scheduledAtMs() }
    },
    createRun(request: CreateRunRequest): Promise<Creation> {
      return onServer(request, (langGraph, signal) => createRun(langGraph, request, signal))
    },
    cancelRun({ action, ...run }: RunRef & { readonly action: CancelAction }): Promise<void> {
      return onServer(run, (langGraph, signal) => langGraph.cancelRun(run, action, signal))
    },
    /** What has become of a run that waits. */
    findLaterRun({ asked, ...run }: RunRef & { readonly asked: StateNow }): Promise<Later> {
      return onServer(run, (langGraph, signal) => langGraph.findLaterRun(run, asked, signal))
    },
    retrieveStreamValues(request: RetrievalRequest): Promise<Timed<Retrieved>> {
      return retrieveFrom(request, (langGraph, signal) => langGraph.readOwnStream(request, 'begin', signal))
    },
    retrieveThreadState(request: RetrievalRequest): Promise<Timed<Retrieved>> {
      return retrieveFrom(request, (langGraph, signal) => langGraph.readOwnState(request, signal))
    },
    retrieveJoinStream(request: RetrievalRequest): Promise<Timed<Retrieved>> {
      return retrieveFrom(request, (langGraph, signal) => langGraph.readOwnStream(request, 'now', signal))
    },
  }

  /** One try on one server, within the time that Temporal gives it. */
  function onServer<T>(
    { deployment }: { readonly deployment: string },
    work: (langGraph: LangGraph, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return classified(() => withinTry((signal) => work(deployments(deployment, caller()), signal)))
  }

  function retrieveFrom(
    request: RetrievalRequest,
    read: (langGraph: LangGraph, signal: AbortSignal) => Promise<OwnValues>,
  ): Promise<Timed<Retrieved>> {
    return timed(() =>
      onServer(request, (langGraph, signal) => retrieve(request.resultKeys, () => read(langGraph, signal))),
    )
  }
}

function caller(): Caller {
  const { namespace, taskQueue } = activityInfo()
  return { namespace, taskQueue }
}
