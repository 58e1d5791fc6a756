import { expect, test } from 'vitest'
import type { WatchOutcome } from '../../src/client.ts'
import { judge } from './judge.ts'
import { kinds } from './kinds.ts'
import type { Played } from './play.ts'
import type { TrueRun } from './truth.ts'

const key = 'default/chaos/S1'
const values = { symbol: 'S1', partial: 'prepared 1 times', final: 'S1 at attempt 3' }

function failed(runId: string, ofKey: string): TrueRun {
  return { runId, status: 'error', key: ofKey, values: {} }
}

const first = failed('r1', key)
const second = failed('r2', `${key}/x#1`)
const third: TrueRun = { runId: 'r3', status: 'success', key: `${key}/x#2`, values }
const again = { ...second, runId: 'r4' }
const wholeChain = [first, second, third]

/** The outcome of these runs. */
function outcomeOf(runs: readonly TrueRun[], more: object = {}) {
  const listed = runs.map(({ runId, status }, n) => ({
    run_id: runId,
    status,
    ...(n < runs.length - 1 && { continued_by: 'retry' }),
  }))
  const polling_metadata = { attempts: runs.length }
  const last = { run_id: runs.at(-1)?.runId, status: runs.at(-1)?.status }
  return { polling_result: 'success_with_results', ...last, result: values, runs: listed, polling_metadata, ...more }
}

const failure = { polling_result: 'error', status: 'error', error: 'ModelError: attempt 1 failed' }
const unverified = { ...failure, ending_verified: false }
const polling = { polling_result: 'error', status: 'polling_error', error: 'no answer' }

function played(outcome: object, isRestarted = false): Played {
  const kind = kinds.find(({ name }) => name === 'executed: fails twice and is retried')
  const part = { kind, symbol: 'S1', server: { isRestarted } } as Played['part']
  const ending = { kind: 'outcome', outcome: outcome as WatchOutcome } as const
  return { part, workflowId: 'chaos/S1', threadId: 't', ending, told: { cancellations: [], receipts: [] } }
}

test.each<[says: string, Played, runs: readonly TrueRun[], wrongs: readonly string[]]>([
  ['all attempts', played(outcomeOf(wholeChain)), wholeChain, []],
  ['all but one attempt', played(outcomeOf([first, third])), wholeChain, ['wrong']],
  [
    'all attempts, of which one was made twice',
    played(outcomeOf(wholeChain)),
    [...wholeChain, again],
    ['doubled', 'wrong', 'wrong'],
  ],
  [
    'that attempt twice',
    played(outcomeOf([first, second, again, third])),
    [first, second, again, third],
    ['doubled', 'wrong'],
  ],
  [
    'all attempts, of two first ones',
    played(outcomeOf(wholeChain)),
    [...wholeChain, { ...first, runId: 'r0' }],
    ['doubled', 'wrong', 'wrong'],
  ],
  [
    'all attempts, but counts others',
    played(outcomeOf(wholeChain, { polling_metadata: { attempts: 2 } })),
    wholeChain,
    ['wrong'],
  ],
  ['another result', played(outcomeOf(wholeChain, { result: { ...values, final: '' } })), wholeChain, ['wrong']],
  [
    'the result of a first node that has run twice',
    played(outcomeOf(wholeChain, { result: { ...values, partial: 'prepared 2 times' } })),
    [first, second, { ...third, values: { ...values, partial: 'prepared 2 times' } }],
    ['wrong'],
  ],
  ['one attempt too few', played(outcomeOf([first, third])), [first, third], ['wrong']],
  [
    'an attempt more',
    played(outcomeOf([first, failed('r9', `${key}/x#9`), second, third])),
    [first, failed('r9', `${key}/x#9`), second, third],
    ['wrong'],
  ],
  [
    'an attempt more, of a server that forgets',
    played(outcomeOf([first, failed('r9', `${key}/x#9`), second, third]), true),
    [first, failed('r9', `${key}/x#9`), second, third],
    [],
  ],
  ['that it was not retried', played(outcomeOf([first], failure)), [first], ['wrong']],
  ['that why it failed could not be read', played(outcomeOf([first], unverified)), [first], []],
  ['so, and it was retried', played(outcomeOf([first], unverified)), wholeChain, ['wrong', 'wrong']],
  ['that nobody could find out', played(outcomeOf([first], polling)), [first], ['lost']],
])('a client that is told %s', (_, told, runs, wrongs) => {
  expect(judge(told, runs).map(({ wrong }) => wrong)).toEqual(wrongs)
})
