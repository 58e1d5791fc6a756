import { onOneLine } from '../domain/printable.ts'
import { print, withTemporal } from './context.ts'
import type { CommandContext, OutputOptions } from './context.ts'
import { endingOf, hasEndedWithoutRun } from './ending.ts'
import type { Ending } from './ending.ts'
import { CliError, exitCodes, noWorkflow } from './exit.ts'
import { follow } from './follow.ts'
import type { FoundWorkflow } from './temporal-errors.ts'
import type { Temporal, WatchHandle } from './temporal.ts'
import { requireOurs } from './which-watch.ts'

export interface Attachable {
  readonly workflowId: string
  /** As in "The watch is still running". */
  readonly noun: 'watch' | 'execution'
  readonly again: string
  /** What to do if one has ended already. */
  readonly ended: 'start again' | 'print'
  /** @throws if the id belongs to another request */
  readonly verify?: (temporal: Temporal) => Promise<void>
  /** Absent: nothing is started, and it must exist. */
  readonly start?: (temporal: Temporal) => Promise<WatchHandle>
}

/** Starts it, follows it to its end, and prints how it ended. */
export async function startAndFollow(
  context: CommandContext,
  attachable: Attachable,
  options: OutputOptions & { readonly requireWorker?: boolean },
): Promise<void> {
  const { value, exitCode, nextStep } = await withTemporal(context, (temporal) =>
    endingAfter(context, temporal, attachable, options.requireWorker ?? false),
  )
  print(context, value, options)
  if (nextStep) context.screen.say(nextStep)
  context.endWith(exitCode)
}

async function endingAfter(
  context: CommandContext,
  temporal: Temporal,
  attachable: Attachable,
  requireWorker: boolean,
): Promise<Ending> {
  const { screen } = context
  const { workflowId, noun, again } = attachable
  const earlier = await temporal.find(workflowId)
  if (earlier) requireOurs(earlier)
  else if (!attachable.start) throw noWorkflow(workflowId)
  const open = earlier?.isOpen ? earlier : undefined
  if (earlier && !open && attachable.ended === 'print') {
    const mayStartAgain = attachable.start && (await temporal.ask(() => hasEndedWithoutRun(temporal.handleOf(earlier))))
    if (!mayStartAgain) return endingOfEarlier(context, temporal, attachable, earlier)
    screen.say('The earlier execution with this id created no run, so it is started again')
  }
  const hasWorker = await temporal.hasWorker(open?.taskQueue)
  if (!hasWorker && requireWorker) throw new CliError(exitCodes.unavailable, temporal.noWorker(open))
  if (!hasWorker) screen.say(`${temporal.noWorker(open)}. Waiting for one`)
  const handle = await handleFor(temporal, attachable, open)
  context.atCtrlC(`Detached. The ${noun} is still running: ${workflowId}\nTo attach again: ${again}`)
  showWhere(context, temporal, attachable)
  if (open) screen.say(`Attached: open since ${open.startTime.toISOString()}; its original options apply`)
  return follow(temporal, handle, screen, { open, requireWorker, hasWorker })
}

/** An open one is attached to by starting it too, which refuses another request with the same id. */
function handleFor(
  temporal: Temporal,
  { workflowId, start }: Attachable,
  open: FoundWorkflow | undefined,
): Promise<WatchHandle> {
  if (start) return temporal.ask(() => start(temporal))
  if (open) return Promise.resolve(temporal.handleOf(open))
  throw noWorkflow(workflowId)
}

/** Needs no worker. */
async function endingOfEarlier(
  context: CommandContext,
  temporal: Temporal,
  attachable: Attachable,
  earlier: FoundWorkflow,
): Promise<Ending> {
  const { start, verify } = attachable
  if (verify) await temporal.ask(() => verify(temporal))
  showWhere(context, temporal, attachable)
  const another = start ? '. For another run, choose another --id' : ''
  context.screen.say(`It has ended already; this is its outcome${another}`)
  return temporal.ask(() => endingOf(temporal, temporal.handleOf(earlier)))
}

function showWhere({ screen }: CommandContext, temporal: Temporal, { noun, workflowId }: Attachable): void {
  const name = noun === 'watch' ? 'Watch  ' : 'Execution'
  screen.say(`${name} ${onOneLine(workflowId)}`)
  const link = temporal.webUi(workflowId)
  if (link) screen.say(`${'Web UI'.padEnd(name.length)} ${link}`)
}
