import { parseArgs } from 'node:util'
import { msToNumber } from '@temporalio/common'

const databases = ['memory', 'file', 'postgres'] as const
export type Database = (typeof databases)[number]

export const contestantNames = ['watchRun', 'python', 'minimal'] as const
export type ContestantName = (typeof contestantNames)[number]

/** When runs start, and when they end. */
export type Plan =
  /** All start, then all end: each end comes at a time of its own after the last start. */
  | { readonly kind: 'wave'; readonly watches: number; readonly startOverMs: number; readonly endOverMs: number }
  /** So many are open all the time: each that ends is replaced by one that starts. */
  | { readonly kind: 'steady'; readonly watches: number; readonly endingsPerSecond: number; readonly lookedAt: number }

export interface Replacing {
  readonly how: 'kill' | 'restart' | 'deploy'
  readonly everyMs: number
}

export interface FleetOptions {
  readonly plan: Plan
  readonly database: Database
  readonly contestants: readonly ContestantName[]
  readonly workers: number
  /** Kills one worker of watchRun so often, restarts one, or deploys another build of all. */
  readonly replacing?: Replacing
  readonly out?: string
}

export const help = `npm run bench:fleet -- [options]    Many watches beside a Python poller and the minimal workflow.

  --watches N                   how many runs are open; 1000
  --start-over 10s              they start within this time,
  --end-over 45s                and end within this time after the last start; or
  --endings R --looked-at M     N runs are open all the time: each second R end and R start, until M have ended
  --database memory|file|postgres   of the Temporal server; memory. postgres: see bench/postgres-temporal.sh
  --workers K                   workers of watchRun; 1
  --kill-every 20s              kills one of them so often and starts another
  --restart-every 20s           starts another so often and stops one by SIGTERM, as a rolling restart does
  --deploy-every 20s            starts as many of another build so often, makes it the current one and stops the others
  --contestants LIST            of ${contestantNames.join(',')}; all
  --out FILE                    where the table goes; bench/results/…

The worker of watchRun gets the environment of this command, SWEEP_INTERVAL for example.`

const specs = {
  watches: { type: 'string', default: '1000' },
  'start-over': { type: 'string' },
  'end-over': { type: 'string' },
  endings: { type: 'string' },
  'looked-at': { type: 'string' },
  database: { type: 'string', default: 'memory' },
  workers: { type: 'string', default: '1' },
  'kill-every': { type: 'string' },
  'restart-every': { type: 'string' },
  'deploy-every': { type: 'string' },
  contestants: { type: 'string', default: contestantNames.join(',') },
  out: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof specs }>>['values']

/** @returns `undefined` if only the help is wanted. @throws with what to correct */
export function parseOptions(args: readonly string[]): FleetOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: specs })
  if (values.help) return undefined
  const { out } = values
  const replacing = replacingOf(values)
  return {
    plan: planOf(values),
    database: oneOf('--database', databases, values.database),
    contestants: values.contestants.split(',').map((name) => oneOf('--contestants', contestantNames, name)),
    workers: numberOf('--workers', values.workers),
    ...(replacing && { replacing }),
    ...(out !== undefined && { out }),
  }
}

function replacingOf(values: Values): Replacing | undefined {
  const [one, another] = (['kill', 'restart', 'deploy'] as const).flatMap((how) => {
    const every = values[`${how}-every`]
    return every === undefined ? [] : [{ how, everyMs: msToNumber(every) }]
  })
  if (another) throw new Error('--kill-every, --restart-every and --deploy-every: take one')
  return one
}

function planOf(values: Values): Plan {
  const watches = numberOf('--watches', values.watches)
  const { endings, 'start-over': startOver, 'end-over': endOver, 'looked-at': lookedAt } = values
  if (endings === undefined) {
    if (lookedAt !== undefined) throw new Error('--looked-at needs --endings')
    return {
      kind: 'wave',
      watches,
      startOverMs: msToNumber(startOver ?? '10s'),
      endOverMs: msToNumber(endOver ?? '45s'),
    }
  }
  if (startOver !== undefined || endOver !== undefined) {
    throw new Error('--endings keeps all runs open: leave --start-over and --end-over out')
  }
  const endingsPerSecond = numberOf('--endings', endings)
  return { kind: 'steady', watches, endingsPerSecond, lookedAt: numberOf('--looked-at', lookedAt ?? '1000') }
}

export function oneOf<T extends string>(option: string, words: readonly T[], given: string): T {
  const word = words.find((known) => known === given)
  if (word === undefined) throw new Error(`${option} is "${given}": it must be one of ${words.join(', ')}`)
  return word
}

export function numberOf(option: string, given: string): number {
  const number = Number(given)
  if (!(number > 0)) throw new Error(`${option} is "${given}": it must be a number above 0`)
  return number
}
