import { expect, test } from 'vitest'
import type { Cancellation, WatchOutcome } from '../../src/client.ts'
import { judge, unknownIn } from './judge.ts'
import { kinds } from './kinds.ts'
import type { Ending, Played } from './play.ts'
import type { TrueRun } from './truth.ts'

const values = { symbol: 'S1', final: 'done S1' }
const polling_metadata = { poll_count: 1, completion_time_seconds: 1, timestamp: '' }
const retrieval_metadata = { retrieval_duration_seconds: 0, timestamp: '', attempts: [] }

interface Told {
  readonly receipts?: string[]
  readonly cancellations?: Cancellation[]
  readonly isRestarted?: boolean
}

function played(kindName: string, ending: Ending, told: Told = {}): Played {
  const { receipts = [], cancellations = [], isRestarted = false } = told
  const kind = kinds.find(({ name }) => name === kindName)
  if (!kind) throw new Error(`no such kind: ${kindName}`)
  // Of the server nothing else is asked here.
  const part = { kind, symbol: 'S1', server: { isRestarted } } as Played['part']
  return { part, workflowId: 'chaos/S1', threadId: 't', ending, told: { cancellations, receipts } }
}

function ended(outcome: Partial<WatchOutcome>): Extract<Ending, { kind: 'outcome' }> {
  return { kind: 'outcome', outcome: { polling_metadata, retrieval_metadata, ...outcome } as WatchOutcome }
}

const succeeded = (more: object = {}) =>
  ended({ polling_result: 'success_with_results', status: 'success', run_id: 'r1', result: values, ...more })
const failed = (error: string) => ended({ polling_result: 'error', status: 'error', run_id: 'r1', error })
const cancelled = ended({ polling_result: 'interrupted', status: 'interrupted', run_id: 'r1', cancelled: true })

function run(more: Partial<TrueRun> = {}): TrueRun {
  return { runId: 'r1', status: 'success', key: 'default/chaos/S1', values, ...more }
}

const succeeds = 'executed: succeeds'
const asks = 'executed: asks and is answered'
const answeredValues = { ...values, answer: 'answer to S1' }
const continued = (more: Partial<TrueRun> = {}) =>
  run({ runId: 'r2', key: 'default/chaos/S1/x#1', values: answeredValues, ...more })
const toldAnswered = succeeded({ run_id: 'r2', result: answeredValues })
const receipts = { receipts: ['r2'] }
const stopped = run({ status: 'interrupted', values: { symbol: 'S1' } })
const onItsWay = run({ status: 'running', values: { symbol: 'S1' } })
const cancels = 'executed: cancelled'
const stored = 'executed: result of 1.6 MB, in the store'
const mayExist: Cancellation = { result: 'cancel_unconfirmed', error: 'A run may have been created' }
const refused = ended({ polling_result: 'error', status: 'polling_error', error: 'cancelled before it was created' })
const unconfirmed = ended({ ...refused.outcome, cancellation: mayExist })
const { cancelled: _, ...notCalledCancelled } = cancelled.outcome
const unread = ended({ ...notCalledCancelled, ending_verified: false })
const hadEnded: Cancellation = { result: 'had_ended', status: 'interrupted' }
const withWorkflow = 'executed: cancelled with its workflow'

