import type { WorkflowHandle } from '@temporalio/client'
import type { WatchOutcome } from '../client.ts'
import { CliError, exitCodes } from './exit.ts'
import { follow } from './follow.ts'
import { endingOf } from './outcome.ts'
import type { Ending } from './outcome.ts'
import { noWorker } from './temporal-errors.ts'
import type { Temporal } from './temporal.ts'
import { print, withTemporal } from './world.ts'
import type { OutputOptions, World } from './world.ts'

/** What a command starts, or attaches to. */
export interface Beginning {
  readonly workflowId: string
  /** What it is called: "The watch goes on". */
  readonly noun: 'watch' | 'execution'
  /** How to attach again. */
  readonly again: string
  /** Whether one that has ended is attached to as well; otherwise a new one is started then. */
  readonly isOnce: boolean
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
  const { workflowId, noun, again, isOnce } = beginning
  const earlier = await temporal.find(workflowId)
  const open = earlier?.isOpen ? earlier : undefined
  if (earlier && !open && isOnce) return endingOfEarlier(world, temporal, beginning)
  const taskQueue = open?.taskQueue ?? temporal.taskQueue
  const hasWorker = await temporal.hasWorker(taskQueue)
  if (!hasWorker && requireWorker) throw new CliError(exitCodes.unavailable, noWorker(taskQueue))
  if (!hasWorker) screen.say(`${noWorker(taskQueue)}. Waiting for it`)
  const handle = await temporal.ask(() => beginning.start(temporal))
  world.atCtrlC(`Stopped looking. The ${noun} goes on: ${workflowId}\nTo attach again: ${again}`)
  await showWhere(world, temporal, beginning)
  if (open) screen.say(`Attached: it is open since ${open.startTime.toISOString()}, and its own options hold`)
  return follow(temporal, handle, screen, { taskQueue, requireWorker, hasWorker, openSince: open?.startTime })
}

/** Needs no worker. */
async function endingOfEarlier(world: World, temporal: Temporal, beginning: Beginning): Promise<Ending> {
  const handle = await temporal.ask(() => beginning.start(temporal))
  await showWhere(world, temporal, beginning)
  world.screen.say(`It has ended already, and this is its outcome. For another run: another --id`)
  return temporal.ask(() => endingOf(handle))
}

async function showWhere({ screen }: World, temporal: Temporal, { noun, workflowId }: Beginning): Promise<void> {
  const name = noun === 'watch' ? 'Watch  ' : 'Execution'
  screen.say(`${name} ${workflowId}`)
  const link = await temporal.webUi(workflowId)
  if (link) screen.say(`${'Web UI'.padEnd(name.length)} ${link}`)
}
