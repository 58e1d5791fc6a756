import type { DeploymentReport, WebhookReport, WorkerReport } from '../../domain/diagnosis.ts'
import { startWorker } from '../temporal-errors.ts'
import type { Temporal } from '../temporal.ts'
import type { Answer } from './ask-worker.ts'
import { failed, ok, warning } from './check.ts'
import type { Check } from './check.ts'

const name = 'a worker asked'

/** What a worker answered, or why none did. */
export function answered(answer: Answer, { taskQueue }: Temporal): readonly Check[] {
  switch (answer.kind) {
    case 'report':
      return ofReport(answer.report)
    case 'too_old': {
      const found = 'a worker took the question, but does not know it: deployments and webhook could not be looked at'
      const remedy =
        'update the worker to the version of this command line; a worker of your own re-exports all of langgraph-background-runs/workflows, and has all of its activities'
      return [warning(name, found, remedy)]
    }
    case 'silent': {
      const remedy = `see whether it still runs (one that stopped less than 70 s ago still counts as running) and what it logs; restart it, or ${startWorker(taskQueue)}`
      return [failed(name, 'no worker has answered in time', remedy)]
    }
    case 'unreadable':
      return [failed(name, 'a worker has answered, but its answer cannot be read here', answer.reason)]
    case 'failed':
      return [failed(name, `the worker failed: ${answer.reason}`, 'see its log')]
  }
}

function ofReport({ version, host, pid, deployments, webhook }: WorkerReport): readonly Check[] {
  const who = `${pid}@${host} answered, for all workers of its configuration${version === undefined ? '' : `; version ${version}`}`
  return [
    ok(name, who),
    ...(deployments.length > 0 ? deployments.map(ofDeployment) : [noDeployment]),
    ofWebhook(webhook),
  ]
}

const noDeployment = failed(
  'deployments',
  'the worker has no LangGraph server for this namespace and task queue',
  'set LANGGRAPH_API_URL or LANGGRAPH_DEPLOYMENTS on it; if it has some, see their `namespaces` and `taskQueues`; restart it',
)

function ofDeployment(found: DeploymentReport): Check {
  const check = `deployment ${found.name}`
  switch (found.kind) {
    case 'refused':
      return failed(check, found.reason, `${keyOf(found.name)} on the worker, and restart it`)
    case 'unanswered':
      return failed(
        check,
        found.reason,
        `start the server; if it runs, correct ${urlOf(found.name)} on the worker, and restart it`,
      )
    case 'ready':
      return ofReady(check, found)
  }
}

function ofReady(check: string, found: DeploymentReport & { readonly kind: 'ready' }): Check {
  const { version, language, sweepable } = found
  if (version === undefined && sweepable !== true && language === undefined) {
    const remedy = `if it is not one, correct ${urlOf(found.name)} on the worker, and restart it`
    return warning(check, 'answers and refuses no key, but nothing shows that it is a LangGraph server', remedy)
  }
  const what = ['LangGraph', ...(version ? [version] : []), ...(language ? [`(${language})`] : [])].join(' ')
  const sweeps = sweepable === true ? 'can be swept' : 'cannot be swept, so watches poll at their own interval'
  return ok(check, `answers, the key is accepted; ${what}; ${sweeps}`)
}

function ofWebhook(webhook: WebhookReport | undefined): Check {
  const check = 'webhook'
  if (!webhook) return ok(check, 'off: WEBHOOK_URL is not set on the worker')
  const { url, http_status: status } = webhook
  const remedy = "compare WEBHOOK_URL and WEBHOOK_SECRET of the worker with the receiver's"
  switch (status) {
    case 202:
      return ok(check, `${url} has taken a wake from the worker; whether LangGraph reaches it, only LangGraph can tell`)
    case 401:
      return failed(
        check,
        `${url} refuses the worker's addresses`,
        'set the same WEBHOOK_SECRET on the workers and the receiver, and restart them',
      )
    case 404:
      return failed(
        check,
        `${url} serves another Temporal namespace, or is not the receiver`,
        `${remedy}, and TEMPORAL_NAMESPACE`,
      )
    case 503:
      return failed(
        check,
        `the receiver at ${url} could not tell Temporal`,
        "check the receiver's TEMPORAL_* and its log",
      )
    case undefined:
      return failed(
        check,
        `${url} does not answer the worker`,
        'start the receiver (`node dist/webhook.js`), or correct WEBHOOK_URL on the worker',
      )
    default:
      return failed(check, `${url} answers HTTP ${status}`, `is it the receiver, without a redirect? ${remedy}`)
  }
}

function keyOf(deployment: string): string {
  return deployment === 'default'
    ? 'set LANGGRAPH_API_KEY (or LANGGRAPH_HEADERS)'
    : `set the key (\`apiKeyEnv\`) or the headers of "${deployment}" in LANGGRAPH_DEPLOYMENTS`
}

function urlOf(deployment: string): string {
  return deployment === 'default' ? 'LANGGRAPH_API_URL' : `the url of "${deployment}" in LANGGRAPH_DEPLOYMENTS`
}
