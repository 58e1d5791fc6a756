import { present } from '../domain/json.ts'
import { onOneLine, quoted } from '../domain/printable.ts'
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

interface FollowingOptions extends OutputOptions {
  readonly requireWorker?: boolean
  readonly detach?: boolean
}

/** Starts it, follows it to its end, and prints how it ended; or prints its id at once. */
export async function startAndFollow(
  context: CommandContext,
  attachable: Attachable,
  options: FollowingOptions,
): Promise<void> {
  if (options.detach) return withTemporal(context, (temporal) => startAlone(context, temporal, attachable, options))
  const { value, exitCode, nextStep } = await withTemporal(context, (temporal) =>
    endingAfter(context, temporal, attachable, options),
  )
  print(context, value, options)
  if (nextStep) context.screen.say(nextStep)
  context.endWith(exitCode)
}

async function startAlone(
  context: CommandContext,
  temporal: Temporal,
  attachable: Attachable,
  options: FollowingOptions,
): Promise<void> {
  const { screen } = context
  const { workflowId, noun } = attachable
  const begun = await begin(context, temporal, attachable, options)
  printId(context, temporal, workflowId, options)
  const link = options.json ? undefined : temporal.webUi(workflowId)
  if (link) screen.say(`Web UI  ${link}`)
  if (begun.kind === 'ended')
    screen.say(`The ${noun} has ended already. Its outcome: langgraph-runs status --id ${quoted(workflowId)}`)
  else screen.say(`The ${noun} is running. To follow it: langgraph-runs watch --id ${quoted(workflowId)}`)
}

/** What a script goes on with. */
export function printId(
  context: CommandContext,
  temporal: Temporal,
  workflowId: string,
  { json }: OutputOptions,
): void {
  const web_ui = temporal.webUi(workflowId)
  context.print(json ? JSON.stringify({ workflow_id: workflowId, ...present({ web_ui }) }) : onOneLine(workflowId))
}

async function endingAfter(
  context: CommandContext,
  temporal: Temporal,
  attachable: Attachable,
  options: FollowingOptions,
): Promise<Ending> {
  const { workflowId, noun, again } = attachable
  const begun = await begin(context, temporal, attachable, options)
  if (begun.kind === 'ended') return endingOfEarlier(context, temporal, attachable, begun.earlier)
  const { handle, open, hasWorker } = begun
  context.atCtrlC(`Detached. The ${noun} is still running: ${workflowId}\nTo attach again: ${again}`)
  showWhere(context, temporal, attachable)
  if (open) context.screen.say(`Attached: open since ${open.startTime.toISOString()}; its original options apply`)
  return follow(temporal, handle, context.screen, { open, requireWorker: options.requireWorker ?? false, hasWorker })
}

type Begun =
  | {
      readonly kind: 'open'
      readonly handle: WatchHandle
      /** If it was open before. */
      readonly open: FoundWorkflow | undefined
      readonly hasWorker: boolean
    }
  | { readonly kind: 'ended'; readonly earlier: FoundWorkflow }

/** Starts it, unless one is open, or has ended and is not to be started again. */
async function begin(
  context: CommandContext,
  temporal: Temporal,
  attachable: Attachable,
  { requireWorker, detach }: FollowingOptions,
): Promise<Begun> {
  const { screen } = context
  const { workflowId } = attachable
  const earlier = await temporal.find(workflowId)
  if (earlier) requireOurs(earlier)
  else if (!attachable.start) throw noWorkflow(workflowId)
  const open = earlier?.isOpen ? earlier : undefined
  if (earlier && !open && attachable.ended === 'print') {
    const mayStartAgain = attachable.start && (await temporal.ask(() => hasEndedWithoutRun(temporal.handleOf(earlier))))
    if (!mayStartAgain) return verified(temporal, attachable, earlier)
    screen.say('The earlier execution with this id created no run, so it is started again')
  }
  const hasWorker = await temporal.hasWorker(open?.taskQueue)
  if (!hasWorker && requireWorker) throw new CliError(exitCodes.unavailable, temporal.noWorker(open))
  if (!hasWorker)
    screen.say(`${temporal.noWorker(open)}. ${detach ? 'It begins once one is running' : 'Waiting for one'}`)
  return { kind: 'open', handle: await handleFor(temporal, attachable, open), open, hasWorker }
}

/** @throws if the id belongs to another request */
async function verified(temporal: Temporal, { verify }: Attachable, earlier: FoundWorkflow): Promise<Begun> {
  if (verify) await temporal.ask(() => verify(temporal))
  return { kind: 'ended', earlier }
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
  showWhere(context, temporal, attachable)
  const another = attachable.start ? '. For another run, choose another --id' : ''
  context.screen.say(`It has ended already; this is its outcome${another}`)
  return temporal.ask(() => endingOf(temporal, temporal.handleOf(earlier)))
}

function showWhere({ screen }: CommandContext, temporal: Temporal, { noun, workflowId }: Attachable): void {
  const name = noun === 'watch' ? 'Watch  ' : 'Execution'
  screen.say(`${name} ${onOneLine(workflowId)}`)
  const link = temporal.webUi(workflowId)
  if (link) screen.say(`${'Web UI'.padEnd(name.length)} ${link}`)
}