test.each<[says: string, Played, runs: readonly TrueRun[], wrongs: readonly string[]]>([
  ['its own result', played(succeeds, succeeded()), [run()], []],
  ['another result', played(succeeds, succeeded({ result: { symbol: 'S2' } })), [run()], ['wrong']],
  ['the result of a run that is not its own', played(succeeds, succeeded({ run_id: 'r9' })), [run()], ['wrong']],
  ['success, and the run has failed', played(succeeds, succeeded()), [run({ status: 'error' })], ['wrong']],
  ['an error, and the run has succeeded', played(succeeds, failed('boom')), [run()], ['wrong']],
  ['nothing', played(succeeds, { kind: 'none', why: 'the patience is over' }), [run()], ['lost']],
  [
    'that it found no result',
    played(succeeds, ended({ polling_result: 'success_no_results', status: 'success' })),
    [run()],
    ['lost'],
  ],
  [
    'a polling timeout',
    played(succeeds, ended({ polling_result: 'timeout', status: 'polling_timeout' })),
    [run()],
    ['lost'],
  ],
  ['its own result, of two runs', played(succeeds, succeeded()), [run(), run({ runId: 'r2' })], ['doubled']],
  [
    'its own result, beside a run of others',
    played(succeeds, succeeded()),
    [run(), run({ runId: 'r2', key: 'default/chaos/S2' })],
    [],
  ],
  ['its own error', played('executed: fails', failed('ValueError: boom for S1')), [run({ status: 'error' })], []],
  [
    'that it failed, and nobody could read why',
    played('executed: fails', ended({ ...failed('no answer').outcome, ending_verified: false })),
    [run({ status: 'error' })],
    [],
  ],
  ['the error of another run', played('executed: fails', failed('boom for S2')), [run({ status: 'error' })], ['wrong']],
  ['the answered result', played(asks, toldAnswered, receipts), [run(), continued()], []],
  [
    'the answered result, and the graph has another answer',
    played(asks, toldAnswered),
    [run(), continued({ values: { ...answeredValues, answer: 'x' } })],
    ['wrong', 'answer not once'],
  ],
  [
    'a receipt of another run',
    played(asks, toldAnswered, { receipts: ['r9'] }),
    [run(), continued()],
    ['answer not once'],
  ],
  [
    'the answered result, of two answers',
    played(asks, toldAnswered, receipts),
    [run(), continued(), continued({ runId: 'r3' })],
    ['answer not once'],
  ],
  ['cancelled', played('executed: cancelled', cancelled), [stopped], []],
  ['cancelled, and it runs', played('executed: cancelled', cancelled), [onItsWay], ['untrue cancel']],
  [
    'cancelled, and it has finished',
    played('executed: cancelled', cancelled),
    [run({ status: 'error' })],
    ['untrue cancel'],
  ],
  [
    'not created, and it is there',
    played(withWorkflow, { kind: 'cancelled', cancellation: { result: 'not_created' } }),
    [onItsWay],
    ['untrue cancel'],
  ],
  ['not created', played(withWorkflow, { kind: 'cancelled', cancellation: { result: 'not_created' } }), [], []],
  [
    'cancelled with its workflow, and it runs',
    played(withWorkflow, { kind: 'cancelled', cancellation: { result: 'cancelled' } }),
    [onItsWay],
    ['untrue cancel'],
  ],
  [
    'that nobody knows whether it has stopped',
    played(withWorkflow, { kind: 'cancelled', cancellation: { result: 'cancel_unconfirmed' } }),
    [onItsWay],
    [],
  ],
  ['that a run may have been created, and nobody knows', played(cancels, unconfirmed), [onItsWay], []],
  ['so, as the client was', played(cancels, unconfirmed, { cancellations: [mayExist] }), [], []],
  [
    'so, and the client that it was cancelled',
    played(cancels, unconfirmed, { cancellations: [{ result: 'cancelled' }] }),
    [onItsWay],
    ['wrong'],
  ],
  [
    'that nobody knows, to the client alone',
    played(cancels, refused, { cancellations: [mayExist] }),
    [onItsWay],
    ['wrong'],
  ],
  ['that nobody knows, of a run that is known', played('watched: cancelled', unconfirmed), [onItsWay], ['wrong']],
  [
    'that nobody knows, with the id of the run',
    played(cancels, ended({ ...unconfirmed.outcome, run_id: 'r1' })),
    [onItsWay],
    ['wrong'],
  ],
  [
    'a polling timeout, and that nobody knows',
    played(cancels, ended({ polling_result: 'timeout', status: 'polling_timeout', cancellation: mayExist })),
    [onItsWay],
    ['wrong'],
  ],
  ['that it was cancelled, or waits', played(cancels, unread, { cancellations: [mayExist, hadEnded] }), [stopped], []],
  ['so, and the run is running', played(cancels, unread), [onItsWay], ['wrong']],
  ['so, and the run has finished', played(cancels, unread), [run()], ['wrong']],
  [
    'so, and at first that it was cancelled',
    played(cancels, unread, { cancellations: [{ result: 'cancelled' }] }),
    [stopped],
    ['wrong'],
  ],
  ['a result that is kept in the store', played(stored, { ...succeeded(), isStored: true }), [run()], []],
  ['a result that is not kept in the store', played(stored, { ...succeeded(), isStored: false }), [run()], ['wrong']],
])('a client that is told %s', (_, told, runs, wrongs) => {
  expect(judge(told, runs).map(({ wrong }) => wrong)).toEqual(wrongs)
})

test.each<[says: string, Ending, unknown: string | undefined]>([
  ['its own result', succeeded(), undefined],
  ['an error that nobody could read', ended({ ending_verified: false }), 'ending_verified: false'],
  ['that a run may have been created', unconfirmed, 'cancel_unconfirmed'],
  [
    'that its workflow was cancelled, and the run',
    { kind: 'cancelled', cancellation: { result: 'cancelled' } },
    undefined,
  ],
  ['that its workflow was cancelled', { kind: 'cancelled', cancellation: mayExist }, 'cancel_unconfirmed'],
])('a client that is told %s is counted as unsure, or not', (_, ending, unknown) => {
  expect(unknownIn(played(cancels, ending))).toBe(unknown)
})
