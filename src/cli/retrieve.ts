import type { Command } from 'commander'
import type { RetrieveRunResultInput } from '../client.ts'
import { failureTypes } from '../domain/contract.ts'
import { parseRetrieveRunResultInput } from '../domain/parse-input.ts'
import { onOneLine } from '../domain/printable.ts'
import { print, requireValid, withTemporal } from './context.ts'
import type { CommandContext, OutputOptions } from './context.ts'
import { applicationFailureIn, CliError, exitCodes } from './exit.ts'
import { deploymentOption, jsonOption, retrievalOptions, runArgument, threadArgument } from './options.ts'
import { runArguments } from './run-of.ts'
import { readStored } from './stored-result.ts'

type RetrieveOptions = OutputOptions & Omit<RetrieveRunResultInput, 'threadId' | 'runId'>

export function addRetrieve(program: Command, context: CommandContext): void {
  const command = program
    .command('retrieve')
    .summary('print the result of a run that has ended')
    .description('Prints the result of a run that has ended. If it has not ended, it does not wait (exit code 3).')
    .addArgument(threadArgument())
    .addArgument(runArgument())
    .addOption(deploymentOption())
  for (const option of retrievalOptions()) command.addOption(option)
  command
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((threadId: string, runId: string, options: RetrieveOptions) => retrieve(context, threadId, runId, options))
}

async function retrieve(
  context: CommandContext,
  threadId: string,
  runId: string,
  options: RetrieveOptions,
): Promise<void> {
  const { json: _, ...rest } = options
  const input = { threadId, runId, ...rest }
  requireValid('retrieve', parseRetrieveRunResultInput(input))
  try {
    const { value, nextStep, isUnread } = await withTemporal(context, async (temporal) =>
      readStored(temporal, await temporal.byWorker(() => temporal.runs.retrieve(input))),
    )
    print(context, value, options)
    if (nextStep) context.screen.say(nextStep)
    if (isUnread) context.endWith(exitCodes.noResults)
  } catch (error) {
    throw notComplete(error, input) ?? error
  }
}

/** Says how to wait for a run that has not ended. */
function notComplete(error: unknown, input: RetrieveRunResultInput): CliError | undefined {
  const failure = applicationFailureIn(error)
  if (failure?.type !== failureTypes.notComplete) return undefined
  const { status }: { readonly status?: unknown } = Object(failure.details?.[0])
  const message = `The run has not ended: its status is ${onOneLine(String(status))}. To wait for it: langgraph-runs watch ${runArguments(input)}`
  return new CliError(exitCodes.error, message)
}

const help = `
Examples:
  $ langgraph-runs retrieve THREAD RUN

  One field, as JSON:
  $ langgraph-runs retrieve THREAD RUN --result-keys trading_signal --json | jq .result

  Only from the run's checkpoints, and within 5 s:
  $ langgraph-runs retrieve THREAD RUN --retrieval-order thread_state --retrieval-timeout 5s`
