import type { Command } from 'commander'
import type { RetrieveRunResultInput } from '../client.ts'
import { parseRetrieveRunResultInput } from '../domain/parse-input.ts'
import { asCliError, CliError } from './exit.ts'
import { deploymentOption, jsonOption, retrievalOptions, runArgument, threadArgument } from './options.ts'
import { runArguments } from './shell.ts'
import { print, requireValid, withTemporal } from './world.ts'
import type { OutputOptions, World } from './world.ts'

type RetrieveOptions = OutputOptions & Omit<RetrieveRunResultInput, 'threadId' | 'runId'>

export function addRetrieve(program: Command, world: World): void {
  const command = program
    .command('retrieve')
    .summary('print the result of a run that has ended')
    .description('Brings back the result of a run that has ended. It does not wait for one that has not (exit code 3).')
    .addArgument(threadArgument())
    .addArgument(runArgument())
    .addOption(deploymentOption())
  for (const option of retrievalOptions()) command.addOption(option)
  command
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((threadId: string, runId: string, options: RetrieveOptions) => retrieve(world, threadId, runId, options))
}

async function retrieve(world: World, threadId: string, runId: string, options: RetrieveOptions): Promise<void> {
  const { json: _, ...rest } = options
  const input = { threadId, runId, ...rest }
  requireValid('retrieve', parseRetrieveRunResultInput(input))
  try {
    const retrieved = await withTemporal(world, (temporal) => temporal.byWorker(() => temporal.runs.retrieve(input)))
    print(world, retrieved, options)
  } catch (error) {
    const { exitCode, message } = asCliError(error)
    throw new CliError(exitCode, message.replaceAll('watch THREAD RUN', `watch ${runArguments(input)}`))
  }
}

const help = `
Examples:
  $ langgraph-runs retrieve THREAD RUN

  One field, as JSON:
  $ langgraph-runs retrieve THREAD RUN --result-keys trading_signal --json | jq .result

  From the run's checkpoints alone, and within 5 s:
  $ langgraph-runs retrieve THREAD RUN --retrieval-order thread_state --retrieval-timeout 5s`
