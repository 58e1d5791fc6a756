import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addCancel } from './cancel.ts'
import type { Environment } from '../config.ts'
import { present } from '../domain/json.ts'
import { addCompletion } from './completion.ts'
import type { CommandContext, Terminal } from './context.ts'
import { addDoctor } from './doctor.ts'
import { addExecute } from './execute.ts'
import { asCliError, exitCodes } from './exit.ts'
import { addList } from './list.ts'
import { addResume } from './resume.ts'
import { addRetry } from './retry.ts'
import { addRetrieve } from './retrieve.ts'
import { addStatus } from './status.ts'
import { addWake } from './wake.ts'
import { addWatch } from './watch.ts'
import { addWebhookUrl } from './webhook-url.ts'
import { addWorker } from './worker.ts'

const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)

const commands = [
  addWatch,
  addExecute,
  addRetrieve,
  addRetry,
  addStatus,
  addCancel,
  addResume,
  addWake,
  addList,
  addDoctor,
  addWebhookUrl,
  addWorker,
  addCompletion,
]

/** Runs one command. @returns the exit code */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { screen, print } = terminal
  let exitCode: number = exitCodes.result
  const program = new Command('langgraph-runs')
  const environment = () => ({ ...terminal.env, ...variablesOf(program.opts<GlobalOptions>()) })
  const context: CommandContext = {
    ...terminal,
    environment,
    connect: () => terminal.connect(environment()),
    endWith: (code: number) => {
      exitCode = code
    },
  }
  program
    .description('Creates LangGraph background runs on Temporal, waits for them, and prints their results.')
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: (text) => screen.say(text.trimEnd()) })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows all options, with examples)')
    .exitOverride()
    .version(version, '--version', 'print the version')
    .option('--address <host:port>', 'where Temporal is, instead of TEMPORAL_ADDRESS')
    .option('--namespace <name>', "Temporal's namespace, instead of TEMPORAL_NAMESPACE")
    .option('--task-queue <name>', "the workers' task queue, instead of TEMPORAL_TASK_QUEUE")
    .addHelpText('after', help)
  for (const add of commands) add(program, context)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    // Commander has already written its message.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.result : exitCodes.usage
    const { message, exitCode: code } = asCliError(error)
    screen.say(`error: ${message}`)
    return code
  }
}

interface GlobalOptions {
  readonly address?: string
  readonly namespace?: string
  readonly taskQueue?: string
}

function variablesOf({ address, namespace, taskQueue }: GlobalOptions): Environment {
  return present({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace, TEMPORAL_TASK_QUEUE: taskQueue })
}

const help = `
Examples:
  $ langgraph-runs watch THREAD RUN                wait for a run; Ctrl-C detaches
  $ langgraph-runs watch THREAD RUN --json | jq .result
  $ langgraph-runs execute GRAPH --input '{"a": 1}' --id ORDER
                                                   create a run, once for that id, and wait for it
  $ langgraph-runs status THREAD RUN               its progress, or how it ended
  $ langgraph-runs list                            what is being watched, and where it is
  $ langgraph-runs list --waiting                  what waits for a human, and what it asks
  $ langgraph-runs watch --id ORDER                follow an existing execution
  $ langgraph-runs resume THREAD RUN               answer the question that a run is waiting on
  $ langgraph-runs retry THREAD RUN                continue a failed run from where it failed
  $ langgraph-runs cancel THREAD RUN
  $ langgraph-runs doctor                          what is wrong with Temporal, the workers, LangGraph, and what to do
  $ langgraph-runs worker                          run the worker that does all this
  $ langgraph-runs watch --help                    all its options

stdout holds the outcome alone; progress and errors go to stderr.

Environment:
  TEMPORAL_ADDRESS      host and port of Temporal (default: localhost:7233)
  TEMPORAL_NAMESPACE    its namespace (default: default)
  TEMPORAL_API_KEY, TEMPORAL_TLS, TEMPORAL_TLS_*
                        for Temporal Cloud, or a server with TLS
  TEMPORAL_PROFILE      a profile of Temporal's configuration file, instead of all these
  TEMPORAL_TASK_QUEUE   the workers' task queue (default: langgraph-runs)
  TEMPORAL_UI_URL       its Web UI, for links (default: Temporal Cloud's, or that of a dev server on this machine)
  PAYLOAD_KEYS          keys of encrypted payloads, as the workers have them
  DATA_CONVERTER        a module with a data converter of your own, instead
  RESULT_STORE          the workers' result store, to print results that they keep there
  NO_COLOR              no colours

Exit codes:
    0  a result
    1  unforeseen
    2  success, but no result was found
    3  error: the run or its workflow failed or does not exist; for retrieve also: the run has not ended
    4  timeout: LangGraph's own, or --max-poll-time
    5  interrupted: the run waits for a human
    6  cancelled: the run was cancelled
   64  wrong usage, input or configuration; an --id that belongs to another request
   69  Temporal does not answer in 5 s, or no worker is running
  130  Ctrl-C: the watch keeps running

For cancel, resume and wake: 0 done, 3 not done or not confirmed. For doctor: 0 nothing failed, 1 something did.`
