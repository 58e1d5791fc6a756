import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { activityInfo, cancellationSignal, getClient, log } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { DeploymentReport, StoreReport, WebhookReport, WorkerReport } from '../domain/diagnosis.ts'
import { isRecord, messageOf, present } from '../domain/json.ts'
import { UnknownDeploymentError } from '../langgraph/deployments.ts'
import { LangGraphError } from '../langgraph/errors.ts'
import type { Caller, Deployments, LangGraph } from '../langgraph/port.ts'
import { withTimeout } from '../langgraph/with-timeout.ts'
import { textOf } from '../langgraph/wire.ts'
import { reportOn } from '../payloads/report.ts'
import type { ResultStore } from '../store/result-store.ts'
import { webhookUrl } from '../webhook/url.ts'
import type { WebhookReceiver } from '../webhook/url.ts'

const lookMs = 4000
const webhookMs = 3000
const storeMs = 5000
const nobody = '00000000-0000-0000-0000-000000000000'

interface Known {
  readonly deployments: Deployments
  readonly caller: Caller
  readonly keepsSearchAttributes: boolean
  readonly sweepIntervalMs: number | undefined
  readonly webhook: WebhookReceiver | undefined
  readonly resultStore: ResultStore | undefined
}

/** All looks at once: the slowest one decides how long it takes. */
export async function diagnose(known: Known): Promise<WorkerReport> {
  const { deployments, caller, keepsSearchAttributes, sweepIntervalMs, webhook, resultStore } = known
  const looks = (deployments.names ?? []).map((name) => lookAt(name, deployments, caller))
  const [version, called, store, ...found] = await Promise.all([
    packageVersion(),
    webhook && call(webhook, caller),
    resultStore && triedOut(resultStore),
    ...looks,
  ])
  return {
    host: hostname(),
    pid: process.pid,
    deployments: found.filter((one) => one !== undefined),
    search_attributes: keepsSearchAttributes,
    payloads: reportOn(getClient().options.loadedDataConverter.payloadCodecs),
    ...present({ version, sweep_interval_ms: sweepIntervalMs, webhook: called, store }),
  }
}

/** @returns `undefined` for a deployment of others */
async function lookAt(name: string, deployments: Deployments, caller: Caller): Promise<DeploymentReport | undefined> {
  try {
    const langGraph = deployments(name, caller)
    return await withTimeout(cancellationSignal(), lookMs, (signal) => report(name, langGraph, signal))
  } catch (error) {
    if (error instanceof UnknownDeploymentError) return undefined
    return { name, kind: 'unanswered', reason: reasonOf(error) }
  }
}

async function report(name: string, langGraph: LangGraph, signal: AbortSignal): Promise<DeploymentReport> {
  const look = await langGraph.firstLook(signal)
  return look.kind === 'ready' ? { name, ...look, ...(await sweepable(langGraph, signal)) } : { name, ...look }
}

async function sweepable(langGraph: LangGraph, signal: AbortSignal): Promise<{ readonly sweepable?: boolean }> {
  try {
    const { kind } = await langGraph.searchThreads([nobody], signal)
    return { sweepable: kind === 'found' }
  } catch (error) {
    if (error instanceof LangGraphError) return {}
    throw error
  }
}

/** The message of anything else may quote a URL or a body. */
function reasonOf(error: unknown): string {
  if (error instanceof LangGraphError) return error.message
  log.error('unforeseen error in a diagnosis', { name: error instanceof Error ? error.name : typeof error })
  return "unforeseen: see the worker's log"
}

/** Wakes the asking workflow, which ignores it: this shows that the receiver is up, has our secret, and reaches Temporal. */
async function call(webhook: WebhookReceiver, { namespace }: Caller): Promise<WebhookReport> {
  const { url, secret } = webhook
  const workflowId = activityInfo().workflowExecution?.workflowId ?? ''
  const address = webhookUrl({ baseUrl: url, secret, namespace, workflowId })
  try {
    const { status, body } = await withTimeout(cancellationSignal(), webhookMs, (signal) =>
      fetch(address, { method: 'POST', redirect: 'manual', signal }),
    )
    await body?.cancel()
    return { url, http_status: status }
  } catch (error) {
    cancellationSignal().throwIfAborted()
    log.info('the webhook receiver did not answer', { reason: messageOf(error) })
    return { url }
  }
}

/** What the store says is in words of our own, so it may be told. */
async function triedOut(store: ResultStore): Promise<StoreReport> {
  const report = { url: store.url, above_bytes: store.above }
  try {
    await withTimeout(cancellationSignal(), storeMs, (signal) => store.tryOut(signal))
    return report
  } catch (error) {
    cancellationSignal().throwIfAborted()
    if (error instanceof ApplicationFailure) return { ...report, error: error.message }
    log.error('unforeseen error of the result store', { name: error instanceof Error ? error.name : typeof error })
    return { ...report, error: "unforeseen: see the worker's log" }
  }
}

async function packageVersion(): Promise<string | undefined> {
  try {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
    const read: unknown = JSON.parse(text)
    return isRecord(read) ? textOf(read['version']) : undefined
  } catch {
    return undefined
  }
}
