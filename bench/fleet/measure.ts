import { setTimeout as pause } from 'node:timers/promises'
import type { Sweeping } from '../figures.ts'
import type { Contestant } from './contestants.ts'
import { beginCounting, memory, pollsOf } from './counting.ts'
import type { Field, Parts } from './counting.ts'
import { newRuns } from './langgraph.ts'
import type { FleetRun, ScriptedServer } from './langgraph.ts'
import type { FleetOptions, Plan } from './options.ts'

export interface Figures {
  readonly name: Contestant['name']
  readonly startsPerSecond: number
  /** From the end of each run that was looked at to its outcome; `Infinity` without one. */
  readonly latenciesMs: readonly number[]
  readonly historyEvents: readonly number[]
  readonly failedPolls: number
  readonly cpuMs: Parts
  /** How long the CPU time and the requests were counted. */
  readonly countedMs: number
  readonly idleKb: Parts
  readonly openKb: Parts
  readonly sweeping: Sweeping
  readonly requests: Readonly<Record<string, number>>
}

/** Watches that are started as fast as it goes: so many calls at once. */
const startsInFlight = 50
/** All that poll evenly begin somewhere in their interval. */
const spreadMs = 10_000
/** Before the first end, the first looks are over: all have been polled, and the worker has had time to rest. */
const settleMs = 15_000
const longestSettlingMs = 1_200_000
/** After the last end. Who has no outcome then has none. */
const patienceMs = 120_000

export async function measure(
  contestant: Contestant,
  langGraph: ScriptedServer,
  { plan, replacing }: FleetOptions,
): Promise<Figures> {
  const field = { contestant, langGraph, replacing: contestant.name === 'watchRun' ? replacing : undefined }
  switch (plan.kind) {
    case 'wave':
      return wave(field, plan)
    case 'steady':
      return steady(field, plan)
  }
}

async function wave(field: Field, plan: Extract<Plan, { kind: 'wave' }>): Promise<Figures> {
  const { contestant, langGraph } = field
  const idleKb = memory(contestant)
  const runs = newRuns(plan.watches)
  const beginsAtMs = Date.now() + 1000
  // Their ids are random, so the order of their ends is.
  for (const [n, run] of runs.toSorted((a, b) => (a.runId < b.runId ? -1 : 1)).entries()) {
    run.endsAtMs = beginsAtMs + plan.startOverMs + ((n + 1) * plan.endOverMs) / runs.length
  }
  await langGraph.script(runs)
  const count = await beginCounting(field)
  await paced(
    runs,
    (n) => beginsAtMs + (n * plan.startOverMs) / runs.length,
    (run) => contestant.start(run),
  )
  const startsPerSecond = (runs.length * 1000) / (Date.now() - beginsAtMs)
  const openKb = memory(contestant)
  await untilEnded(contestant, runs)
  const counted = await count()
  return { name: contestant.name, startsPerSecond, idleKb, openKb, ...counted, ...(await outcomes(contestant, runs)) }
}

async function steady(field: Field, plan: Extract<Plan, { kind: 'steady' }>): Promise<Figures> {
  const { contestant, langGraph } = field
  const idleKb = memory(contestant)
  const runs = newRuns(plan.watches + plan.lookedAt)
  await langGraph.script(runs)
  const beganAtMs = Date.now()
  await asFastAsItGoes(runs.slice(0, plan.watches), (run) => contestant.start(run, Math.random() * spreadMs))
  const startsPerSecond = (plan.watches * 1000) / (Date.now() - beganAtMs)
  await settled(field, plan.watches)
  const openKb = memory(contestant)

  const endsFromMs = Date.now() + 1000
  const momentMs = (n: number) => endsFromMs + (n * 1000) / plan.endingsPerSecond
  const lookedAt = runs.slice(0, plan.lookedAt)
  for (const [n, run] of lookedAt.entries()) run.endsAtMs = momentMs(n)
  await langGraph.script(lookedAt)
  const count = await beginCounting(field)
  await paced(runs.slice(plan.watches), momentMs, (run) => contestant.start(run))
  await untilEnded(contestant, lookedAt)
  const counted = await count()
  return {
    name: contestant.name,
    startsPerSecond,
    idleKb,
    openKb,
    ...counted,
    ...(await outcomes(contestant, lookedAt)),
  }
}

/** Temporal takes starts faster than workers begin them. */
async function settled({ contestant, langGraph }: Field, watches: number): Promise<void> {
  const untilMs = Date.now() + longestSettlingMs
  while ((await pollsOf(contestant, langGraph)) < watches) {
    if (Date.now() > untilMs)
      throw new Error(`not all of ${watches} runs were polled within ${longestSettlingMs / 60_000} min`)
    await pause(1000)
  }
  await pause(settleMs)
}

async function asFastAsItGoes(runs: readonly FleetRun[], begin: (run: FleetRun) => Promise<void>): Promise<void> {
  const left = runs.values()
  const one = async () => {
    for (const run of left) await begin(run)
  }
  await Promise.all(Array.from({ length: startsInFlight }, one))
}

/** Begins each at its moment, also if those before it are late. */
async function paced(
  runs: readonly FleetRun[],
  momentMs: (n: number) => number,
  begin: (run: FleetRun) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  const begun: Promise<unknown>[] = []
  for (const [n, run] of runs.entries()) {
    const earlyMs = momentMs(n) - Date.now()
    if (earlyMs > 0) await pause(earlyMs)
    begun.push(begin(run).catch((error: unknown) => failures.push(error)))
  }
  await Promise.all(begun)
  if (failures.length > 0) throw new Error(`${failures.length} runs could not be started`, { cause: failures[0] })
}

async function untilEnded(contestant: Contestant, runs: readonly FleetRun[]): Promise<void> {
  const lastEndMs = Math.max(...runs.map(({ endsAtMs = 0 }) => endsAtMs))
  await pause(Math.max(0, lastEndMs - Date.now()))
  while ((await contestant.countEnded()) < runs.length && Date.now() < lastEndMs + patienceMs) await pause(1000)
}

async function outcomes(contestant: Contestant, runs: readonly FleetRun[]) {
  const all = await contestant.ended()
  const byRun = new Map(all.map((ended) => [ended.runId, ended]))
  const ended = runs.flatMap(({ runId }) => byRun.get(runId) ?? [])
  return {
    latenciesMs: runs.map(({ runId, endsAtMs = 0 }) => (byRun.get(runId)?.atMs ?? Number.POSITIVE_INFINITY) - endsAtMs),
    historyEvents: ended.flatMap(({ historyEvents }) => historyEvents ?? []),
    failedPolls: ended.reduce((sum, { failedPolls = 0 }) => sum + failedPolls, 0),
  }
}
