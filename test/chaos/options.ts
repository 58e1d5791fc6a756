import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { numberOf, oneOf } from '../../bench/fleet/options.ts'
import { kinds } from './kinds.ts'
import type { Kind } from './kinds.ts'

const serverNames = ['js', 'python'] as const
export type ServerName = (typeof serverNames)[number]

/** Groups of what may go wrong. */
const faultGroups = ['requests', 'kill', 'freeze', 'temporal', 'langgraph'] as const
export type FaultGroup = (typeof faultGroups)[number]

export interface ChaosOptions {
  readonly runs: number
  readonly weatherMs: number
  readonly seed: string
  readonly kinds: readonly [Kind, ...Kind[]]
  readonly faults: readonly FaultGroup[]
  readonly servers: readonly [ServerName, ...ServerName[]]
  readonly workers: number
  /** The program of a worker. */
  readonly worker: string
}

export const help = `npm run chaos -- [options]    Runs of every kind while everything breaks; exit code 1 if one outcome is not true.

  --runs N          60
  --minutes M       so long the faults last; the runs start in the first 60 % of it; 2
  --seed TEXT       of the faults and their times; a new one, which is printed
  --kinds LIST      of the kinds of runs those whose names hold one of these texts: "asks,watched: fails"; all
  --faults LIST     of ${faultGroups.join(',')}; all
  --servers LIST    of ${serverNames.join(',')}; all
  --workers K       3
  --worker PROGRAM  dist/worker.js`

const specs = {
  runs: { type: 'string', default: '60' },
  minutes: { type: 'string', default: '2' },
  seed: { type: 'string' },
  kinds: { type: 'string' },
  faults: { type: 'string', default: faultGroups.join(',') },
  servers: { type: 'string', default: serverNames.join(',') },
  workers: { type: 'string', default: '3' },
  worker: { type: 'string', default: fileURLToPath(new URL('../../dist/worker.js', import.meta.url)) },
  help: { type: 'boolean', default: false },
} as const

/** @returns `undefined` if only the help is wanted. @throws with what to correct */
export function parseOptions(args: readonly string[]): ChaosOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: specs })
  if (values.help) return undefined
  const [server, ...servers] = listOf('--servers', serverNames, values.servers)
  return {
    runs: numberOf('--runs', values.runs),
    weatherMs: numberOf('--minutes', values.minutes) * 60_000,
    seed: values.seed ?? randomBytes(4).toString('hex'),
    kinds: kindsNamed(values.kinds ?? ''),
    faults: listOf('--faults', faultGroups, values.faults),
    servers: [server ?? 'js', ...servers],
    workers: numberOf('--workers', values.workers),
    worker: values.worker,
  }
}

function listOf<T extends string>(option: string, words: readonly T[], given: string): readonly T[] {
  return given.split(',').map((name) => oneOf(option, words, name))
}

function kindsNamed(given: string): readonly [Kind, ...Kind[]] {
  const texts = given.split(',')
  const [first, ...others] = kinds.filter(({ name }) => texts.some((text) => name.includes(text)))
  if (first) return [first, ...others]
  throw new Error(`--kinds is "${given}": no kind is called so; there are ${kinds.map(({ name }) => name).join('; ')}`)
}
