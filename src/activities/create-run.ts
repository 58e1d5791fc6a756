import { activityInfo } from '@temporalio/activity'
import { v5 as uuidV5 } from 'uuid'
import { isContinuation } from '../domain/creation.ts'
import type { CreateRunRequest, Creation } from '../domain/creation.ts'
import type { LangGraph } from '../langgraph/port.ts'
import { onThread } from './missing-thread.ts'
import { requestHash } from './request-hash.ts'

/** One try to create a run, on the given thread or on one that only this workflow has. */
export function createRun(langGraph: LangGraph, request: CreateRunRequest, signal: AbortSignal): Promise<Creation> {
  const threadId = request.threadId ?? derivedThreadId(request.deployment)
  const mark = isContinuation(request.run) ? {} : { requestHash: requestHash(request) }
  const asked = { ...request, threadId, isOwnThread: request.threadId === undefined, ...mark }
  const create = () => langGraph.tryToCreate(asked, signal)
  return isContinuation(request.run) ? onThread(langGraph, threadId, signal, create) : create()
}

/** The same for every try of a workflow, and for no other workflow. */
function derivedThreadId(deployment: string): string {
  const { workflowNamespace, workflowExecution } = activityInfo()
  return uuidV5([workflowNamespace, deployment, workflowExecution?.workflowId].join('/'), uuidV5.URL)
}
