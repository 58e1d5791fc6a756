import { WorkflowNotFoundError } from '@temporalio/common'
import type { Command } from 'commander'
import type { WatchOutcome } from '../client.ts'
import { exitCodes } from './exit.ts'
import { jsonOption } from './options.ts'
import { endingOf } from './outcome.ts'
import type { Ending } from './outcome.ts'
import { waitsForHuman } from './question.ts'
import type { Temporal } from './temporal.ts'
import { addWhich, named, progressOf, requireOurs, whatIsAsked } from './which-watch.ts'
import type { Asked, WhichOptions } from './which-watch.ts'
import { print, withTemporal } from './world.ts'
import type { OutputOptions, World } from './world.ts'

type StatusOptions = OutputOptions & WhichOptions

export function addStatus(program: Command, world: World): void {
  const command = program
    .command('status')
    .summary('print how far a watch or an execution is, or how it ended')
    .description(
      'Prints how far the watch of a run is, or how it ended (with the exit code of that outcome).\nWithout a watch: one look at the run itself.',
    )
  addWhich(command)
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action(async (threadId: string | undefined, runId: string | undefined, options: StatusOptions) => {
      const asked = whatIsAsked('status', threadId, runId, options)
      const { value, exitCode, nextStep } = await withTemporal(world, (temporal) => statusOf(world, temporal, asked))
      print(world, value, options)
      if (nextStep) world.screen.say(nextStep)
      world.endWith(exitCode)
    })
}

/** A closed watch needs no worker. */
async function statusOf({ screen }: World, temporal: Temporal, asked: Asked): Promise<Ending> {
  const { workflowId, run } = asked
  const watch = await temporal.find(workflowId)
  if (!watch) {
    if (!run) throw new WorkflowNotFoundError('not found', workflowId, undefined)
    screen.say('No watch of this run. One look at the run itself:')
    const value = await temporal.byWorker(() => temporal.runs.readStatus(run))
    return { value, exitCode: exitCodes.result }
  }
  const link = await temporal.webUi(workflowId)
  if (link) screen.say(`Web UI  ${link}`)
  const handle = temporal.client.workflow.getHandle<() => Promise<WatchOutcome>>(workflowId)
  if (!watch.isOpen) return temporal.ask(() => endingOf(temporal, handle))
  requireOurs(watch)
  const value = await progressOf(temporal, watch)
  const nextStep = waitsForHuman(value) && `It waits for a human. To answer: langgraph-runs resume ${named(asked)}`
  return { value, exitCode: exitCodes.result, ...(nextStep && { nextStep }) }
}

const help = `
Examples:
  $ langgraph-runs status THREAD RUN
  $ langgraph-runs status --id watch-run/default/THREAD/RUN
  $ langgraph-runs status --id order/4711/analysis

  Has the watch ended? An open one has a phase, a closed one a polling_result:
  $ langgraph-runs status THREAD RUN --json | jq -r '.polling_result // .phase'`
