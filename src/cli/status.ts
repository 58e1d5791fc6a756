import type { Command } from 'commander'
import { present } from '../domain/json.ts'
import { print, withTemporal } from './context.ts'
import type { CommandContext, OutputOptions } from './context.ts'
import { endingOf } from './ending.ts'
import type { Ending } from './ending.ts'
import { exitCodes, noWorkflow } from './exit.ts'
import { jsonOption } from './options.ts'
import { waitsForHuman } from './question.ts'
import type { Temporal } from './temporal.ts'
import { addWhich, lookAt, named, requireOurs, whichWatch } from './which-watch.ts'
import type { WatchByName, WhichOptions } from './which-watch.ts'

type StatusOptions = OutputOptions & WhichOptions

export function addStatus(program: Command, context: CommandContext): void {
  const command = program
    .command('status')
    .summary('print the progress of a watch or an execution, or how it ended')
    .description(
      'Prints the progress of the watch of a run, or how it ended (with the exit code of that outcome).\nIf no worker answers for it, it prints what is known without one (exit code 69).\nIf the run has no watch, it takes one look at the run itself.',
    )
  addWhich(command)
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (threadId: string | undefined, runId: string | undefined, options: StatusOptions) => {
      const which = whichWatch('status', threadId, runId, options)
      const { value, exitCode, nextStep } = await withTemporal(context, (temporal) =>
        statusOf(context, temporal, which),
      )
      print(context, value, options)
      if (nextStep) context.screen.say(nextStep)
      context.endWith(exitCode)
    })
}

/** A closed watch needs no worker, and an open one shows in its memo where it is. */
async function statusOf({ screen }: CommandContext, temporal: Temporal, which: WatchByName): Promise<Ending> {
  const { workflowId, run } = which
  const watch = await temporal.find(workflowId)
  if (!watch) {
    if (!run) throw noWorkflow(workflowId)
    screen.say('This run has no watch. One look at the run itself:')
    const value = await temporal.byWorker(() => temporal.runs.readStatus(run))
    return { value, exitCode: exitCodes.result }
  }
  if (!watch.isOpen) {
    sayLink(screen, temporal, workflowId)
    return temporal.ask(() => endingOf(temporal, temporal.handleOf(watch)))
  }
  requireOurs(watch)
  const look = await lookAt(temporal, watch)
  const toAnswer = `It waits for a human. To answer: langgraph-runs resume ${named(which)}`
  if (look.kind === 'progress') {
    sayLink(screen, temporal, workflowId)
    const nextStep = waitsForHuman(look.progress) ? toAnswer : undefined
    return { value: look.progress, exitCode: exitCodes.result, ...present({ nextStep }) }
  }
  const waits = look.seen.state === 'human' ? `\n${toAnswer}, which needs the worker` : ''
  return { value: look.seen, exitCode: exitCodes.unavailable, nextStep: `error: ${look.advice}${waits}` }
}

function sayLink(screen: CommandContext['screen'], temporal: Temporal, workflowId: string): void {
  const link = temporal.webUi(workflowId)
  if (link) screen.say(`Web UI  ${link}`)
}

const help = `
Examples:
  $ langgraph-runs status THREAD RUN
  $ langgraph-runs status --id watch-run/default/THREAD/RUN
  $ langgraph-runs status --id order/4711/analysis

  Has the watch ended? A closed one has a polling_result, an open one a state:
  $ langgraph-runs status THREAD RUN --json | jq -r '.polling_result // .state'`
