import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addCancel } from './cancel.ts'
import { addDemo } from './demo.ts'
import { addExecute } from './execute.ts'
import { asCliError, exitCodes } from './exit.ts'
import { addList } from './list.ts'
import { addResume } from './resume.ts'
import { addRetrieve } from './retrieve.ts'
import { addStatus } from './status.ts'
import { addWatch } from './watch.ts'
import type { Surroundings } from './world.ts'

const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)

/** Runs one command. @returns the exit code */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { screen, print } = surroundings
  let exitCode: number = exitCodes.result
  const world = {
    ...surroundings,
    endWith: (code: number) => {
      exitCode = code
    },
  }
  const program = new Command('langgraph-runs')
    .description('Creates LangGraph background runs on Temporal, waits for them, and brings back their results.')
    .configureOutput({ writeOut: (text) => print(text.trimEnd()), writeErr: (text) => screen.say(text.trimEnd()) })
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('(--help shows what there is, with examples)')
    .exitOverride()
    .version(version, '--version', 'print the version')
    .addHelpText('after', help)
  for (const add of [addWatch, addExecute, addRetrieve, addStatus, addCancel, addResume, addList, addDemo]) {
    add(program, world)
  }
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    // Its sentence was written by commander.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.result : exitCodes.usage
    const { message, exitCode: code } = asCliError(error)
    screen.say(`error: ${message}`)
    return code
  }
}

const help = `
Examples:
  $ langgraph-runs watch THREAD RUN                wait for a run; Ctrl-C leaves the watch at work
  $ langgraph-runs watch THREAD RUN --json | jq .result
  $ langgraph-runs execute GRAPH --input '{"a": 1}' --id ORDER
                                                   create a run, once for that id, and wait for it
  $ langgraph-runs status THREAD RUN               how far is it, or how did it end?
  $ langgraph-runs list                            what is being watched, and who waits for a human?
  $ langgraph-runs watch --id ORDER                follow an execution that is there
  $ langgraph-runs resume THREAD RUN               answer the question that a run waits with
  $ langgraph-runs cancel THREAD RUN
  $ langgraph-runs watch --help                    all its options

stdout holds the outcome alone; progress and errors go to stderr. (demo has no outcome: it writes to stdout.)

Environment:
  TEMPORAL_ADDRESS      host and port of Temporal (default: localhost:7233)
  TEMPORAL_NAMESPACE    its namespace (default: default)
  TEMPORAL_API_KEY, TEMPORAL_TLS, TEMPORAL_TLS_*
                        for Temporal Cloud, or a server with TLS
  TEMPORAL_PROFILE      a profile of Temporal's configuration file, instead of all these
  TEMPORAL_TASK_QUEUE   the workers' task queue (default: langgraph-runs)
  NO_COLOR              no colours

Exit codes:
    0  a result
    1  unforeseen
    2  success, but no result was found
    3  error: the run or its workflow failed or is not there; for retrieve also: the run has not ended
    4  timeout: LangGraph's own, or --max-poll-time
    5  interrupted: the run waits for a human, or was cancelled
   64  wrong usage, input or configuration; an --id that belongs to another request
   69  Temporal does not answer in 5 s, or no worker is there
  130  Ctrl-C: the watch goes on

Of cancel and resume: 0 it is done, 3 it is not, or could not be confirmed.`
