import { setTimeout as pause } from 'node:timers/promises'
import { endingOf } from '../ending.ts'
import type { Ending } from '../ending.ts'
import { asCliError, CliError, exitCodes, isUnavailable } from '../exit.ts'
import type { Temporal, WatchHandle } from '../temporal.ts'
import { atOnce } from './at-once.ts'
import { EndedWatches } from './ended.ts'

/** So many are waited for directly, by long polls; all others by visibility, and by their turn. */
const mostPolls = 20
const turnMs = 2000
const readMs = 5000
const workerLookMs = 10_000

/** How one of them ended; an error if it has no outcome. */
export type Ended = { readonly handle: WatchHandle } & ({ readonly ending: Ending } | { readonly error: CliError })

interface Following {
  readonly requireWorker: boolean
  onEnd(ended: Ended): void
  say(text: string): void
}

/** Waits for all of them, through outages of Temporal and of the workers, however many they are. */
export async function followAll(temporal: Temporal, all: readonly WatchHandle[], following: Following): Promise<void> {
  const open = new Map(all.map((handle) => [handle.workflowId, handle]))
  const ended = new EndedWatches(temporal)
  const done = new AbortController()
  const end = async (handle: WatchHandle, withinMs: number) => {
    const how = await endedWithin(temporal, handle, withinMs)
    if (how && open.delete(handle.workflowId)) following.onEnd(how)
  }
  const turns = async () => {
    while (open.size > 0) {
      const some = [...open.values()].slice(0, mostPolls)
      const others = open.size > mostPolls ? await closedAmong(open, ended) : []
      await Promise.all([
        pause(turnMs / 2),
        ...some.map((handle) => end(handle, turnMs)),
        atOnce(mostPolls, others, (handle) => end(handle, readMs)),
      ])
      // Those that had their turn come last.
      for (const handle of some) if (open.delete(handle.workflowId)) open.set(handle.workflowId, handle)
    }
  }
  try {
    await Promise.race([turns(), sayTroubles(temporal, following, done.signal)])
  } finally {
    done.abort()
  }
}

/** A list that cannot be had costs time alone: each has its turn. */
async function closedAmong(open: ReadonlyMap<string, WatchHandle>, ended: EndedWatches): Promise<WatchHandle[]> {
  const ids = await ended.next().catch(() => [])
  return ids.flatMap((id) => open.get(id) ?? [])
}

/** @returns `undefined` if it is open, or Temporal does not answer */
async function endedWithin(temporal: Temporal, handle: WatchHandle, ms: number): Promise<Ended | undefined> {
  try {
    const ending = await temporal.client.withDeadline(Date.now() + ms, () => endingOf(temporal, handle))
    return { handle, ending }
  } catch (error) {
    const explained = temporal.explain(error)
    return isUnavailable(explained) ? undefined : { handle, error: asCliError(explained) }
  }
}

/** @throws CliError 69 if a worker is required and missing */
async function sayTroubles(temporal: Temporal, { requireWorker, say }: Following, signal: AbortSignal): Promise<never> {
  let said: string | undefined
  for (;;) {
    await pause(workerLookMs, undefined, { signal })
    const trouble = await troubleOf(temporal)
    if (trouble !== undefined && requireWorker && trouble !== noTemporal) {
      throw new CliError(
        exitCodes.unavailable,
        `${trouble}. The watches stay open, and continue once a worker is running`,
      )
    }
    if (trouble !== said) say(trouble === undefined ? 'It responds again' : `${trouble}. Waiting for it`)
    said = trouble
  }
}

const noTemporal = 'Temporal does not answer'

async function troubleOf(temporal: Temporal): Promise<string | undefined> {
  try {
    return (await temporal.hasWorker()) ? undefined : temporal.noWorker()
  } catch {
    return noTemporal
  }
}
