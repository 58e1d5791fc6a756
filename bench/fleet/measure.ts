import { setTimeout as pause } from 'node:timers/promises'
import { sweepingIn } from '../figures.ts'
import type { Sweeping } from '../figures.ts'
import type { Contestant } from './contestants.ts'
import { newRuns } from './langgraph.ts'
import type { FleetRun, ScriptedServer } from './langgraph.ts'
import type { FleetOptions, Plan } from './options.ts'
import { cpuMsOf, rssKbOf } from './processes.ts'

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

/** What the workers, Temporal, and its database take. */
export interface Parts {
  readonly worker: number
  readonly server: number
  readonly database: number
}

/** Watches that are started as fast as it goes: so many calls at once. */
const startsInFlight = 50
/** All that poll evenly begin somewhere in their interval. */
const spreadMs = 10_000
/** Before the first end, the first looks are over. */
const settleMs = 15_000
/** After the last end. Who has no outcome then has none. */
const patienceMs = 120_000

export async function measure(
  contestant: Contestant,
  langGraph: ScriptedServer,
  { plan, killEveryMs }: FleetOptions,
): Promise<Figures> {
  const field = { contestant, langGraph, killEveryMs: contestant.name === 'watchRun' ? killEveryMs : undefined }
  switch (plan.kind) {
    case 'wave':
      return wave(field, plan)
    case 'steady':
      return steady(field, plan)
  }
}

interface Field {
  readonly contestant: Contestant
  readonly langGraph: ScriptedServer
  readonly killEveryMs: number | undefined
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
  await pause(settleMs)
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

/** @returns what was used and asked since, when it is called */
async function beginCounting({ contestant, langGraph, killEveryMs }: Field) {
  const beganAtMs = Date.now()
  const [cpuBefore, before] = [cpu(contestant), await requestsOf(contestant, langGraph)]
  const endKilling = killEveryMs === undefined ? undefined : killing(contestant, killEveryMs)
  return async () => {
    await endKilling?.()
    const [cpuAfter, after] = [cpu(contestant), await requestsOf(contestant, langGraph)]
    const countOf = (kind: string) => (after.byKind.get(kind) ?? 0) - (before.byKind.get(kind) ?? 0)
    return {
      cpuMs: difference(cpuAfter, cpuBefore),
      countedMs: Date.now() - beganAtMs,
      requests: Object.fromEntries([...after.byKind.keys()].map((kind) => [kind, countOf(kind)])),
      sweeping: sweepingIn(after.searches.filter(({ atMs }) => atMs >= beganAtMs)),
    }
  }
}

/** @returns what ends it */
function killing({ workers }: Contestant, everyMs: number): () => Promise<void> {
  let last = Promise.resolve()
  const timer = setInterval(() => {
    last = last.then(() => workers.replaceOldest())
  }, everyMs)
  return () => {
    clearInterval(timer)
    return last
  }
}

async function requestsOf({ name }: Contestant, langGraph: ScriptedServer) {
  const { requests, searches } = await langGraph.report()
  const byKind = new Map<string, number>()
  for (const [key, counts] of Object.entries(requests)) {
    if (!key.startsWith(name)) continue
    for (const [kind, count] of Object.entries(counts)) byKind.set(kind, (byKind.get(kind) ?? 0) + count)
  }
  return { byKind, searches: searches.filter(({ key }) => key.startsWith(name)) }
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

function cpu({ workers, server }: Contestant): Parts {
  const { pid, databasePid } = server ?? {}
  return {
    worker: workers.cpuMs,
    server: pid === undefined ? 0 : cpuMsOf(pid),
    database: databasePid === undefined ? 0 : cpuMsOf(databasePid),
  }
}

/** Without the database, most of whose memory is shared by its processes, and fixed. */
function memory({ workers, server }: Contestant): Parts {
  return { worker: workers.rssKb, server: server ? rssKbOf(server.pid) : 0, database: 0 }
}

function difference(after: Parts, before: Parts): Parts {
  return {
    worker: after.worker - before.worker,
    server: after.server - before.server,
    database: after.database - before.database,
  }
}
