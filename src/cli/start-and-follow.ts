import { WorkflowNotFoundError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import type { WatchOutcome } from '../client.ts'
import { CliError, exitCodes } from './exit.ts'
import { follow } from './follow.ts'
import { endingOf } from './outcome.ts'
import type { Ending } from './outcome.ts'
import type { Temporal } from './temporal.ts'
import { requireOurs } from './which-watch.ts'
import { print, withTemporal } from './world.ts'
import type { OutputOptions, World } from './world.ts'

/** What a command starts, or attaches to. */
export interface Beginning {
  readonly workflowId: string
  /** What it is called: "The watch goes on". */
  readonly noun: 'watch' | 'execution'
  /** How to attach again. */
  readonly again: string
  /** What to do where one has ended already. */
  readonly ended: 'start anew' | 'print'
  /** Nothing is started. */
  readonly mustBeThere?: true
  start(temporal: Temporal): Promise<WorkflowHandle<() => Promise<WatchOutcome>>>
}

/** Starts it, follows it to its end, and prints how it ended. */
export async function startAndFollow(
  world: World,
  beginning: Beginning,
  options: OutputOptions & { readonly requireWorker?: boolean },
): Promise<void> {
  const { value, exitCode, nextStep } = await withTemporal(world, (temporal) =>
    endingAfter(world, temporal, beginning, options.requireWorker ?? false),
  )
  print(world, value, options)
  if (nextStep) world.screen.say(nextStep)
  world.endWith(exitCode)
}

async function endingAfter(
  world: World,
  temporal: Temporal,
  beginning: Beginning,
  requireWorker: boolean,
): Promise<Ending> {
  const { screen } = world
  const { workflowId, noun, again } = beginning
  const earlier = await temporal.find(workflowId)
  if (earlier) requireOurs(earlier)
  else if (beginning.mustBeThere) throw new WorkflowNotFoundError('not found', workflowId, undefined)
  const open = earlier?.isOpen ? earlier : undefined
  if (earlier && !open && beginning.ended === 'print') return endingOfEarlier(world, temporal, beginning)
  const hasWorker = await temporal.hasWorker(open?.taskQueue)
  if (!hasWorker && requireWorker) throw new CliError(exitCodes.unavailable, temporal.noWorker(open))
  if (!hasWorker) screen.say(`${temporal.noWorker(open)}. Waiting for it`)
  const handle = await temporal.ask(() => beginning.start(temporal))
  world.atCtrlC(`Stopped looking. The ${noun} goes on: ${workflowId}\nTo attach again: ${again}`)
  await showWhere(world, temporal, beginning)
  if (open) screen.say(`Attached: it is open since ${open.startTime.toISOString()}, and its own options hold`)
  return follow(temporal, handle, screen, { open, requireWorker, hasWorker })
}

/** Needs no worker. */
async function endingOfEarlier(world: World, temporal: Temporal, beginning: Beginning): Promise<Ending> {
  const handle = await temporal.ask(() => beginning.start(temporal))
  await showWhere(world, temporal, beginning)
  const another = beginning.mustBeThere ? '' : '. For another run: another --id'
  world.screen.say(`It has ended already, and this is its outcome${another}`)
  return temporal.ask(() => endingOf(temporal, handle))
}

async function showWhere({ screen }: World, temporal: Temporal, { noun, workflowId }: Beginning): Promise<void> {
  const name = noun === 'watch' ? 'Watch  ' : 'Execution'
  screen.say(`${name} ${workflowId}`)
  const link = await temporal.webUi(workflowId)
  if (link) screen.say(`${'Web UI'.padEnd(name.length)} ${link}`)
}
