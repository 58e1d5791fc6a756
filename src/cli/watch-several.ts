import type { WatchRunInput } from '../client.ts'
import { present } from '../domain/json.ts'
import { onOneLine } from '../domain/printable.ts'
import { stateOf } from '../domain/state.ts'
import { decoded } from '../text-file.ts'
import { withTemporal } from './context.ts'
import type { CommandContext, OutputOptions } from './context.ts'
import type { Ending } from './ending.ts'
import { CliError, exitCodes } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { runArguments, runOfWatch } from './run-of.ts'
import { atOnce } from './several/at-once.ts'
import { followAll } from './several/follow.ts'
import type { Ended } from './several/follow.ts'
import { runsIn } from './several/runs.ts'
import { printId } from './start-and-follow.ts'
import type { Temporal, WatchHandle } from './temporal.ts'

interface SeveralOptions extends OutputOptions {
  readonly requireWorker?: boolean
  readonly detach?: boolean
}

const startsAtOnce = 20
/** The exit code is that of the worst. */
const worstFirst: readonly ExitCode[] = [
  exitCodes.unforeseen,
  exitCodes.unavailable,
  exitCodes.usage,
  exitCodes.error,
  exitCodes.timeout,
  exitCodes.cancelled,
  exitCodes.interrupted,
  exitCodes.noResults,
  exitCodes.result,
]

/** Starts, or attaches to, the watches of all runs that stdin names, and prints each outcome as it comes. */
export async function watchSeveral(
  context: CommandContext,
  how: Omit<WatchRunInput, 'threadId' | 'runId'>,
  options: SeveralOptions,
): Promise<void> {
  const inputs = runsIn(decoded(await context.readInput()), how)
  await withTemporal(context, async (temporal) => {
    const requireWorker = options.requireWorker ?? false
    if (!(await temporal.hasWorker())) {
      if (requireWorker) throw new CliError(exitCodes.unavailable, temporal.noWorker())
      context.screen.say(
        `${temporal.noWorker()}. ${options.detach ? 'They begin once one is running' : 'Waiting for one'}`,
      )
    }
    const open = new Map<string, WatchHandle>()
    context.atCtrlC(() => detached([...open.keys()]))
    const start = async (input: WatchRunInput) => {
      const handle = await temporal.ask(() => temporal.runs.startWatch(input))
      open.set(handle.workflowId, handle)
      if (options.detach) printId(context, temporal, handle.workflowId, options)
    }
    await atOnce(startsAtOnce, inputs, start).catch((error: unknown) => {
      context.screen.say(`${open.size} of ${inputs.length} watches have been started, and keep running`)
      throw error
    })
    if (!options.detach) await printAll(context, temporal, open, options)
  })
}

async function printAll(
  context: CommandContext,
  temporal: Temporal,
  open: Map<string, WatchHandle>,
  options: SeveralOptions,
): Promise<void> {
  const { screen } = context
  const counts = new Map<string, number>()
  const codes = new Set<ExitCode>()
  const all = [...open.values()]
  const said = new Set<string>()
  const sayOnce = (text: string) => {
    if (!said.has(text)) screen.say(text)
    said.add(text)
  }
  const showCounts = () => screen.show(() => summary(all.length, counts), newsOf(all.length, counts))
  showCounts()
  try {
    await followAll(temporal, all, {
      requireWorker: options.requireWorker ?? false,
      say: (text) => screen.say(text),
      onEnd: (ended) => {
        open.delete(ended.handle.workflowId)
        const state = stateIn(ended)
        counts.set(state, (counts.get(state) ?? 0) + 1)
        codes.add(exitCodeOf(ended))
        context.print(options.json ? inJson(ended) : inWords(ended, state))
        if ('ending' in ended && ended.ending.unread !== undefined) sayOnce(ended.ending.unread)
        showCounts()
      },
    })
  } finally {
    screen.clear()
  }
  screen.say(summary(all.length, counts))
  context.endWith(worstFirst.find((code) => codes.has(code)) ?? exitCodes.result)
}

function exitCodeOf(ended: Ended): ExitCode {
  return 'error' in ended ? ended.error.exitCode : ended.ending.exitCode
}

function stateIn(ended: Ended): string {
  if ('error' in ended) return ended.error.exitCode === exitCodes.cancelled ? 'cancelled' : 'failed'
  return ended.ending.outcome ? stateOf(ended.ending.outcome) : 'ended'
}

function inJson(ended: Ended): string {
  const how = 'error' in ended ? { error: ended.error.message } : Object(ended.ending.value)
  return JSON.stringify({ workflow_id: ended.handle.workflowId, exit_code: exitCodeOf(ended), ...how })
}

function inWords(ended: Ended, state: string): string {
  const { workflowId } = ended.handle
  const run = runOfWatch(workflowId)
  const error = 'error' in ended ? ended.error.message : errorOf(ended.ending)
  const words = [state, run ? runArguments(run) : workflowId, ...Object.values(present({ error }))]
  return words.map(onOneLine).join('  ')
}

function errorOf({ outcome }: Ending): string | undefined {
  return outcome && 'error' in outcome ? outcome.error : undefined
}

/** `3 of 12 have ended: 2 success, 1 error` */
function summary(all: number, counts: ReadonlyMap<string, number>): string {
  const kinds = [...counts].map(([state, count]) => `${count} ${state}`)
  const how = kinds.length > 0 ? `: ${kinds.join(', ')}` : ''
  return `${endedOf(counts)} of ${all} have ended${how}`
}

/** Elsewhere than on a terminal, ten lines for however many. */
function newsOf(all: number, counts: ReadonlyMap<string, number>): string | undefined {
  const ended = endedOf(counts)
  return ended === all ? undefined : String(Math.floor((10 * ended) / all))
}

function endedOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function detached(workflowIds: readonly string[]): string {
  const which = workflowIds.length === 1 ? 'One watch is' : `${workflowIds.length} watches are`
  return [
    `Detached. ${which} still running:`,
    ...workflowIds.map(onOneLine),
    'To attach again: the same command with the same lines',
  ].join('\n')
}
