import { Option } from 'commander'
import type { Command } from 'commander'
import type { Duration, RetryInput, WatchRunInput } from '../client.ts'
import { defaultHumanTimeout, defaultMaxPollTime, defaultPollInterval } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import type { OutputOptions } from './context.ts'
import { duration, jsonOption, numeric, retrievalOptions } from './options.ts'
import { addRetryOptions, splitRetry } from './retry-options.ts'
import type { RetryOptions } from './retry-options.ts'

type Named = Omit<WatchRunInput, 'threadId' | 'runId' | 'pollInterval' | 'retry'>

/** How to wait, for `watch`, `execute` and `retry`: the fields inside `pollInterval` and `retry` have their own options. */
export interface WaitingOptions extends OutputOptions, RetryOptions, Named {
  readonly pollInterval?: Duration
  readonly initialInterval?: Duration
  readonly backoffCoefficient?: number
  readonly maximumInterval?: Duration
  readonly requireWorker?: boolean
  readonly detach?: boolean
}

const growing = ['initialInterval', 'backoffCoefficient', 'maximumInterval'] as const

/**
 * @param onCancel the command's own default of `--on-cancel`
 * @param retry those of `--retry-…`
 */
export function addWaitingOptions(
  command: Command,
  onCancel: 'leave' | 'cancel_run',
  retry?: Partial<RetryInput>,
): Command {
  const whatBecomesOfTheRun = ['leave', 'cancel_run']
  const { initialInterval, backoffCoefficient, maximumInterval } = defaultPollInterval
  command
    .addOption(
      new Option('--poll-interval <duration>', 'one length for every sleep between polls, such as 5s')
        .argParser(duration)
        .conflicts([...growing]),
    )
    .option('--initial-interval <duration>', `or growing sleeps: the first (default: ${initialInterval}) …`, duration)
    .option(
      '--backoff-coefficient <number>',
      `… by how much they grow, 1-10 (default: ${backoffCoefficient}) …`,
      numeric('a number from 1 to 10'),
    )
    .option('--maximum-interval <duration>', `… and the longest (default: ${maximumInterval})`, duration)
    .option(
      '--max-poll-time <duration>',
      `how long to wait for the run, or 'none' (default: ${defaultMaxPollTime})`,
      duration,
    )
    .option(
      '--stuck-after <duration>',
      'give the run up if LangGraph has not changed it for this long (default: never)',
      duration,
    )
    .addOption(
      new Option(
        '--on-interrupt <what>',
        "if the run waits for a human: 'return' ends, 'wait' waits for `langgraph-runs resume` (default: return)",
      ).choices(['return', 'wait']),
    )
    .option(
      '--human-timeout <duration>',
      `how long to wait for a human, each time, or 'none' (default: ${defaultHumanTimeout})`,
      duration,
    )
    .addOption(
      new Option(
        '--on-cancel <what>',
        `what happens to the run if the workflow is cancelled in Temporal (default: ${onCancel})`,
      ).choices(whatBecomesOfTheRun),
    )
    .addOption(
      new Option(
        '--on-poll-timeout <what>',
        'what happens to the run if it has not ended at --max-poll-time (default: leave)',
      ).choices(whatBecomesOfTheRun),
    )
  addRetryOptions(command, retry)
  for (const option of retrievalOptions()) command.addOption(option)
  return command
    .addOption(
      new Option(
        '--on-unsuccessful <what>',
        'how the workflow ends without a result; the outcome is printed either way (default: return)',
      ).choices(['return', 'fail']),
    )
    .option('--require-worker', 'exit with 69 instead of waiting if no worker is running')
    .option('--detach', 'start it, print its workflow id, and do not wait')
    .addOption(jsonOption())
}

/** The fields of the input. */
export function waitingInput(options: WaitingOptions): Omit<WatchRunInput, 'threadId' | 'runId'> {
  const {
    json: _,
    requireWorker: __,
    detach: ___,
    initialInterval,
    backoffCoefficient,
    maximumInterval,
    ...rest
  } = options
  const { retry, others } = splitRetry(rest)
  const pollInterval = present({ initialInterval, backoffCoefficient, maximumInterval })
  return { ...(Object.keys(pollInterval).length > 0 && { pollInterval }), ...others, ...present({ retry }) }
}
