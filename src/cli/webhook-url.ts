import type { Command } from 'commander'
import { loadWebhookUrlConfig } from '../config.ts'
import { webhookUrl } from '../webhook/url.ts'
import type { CommandContext } from './context.ts'
import { addWhich, whichWatch } from './which-watch.ts'
import type { WhichOptions } from './which-watch.ts'

export function addWebhookUrl(program: Command, context: CommandContext): void {
  const command = program
    .command('webhook-url')
    .summary('print the webhook address that wakes a watch')
    .description(
      'Prints the address at which the webhook receiver wakes a watch or an execution, which need not exist yet. Neither Temporal nor the receiver is asked.',
    )
  addWhich(command)
    .addHelpText('after', help)
    .action((threadId: string | undefined, runId: string | undefined, options: WhichOptions) => {
      const { workflowId } = whichWatch('webhook-url', threadId, runId, options)
      const { namespace, receiver } = loadWebhookUrlConfig(context.environment())
      const { url: baseUrl, secret } = receiver
      context.print(webhookUrl({ baseUrl, secret, namespace, workflowId }))
    })
}

const help = `
Examples:
  $ export WEBHOOK_URL=https://hooks.example.com WEBHOOK_SECRET="$(cat secret)"
  $ langgraph-runs webhook-url --id order/4711
  $ langgraph-runs webhook-url THREAD RUN
  $ curl -X POST "$(langgraph-runs webhook-url --id order/4711)"

Environment, beside TEMPORAL_NAMESPACE:
  WEBHOOK_URL     the URL at which LangGraph reaches the webhook receiver
  WEBHOOK_SECRET  the receiver's secret, at least 32 bytes`
