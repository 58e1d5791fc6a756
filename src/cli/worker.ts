import type { Command } from 'commander'
import { missingPackage } from '../missing-package.ts'
import type { CommandContext } from './context.ts'
import { endWithNpm } from './end-with-npm.ts'
import { CliError, exitCodes } from './exit.ts'

export function addWorker(program: Command, context: CommandContext): void {
  program
    .command('worker')
    .summary('run the worker')
    .description(
      'Runs the worker that carries out the workflows and talks to LangGraph. On SIGINT or SIGTERM it finishes in-flight work and exits within 15 s.',
    )
    .addHelpText('after', help)
    .action(async () => {
      endWithNpm()
      const { runWorker } = await readyWorker()
      // Temporal's runtime takes the signal.
      context.atCtrlC(undefined)
      await runWorker(context.environment())
    })
}

/** Loaded only here: a project that has the client alone has no native worker, and every other command works without. */
async function readyWorker() {
  try {
    return await import('../ready-worker.ts')
  } catch (error) {
    const missing = missingPackage(error)
    if (missing === undefined) throw error
    throw new CliError(
      exitCodes.usage,
      `The worker needs ${missing}, which a client alone does without. Install it: npm install --include=optional langgraph-background-runs @temporalio/client @temporalio/worker`,
    )
  }
}

const help = `
Examples:
  $ export LANGGRAPH_API_URL=http://127.0.0.1:2024
  $ langgraph-runs worker

Environment, beside Temporal's (langgraph-runs --help lists it):
  LANGGRAPH_API_URL      the LangGraph server of the deployment "default"
  LANGGRAPH_API_KEY      its API key
  LANGGRAPH_HEADERS      more headers for it, as JSON: header → a text or { "env": "NAME" }
  LANGGRAPH_DEPLOYMENTS  a JSON file with several servers: name → { "url", "apiKeyEnv"?, "headers"?, "linkTemplate"?,
                         "maxRequestsPerSecond"?, "namespaces"?, "taskQueues"? }
  SWEEP_INTERVAL         how often a sweep looks for ended runs: 2s by default, or none
  SEARCH_ATTRIBUTES      off: watches show themselves by their memo alone
  LANGSMITH_PROJECT_URL, LANGSMITH_STUDIO_URL
                         what the Web UI links to
  PAYLOAD_KEYS           encrypts what is sent to Temporal: id:base64 of 32 bytes[,…]
  DATA_CONVERTER         a module with a data converter of your own, instead
  RESULT_STORE           where large results are kept: file:///absolute/folder, or s3://bucket/prefix?…
  RESULT_STORE_ABOVE     results of more bytes are kept there: 1048576 by default
  WEBHOOK_URL, WEBHOOK_SECRET
                         the webhook receiver, which the runs that are created call
  NOTIFY_URL, NOTIFY_SECRET
                         who is notified of waiting humans, endings and outages
  LOG_FORMAT, LOG_LEVEL  json or text; trace, debug, info, warn or error
  METRICS_LISTEN         serves metrics for Prometheus there, such as 127.0.0.1:9464
  OTEL_EXPORTER_OTLP_ENDPOINT
                         where traces are sent
  TEMPORAL_DEPLOYMENT_NAME, TEMPORAL_WORKER_BUILD_ID
                         the version of this worker, for Temporal's worker deployments`
