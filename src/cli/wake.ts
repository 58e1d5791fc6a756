import type { Command } from 'commander'
import { wakeSignalName } from '../domain/contract.ts'
import { withTemporal } from './context.ts'
import type { CommandContext } from './context.ts'
import { CliError, exitCodes, noWorkflow } from './exit.ts'
import type { FoundWorkflow } from './temporal-errors.ts'
import type { Temporal } from './temporal.ts'
import { addWhich, named, requireOurs, whichWatch } from './which-watch.ts'
import type { WatchByName, WhichOptions } from './which-watch.ts'

export function addWake(program: Command, context: CommandContext): void {
  const command = program
    .command('wake')
    .summary('make a watch look at its run now')
    .description(
      'Makes an open watch or execution poll LangGraph now, instead of at its next interval. Use it if you know that the run has changed, or that LangGraph answers again.',
    )
  addWhich(command)
    .addHelpText('after', help)
    .action((threadId: string | undefined, runId: string | undefined, options: WhichOptions) => {
      const which = whichWatch('wake', threadId, runId, options)
      return withTemporal(context, (temporal) => wake(context, temporal, which))
    })
}

async function wake({ screen }: CommandContext, temporal: Temporal, which: WatchByName): Promise<void> {
  const watch = await openWatch(temporal, which)
  await temporal.ask(() => temporal.handleOf(watch).signal(wakeSignalName))
  const hasWorker = await temporal.hasWorker(watch.taskQueue)
  screen.say(
    hasWorker
      ? `Woken. To see what it found: langgraph-runs status ${named(which)}`
      : `It is woken once a worker is running. ${temporal.noWorker(watch)}`,
  )
}

/** @throws CliError 3 if nothing is there to be woken */
async function openWatch(temporal: Temporal, which: WatchByName): Promise<FoundWorkflow> {
  const watch = await temporal.find(which.workflowId)
  if (!watch && which.run) {
    throw new CliError(exitCodes.error, `This run has no watch. To start one: langgraph-runs watch ${named(which)}`)
  }
  if (!watch) throw noWorkflow(which.workflowId)
  requireOurs(watch)
  if (watch.isOpen) return watch
  throw new CliError(
    exitCodes.error,
    `It has ended, so it polls no more: langgraph-runs status ${named(which)} shows how`,
  )
}

const help = `
Examples:
  $ langgraph-runs wake THREAD RUN
  $ langgraph-runs wake --id order/4711

  All that wait for a deployment which answers again:
  $ langgraph-runs list --state outage --limit 10000 --json | jq -r '.[].id' |
      while read -r ID; do langgraph-runs wake --id "$ID"; done

Exit codes: 0 woken, 3 there is no such open watch.`
