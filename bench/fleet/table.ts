import { availableParallelism, loadavg, totalmem } from 'node:os'
import { markdownTable, percentile } from '../figures.ts'
import type { Figures } from './measure.ts'
import type { ContestantName, FleetOptions, Plan } from './options.ts'

/** The machine before anything ran. */
export function machine(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return `${availableParallelism()} cores, ${gigabytes} GB, Node ${process.version}, load before ${loadavg()[0]?.toFixed(1)}`
}

const descriptions: Record<ContestantName, string> = {
  watchRun: 'a watch with the options that users get.',
  python:
    'one process, asyncio, the shared client of langgraph_sdk; each run is polled at once and then every 10 s, and then its thread is read.',
  minimal: 'a workflow that asks one activity, sleeps 10 s, and at the end reads the thread by another.',
}

/** The report of a run, in Markdown. */
export function report(options: FleetOptions, machineBefore: string, all: readonly Figures[]): string {
  const { plan, database, workers, replacing } = options
  const words = { kill: 'one killed', restart: 'one restarted', deploy: 'replaced by those of another build' }
  const replaced = replacing ? `, ${words[replacing.how]} every ${replacing.everyMs / 1000} s` : ''
  const sweepInterval = process.env['SWEEP_INTERVAL']
  return [
    described(plan),
    '',
    `- Temporal's database: ${database}. Workers of watchRun: ${workers}${replaced}. ${sweepInterval ? `SWEEP_INTERVAL=${sweepInterval}. ` : ''}${machineBefore}.`,
    '- One after the other, each on a Temporal server of its own, all on the same scripted LangGraph server.',
    ...all.map(({ name }) => `- ${name}: ${descriptions[name]}`),
    '',
    tableOf(plan, all),
    '',
  ].join('\n')
}

function described(plan: Plan): string {
  switch (plan.kind) {
    case 'wave':
      return `${plan.watches} runs started over ${plan.startOverMs / 1000} s and ended over the ${plan.endOverMs / 1000} s after that.`
    case 'steady':
      return `${plan.watches} runs open all the time; ${plan.endingsPerSecond} a second ended and were replaced; ${plan.lookedAt} endings looked at. A watch's cost is that of one start and one end.`
  }
}

function tableOf(plan: Plan, all: readonly Figures[]): string {
  const counted = plan.kind === 'wave' ? plan.watches : plan.lookedAt
  const kinds = [...new Set(all.flatMap(({ requests }) => Object.keys(requests)))].toSorted()
  const row = (what: string, of: (figures: Figures) => number, digits = 0) => [
    what,
    ...all.map((figures) => shown(of(figures), digits)),
  ]
  return markdownTable([
    ['', ...all.map(({ name }) => name)],
    row('starts/s', ({ startsPerSecond, name }) => (name === 'python' ? Number.NaN : startsPerSecond)),
    ...[50, 95, 99, 100].map((percent) =>
      row(`run end → outcome, s, p${percent}`, ({ latenciesMs }) => percentile(latenciesMs, percent) / 1000, 2),
    ),
    row('runs without an outcome', ({ latenciesMs }) => latenciesMs.filter((ms) => !Number.isFinite(ms)).length),
    row('history events of a watch, p50', ({ historyEvents }) => percentile(historyEvents, 50)),
    row('CPU of a watch, worker, ms', ({ cpuMs }) => cpuMs.worker / counted, 1),
    row('CPU of a watch, Temporal, ms', ({ cpuMs }) => cpuMs.server / counted || Number.NaN, 1),
    row('CPU of a watch, database, ms', ({ cpuMs }) => cpuMs.database / counted || Number.NaN, 1),
    row('cores in use, worker', ({ cpuMs, countedMs }) => cpuMs.worker / countedMs, 2),
    row('cores in use, Temporal', ({ cpuMs, countedMs }) => cpuMs.server / countedMs || Number.NaN, 2),
    row('memory of an open watch, worker, KB', ({ idleKb, openKb }) => (openKb.worker - idleKb.worker) / plan.watches),
    row(
      'memory of an open watch, Temporal, KB',
      ({ idleKb, openKb }) => (openKb.server - idleKb.server) / plan.watches || Number.NaN,
    ),
    row('memory of the worker, all open, MB', ({ openKb }) => openKb.worker / 1024),
    row('sweeps', ({ sweeping }) => sweeping.rounds || Number.NaN),
    row('sweeps running at the same time, at most', ({ sweeping }) => sweeping.mostAtOnce || Number.NaN),
    ...kinds.map((kind) => row(`requests to LangGraph, ${kind}`, ({ requests }) => requests[kind] ?? 0)),
    row('polls without an answer (python)', ({ failedPolls, name }) => (name === 'python' ? failedPolls : Number.NaN)),
  ])
}

function shown(value: number, digits: number): string {
  if (Number.isNaN(value)) return '–'
  return Number.isFinite(value) ? value.toFixed(digits) : 'never'
}
