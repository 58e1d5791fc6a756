import { markdownTable } from '../../bench/figures.ts'
import { wrongs } from './judge.ts'
import type { Finding, Wrong } from './judge.ts'

/** What became of all runs of one kind. */
interface KindReport {
  readonly name: string
  readonly runs: number
  /** Whose outcome says that nobody could find something out. */
  readonly unsure: number
  /** Those that are right have none. */
  readonly findings: readonly (readonly Finding[])[]
}

export interface ChaosReport {
  readonly kinds: readonly KindReport[]
  readonly processFaults: readonly (readonly [name: string, times: number])[]
  readonly requestFaults: readonly (readonly [name: string, times: number])[]
  /** How many requests might have met a fault. */
  readonly requests: number
  /** What outcomes say that nobody could find out. */
  readonly unknown: readonly string[]
  /** Workers that ended by themselves. */
  readonly workersEnded: number
  /** How often Temporal did. */
  readonly temporalEnded: number
}

const wrongNames = Object.keys(wrongs).filter((name): name is Wrong => name in wrongs)

export function tables({ kinds, processFaults, requestFaults, ...others }: ChaosReport): string {
  const all = {
    name: 'all',
    runs: sum(kinds.map(({ runs }) => runs)),
    unsure: sum(kinds.map(({ unsure }) => unsure)),
    findings: kinds.flatMap(({ findings }) => findings),
  }
  const faulty = sum(requestFaults.map(([, times]) => times))
  const timesOf = (word: string) => others.unknown.filter((unknown) => unknown === word).length
  return [
    markdownTable([['kind of run', 'runs', 'right', 'unsure', ...wrongNames], ...[...kinds, all].map(lineOf)]),
    markdownTable([
      ['fault', 'times'],
      ...processFaults,
      ...requestFaults,
      ['requests that met a fault', faulty],
      ['all requests', others.requests],
    ]),
    markdownTable([
      ['what is right, and not what one hopes for', 'times'],
      ['how the run ended could not be read (`ending_verified: false`)', timesOf('ending_verified: false')],
      ['whether the cancelled run has stopped is not known (`cancel_unconfirmed`)', timesOf('cancel_unconfirmed')],
      ['workers that ended by themselves', others.workersEnded],
      ['Temporal ended by itself, or did not start', others.temporalEnded],
    ]),
  ].join('\n\n')
}

function lineOf({ name, runs, unsure, findings }: KindReport): readonly (string | number)[] {
  const right = findings.filter((own) => own.length === 0).length
  const having = (wrong: Wrong) => findings.filter((own) => own.some((finding) => finding.wrong === wrong)).length
  return [name, runs, right, unsure, ...wrongNames.map(having)]
}

/** @returns why the run of this program has not shown what it should; none: all is right */
export function problemsOf({ kinds, processFaults, requestFaults }: ChaosReport): readonly string[] {
  const faults = [
    ...processFaults,
    ...(requestFaults.length > 0
      ? [['faults of requests', sum(requestFaults.map(([, times]) => times))] as const]
      : []),
  ]
  const findings = kinds.flatMap((kind) => kind.findings.filter((own) => own.length > 0))
  return [
    ...(kinds.every(({ runs }) => runs === 0) ? ['nothing ran'] : []),
    ...kinds.filter(({ runs }) => runs === 0).map(({ name }) => `no run of the kind "${name}"`),
    ...(faults.length === 0 ? ['no fault was wanted'] : []),
    ...faults.filter(([, times]) => times === 0).map(([name]) => `it never happened: ${name}`),
    ...(isTooUnsure(kinds) ? ['of too many runs something could not be found out'] : []),
    ...(findings.length > 0 ? [`${findings.length} runs did not come out right`] : []),
  ]
}

/** Faults do that to a few of a hundred. Otherwise a worker that never finds out would be right. */
function isTooUnsure(kinds: readonly KindReport[]): boolean {
  const unsure = sum(kinds.map((kind) => kind.unsure))
  return unsure > 3 && unsure > sum(kinds.map(({ runs }) => runs)) / 10
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
