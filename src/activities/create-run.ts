import { activityInfo, log } from '@temporalio/activity'
import { v5 as uuidV5 } from 'uuid'
import { isContinuation } from '../domain/creation.ts'
import type { CreateRunRequest, Creation } from '../domain/creation.ts'
import { present } from '../domain/json.ts'
import type { LangGraph, WakeAddress } from '../langgraph/port.ts'
import { pathBeforeToken, webhookUrl } from '../webhook/url.ts'
import type { WebhookReceiver } from '../webhook/url.ts'
import { requireAwaited } from './awaited.ts'
import { onThread } from './missing-thread.ts'
import { requestHash } from './request-hash.ts'

/** One try to create a run, on the given thread or on one that only this workflow has. */
export function createRun(
  langGraph: LangGraph,
  request: CreateRunRequest,
  webhook: WebhookReceiver | undefined,
  signal: AbortSignal,
): Promise<Creation> {
  const threadId = request.threadId ?? derivedThreadId(request.deployment)
  const mark = isContinuation(request.run) ? {} : { requestHash: requestHash(request) }
  const wake = webhook && wakeAddress(webhook, request.deployment)
  const isOwnThread = request.threadId === undefined
  const asked = { ...request, threadId, isOwnThread, ...mark, ...present({ wake }), requireAwaited }
  const create = () => langGraph.tryToCreate(asked, signal)
  return isContinuation(request.run) ? onThread(langGraph, threadId, signal, create) : create()
}

/** The same for every try of a workflow, and for no other workflow. */
function derivedThreadId(deployment: string): string {
  const { workflowNamespace, workflowExecution } = activityInfo()
  return uuidV5([workflowNamespace, deployment, workflowExecution?.workflowId].join('/'), uuidV5.URL)
}

function wakeAddress({ url: baseUrl, secret }: WebhookReceiver, deployment: string): WakeAddress | undefined {
  const { workflowNamespace: namespace, workflowExecution } = activityInfo()
  if (namespace === undefined || !workflowExecution) return undefined
  const { workflowId } = workflowExecution
  return {
    url: webhookUrl({ baseUrl, secret, namespace, workflowId }),
    path: pathBeforeToken(namespace, workflowId),
    refused: (reason) => log.warn('deployment refuses the address in WEBHOOK_URL', { deployment, reason }),
  }
}
