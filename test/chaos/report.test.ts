import { expect, test } from 'vitest'
import { problemsOf } from './report.ts'
import type { ChaosReport } from './report.ts'

const right: ChaosReport = {
  kinds: [{ name: 'executed: succeeds', runs: 2, unsure: 2, findings: [[], []] }],
  processFaults: [['worker killed', 1]],
  requestFaults: [
    ['answer cut', 1],
    ['doubled', 0],
  ],
  requests: 10,
  unknown: [],
  workersEnded: 0,
  temporalEnded: 0,
}
const nothing = { name: 'executed: succeeds', runs: 0, unsure: 0, findings: [] }
const wrong = { wrong: 'lost', text: '' } as const

test.each<[so: string, change: Partial<ChaosReport>, problems: readonly string[]]>([
  ['if everything happened and all is right', {}, []],
  ['if nothing ran', { kinds: [nothing] }, ['nothing ran', 'no run of the kind "executed: succeeds"']],
  [
    'if a run did not come out right',
    { kinds: [{ name: 'x', runs: 1, unsure: 0, findings: [[wrong]] }] },
    ['1 runs did not come out right'],
  ],
  ['if few runs are unsure', { kinds: [{ name: 'x', runs: 40, unsure: 4, findings: [] }] }, []],
  [
    'if many runs are unsure',
    { kinds: [{ name: 'x', runs: 39, unsure: 4, findings: [] }] },
    ['of too many runs something could not be found out'],
  ],
  ['if a fault never happened', { processFaults: [['worker killed', 0]] }, ['it never happened: worker killed']],
  ['if no request met a fault', { requestFaults: [['doubled', 0]] }, ['it never happened: faults of requests']],
  ['if no fault was wanted', { processFaults: [], requestFaults: [] }, ['no fault was wanted']],
])('%s', (_, change, problems) => {
  expect(problemsOf({ ...right, ...change })).toEqual(problems)
})
