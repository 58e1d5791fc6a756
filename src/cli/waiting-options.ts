import { Option } from 'commander'
import type { Command } from 'commander'
import type { WatchRunInput } from '../client.ts'
import { duration, jsonOption, numeric, retrievalOptions } from './options.ts'
import type { OutputOptions } from './world.ts'

/** How to wait, of `watch` and `execute`: what nests in `pollInterval` has options of its own. */
export interface WaitingOptions extends OutputOptions, Omit<WatchRunInput, 'threadId' | 'runId' | 'pollInterval'> {
  readonly pollInterval?: string
  readonly initialInterval?: string
  readonly backoffCoefficient?: number
  readonly maximumInterval?: string
  readonly requireWorker?: boolean
}

const growing = ['initialInterval', 'backoffCoefficient', 'maximumInterval'] as const

/** @param onCancel the command's own default of `--on-cancel` */
export function addWaitingOptions(command: Command, onCancel: 'leave' | 'cancel_run'): Command {
  const whatBecomesOfTheRun = ['leave', 'cancel_run']
  command
    .addOption(
      new Option('--poll-interval <duration>', 'every sleep between polls alike, such as 5s')
        .argParser(duration)
        .conflicts([...growing]),
    )
    .option('--initial-interval <duration>', 'or growing sleeps: the first (default: 1s) …', duration)
    .option(
      '--backoff-coefficient <number>',
      '… by how much they grow, 1-10 (default: 1.5) …',
      numeric('a number from 1 to 10'),
    )
    .option('--maximum-interval <duration>', '… and the longest (default: 10s)', duration)
    .option('--max-poll-time <duration>', "how long to wait for the run, or 'none' (default: 10m)", duration)
    .option(
      '--stuck-after <duration>',
      'give the run up when LangGraph has not changed it for this long (default: never)',
      duration,
    )
    .addOption(
      new Option(
        '--on-interrupt <what>',
        "a run that waits for a human: 'return' ends with it, 'wait' waits for `langgraph-runs resume` (default: return)",
      ).choices(['return', 'wait']),
    )
    .option('--human-timeout <duration>', "how long to wait for a human, each time, or 'none' (default: 7d)", duration)
    .addOption(
      new Option(
        '--on-cancel <what>',
        `the run, when the workflow is cancelled in Temporal (default: ${onCancel})`,
      ).choices(whatBecomesOfTheRun),
    )
    .addOption(
      new Option(
        '--on-poll-timeout <what>',
        'the run, when it has not ended at --max-poll-time (default: leave)',
      ).choices(whatBecomesOfTheRun),
    )
  for (const option of retrievalOptions()) command.addOption(option)
  return command
    .addOption(
      new Option(
        '--on-unsuccessful <what>',
        'what becomes of the workflow without a result; the outcome is printed either way (default: return)',
      ).choices(['return', 'fail']),
    )
    .option('--require-worker', 'exit with 69, instead of waiting, while no worker is there')
    .addOption(jsonOption())
}

/** The fields of the input. */
export function waitingInput(options: WaitingOptions): Omit<WatchRunInput, 'threadId' | 'runId'> {
  const { json: _, requireWorker: __, initialInterval, backoffCoefficient, maximumInterval, ...rest } = options
  const pollInterval = {
    ...(initialInterval !== undefined && { initialInterval }),
    ...(backoffCoefficient !== undefined && { backoffCoefficient }),
    ...(maximumInterval !== undefined && { maximumInterval }),
  }
  return { ...(Object.keys(pollInterval).length > 0 && { pollInterval }), ...rest }
}
