import { randomUUID } from 'node:crypto'
import { Argument, Option } from 'commander'
import type { Command } from 'commander'
import type { ExecuteRunInput } from '../client.ts'
import { requireSameRequest } from '../client/same-request.ts'
import { parseExecuteRunInput } from '../domain/parse-input.ts'
import { requireValid } from './context.ts'
import type { CommandContext } from './context.ts'
import { jsonTextHelp, readJson } from './json-text.ts'
import { deploymentOption, namesOrAll, numeric } from './options.ts'
import { quoted } from '../domain/printable.ts'
import { startAndFollow } from './start-and-follow.ts'
import type { Attachable } from './start-and-follow.ts'
import { addWaitingOptions, waitingInput } from './waiting-options.ts'
import type { WaitingOptions } from './waiting-options.ts'
import { acceptedId } from './which-watch.ts'

interface JsonTexts {
  readonly input?: string
  readonly command?: string
  readonly config?: string
  readonly context?: string
  readonly metadata?: string
}

type ExecuteOptions = WaitingOptions &
  Omit<ExecuteRunInput, 'assistantId' | 'pollInterval' | 'retry' | keyof JsonTexts> &
  JsonTexts & { readonly id?: string }

export function addExecute(program: Command, context: CommandContext): void {
  const command = program
    .command('execute')
    .summary('create a run, exactly once, then print its result')
    .description(
      'Creates a run, exactly once for its --id, and waits for the outcome. If the --id exists already, it attaches to it, open or ended.\nCtrl-C detaches; the execution keeps running, and the same command with --id attaches again.',
    )
    .addArgument(new Argument('<assistant>', 'id of an assistant, or name of a graph'))
    .option('--input <json>', `the input of the graph: ${jsonTextHelp}`)
    .option('--id <workflow-id>', 'the idempotency key: one run for each (default: execute-run/ and a new UUID)')
    .option('--thread-id <uuid>', 'the thread, created if it does not exist (default: a new one)')
    .addOption(deploymentOption())
    .addOption(
      new Option('--command <json>', '{ resume }, { update } or { goto }, instead of an input').conflicts('input'),
    )
    .option('--config <json>', 'as LangGraph takes it')
    .option('--context <json>', 'as LangGraph takes it')
    .option('--metadata <json>', 'of the run')
    .option('--interrupt-before <names>', "breakpoints: nodes such as a,b, or '*'", namesOrAll)
    .option('--interrupt-after <names>', "breakpoints: nodes such as a,b, or '*'", namesOrAll)
    .addOption(
      new Option('--durability <what>', 'when LangGraph writes checkpoints').choices(['sync', 'async', 'exit']),
    )
    .option('--stream-resumable', "keep the run's stream, so that stream_values finds the result")
    .addOption(
      new Option(
        '--multitask-strategy <what>',
        'if another run is running on the thread (default: reject, which waits for it within --max-poll-time)',
      ).choices(['reject', 'enqueue', 'interrupt', 'rollback']),
    )
    .option('--after-seconds <n>', 'the run starts that much later', numeric('a number of seconds'))
    .option('--webhook <url>', 'LangGraph calls it when the run has ended')
  addWaitingOptions(command, 'cancel_run')
    .addHelpText('after', help)
    .action((assistantId: string, options: ExecuteOptions) => execute(context, assistantId, options))
}

async function execute(context: CommandContext, assistantId: string, options: ExecuteOptions): Promise<void> {
  const { id, input: inputText, command, config, context: contextText, metadata, ...rest } = options
  const workflowId = acceptedId(id ?? `execute-run/${randomUUID()}`)
  const again = `--id ${quoted(workflowId)}`
  const texts = await readJson(context, { input: inputText, command, config, context: contextText, metadata })
  const input: unknown = { assistantId, ...waitingInput(rest), ...texts }
  requireValid('execute', parseExecuteRunInput(input))
  if (id === undefined) {
    context.screen.say(`The id is the idempotency key: the same command with ${again} creates no second run`)
  }
  const attachable: Attachable = {
    workflowId,
    noun: 'execution',
    again: `the same command with ${again}, or langgraph-runs watch ${again}`,
    ended: 'print',
    verify: ({ client }) => requireSameRequest(client, workflowId, input),
    // Its parser has just accepted it.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    start: ({ runs }) => runs.startExecution(workflowId, input as ExecuteRunInput),
  }
  await startAndFollow(context, attachable, options)
}

const help = `
JSON is given as a text, as @FILE, or as - for stdin. A duration has a unit: 30s, 10m, 2h, 1d.

Examples:
  A run on a thread of its own:
  $ langgraph-runs execute trading --input '{"symbol": "AAPL"}'

  One run for an order, however often this is called:
  $ langgraph-runs execute trading --input @order.json --id order/4711/analysis

  On an existing thread, after the run that is running on it:
  $ langgraph-runs execute trading --input '{"symbol": "MSFT"}' --thread-id THREAD --max-poll-time 1h

  With a human, who answers with \`langgraph-runs resume --id order/4712\`:
  $ langgraph-runs execute approval --input - --id order/4712 --on-interrupt wait < order.json

  Continued from where it failed, up to 4 times, unless the error would be the same again:
  $ langgraph-runs execute trading --input @order.json --retry-attempts 5 --retry-non-retryable-errors ValueError

  Start it, and come back later:
  $ ID=$(langgraph-runs execute trading --input @order.json --detach)
  $ langgraph-runs watch --id "$ID"

  Its result in a script:
  $ langgraph-runs execute trading --input '{"symbol": "AAPL"}' --json | jq .result`
