import { isDeepStrictEqual } from 'node:util'
import type { WatchOutcome } from '../../src/client.ts'
import type { Finding } from './judge.ts'
import type { Part } from './play.ts'
import type { TrueRun } from './truth.ts'

/** All runs of one that has failed and was retried, in the order of their creation. */
export type Attempts = readonly TrueRun[]

/** Each attempt has a key of its own. */
export function judgeKeys(attempts: Attempts): readonly Finding[] {
  const keys = attempts.map(({ runId, key }) => key ?? runId)
  const twice = [...new Set(keys.filter((key, n) => keys.indexOf(key) !== n))]
  return twice.map((key) => ({ wrong: 'doubled', text: `more than one run has the key ${key}` }))
}

/** The outcome lists the runs that the server has, each once, and they failed as often as the graph does. */
export function judgeAttempts(part: Part, outcome: WatchOutcome, attempts: Attempts): readonly Finding[] {
  return [...misreported(outcome, attempts), ...(isGivenUp(outcome, attempts) ? [] : unlike(part, outcome, attempts))]
}

function misreported({ runs = [], polling_metadata }: WatchOutcome, attempts: Attempts): readonly Finding[] {
  const listed = runs.map(({ run_id, status, continued_by }) => ({ run_id, status, continued_by }))
  const known = attempts.map(({ runId, status }, n) => ({
    run_id: runId,
    status,
    continued_by: n < attempts.length - 1 ? 'retry' : undefined,
  }))
  const isTrue = isDeepStrictEqual(listed, known) && polling_metadata.attempts === attempts.length
  const text = `${polling_metadata.attempts} attempts, ${JSON.stringify(runs)}; the server has ${JSON.stringify(known)}`
  return isTrue ? [] : [{ wrong: 'wrong', text }]
}

/** What it says of the last run is true, and why nothing continues it could not be read. */
function isGivenUp({ status, run_id, ending_verified }: WatchOutcome, attempts: Attempts): boolean {
  const last = attempts.at(-1)
  return status === 'error' && ending_verified === false && last?.status === 'error' && last.runId === run_id
}

function unlike({ kind, server, symbol }: Part, outcome: WatchOutcome, attempts: Attempts): readonly Finding[] {
  if (outcome.polling_result !== 'success_with_results') {
    const isLost = outcome.status === 'success' || outcome.status.startsWith('polling_')
    return [{ wrong: isLost ? 'lost' : 'wrong', text: JSON.stringify(outcome) }]
  }
  const { size = 0 } = kind.input
  const last = attempts.at(-1)
  const values = last?.values ?? {}
  const failed = attempts.filter(({ status }) => status === 'error').length
  // The first node has run once, and the second one fails so often after every restart of its server.
  const isAsExpected =
    last !== undefined &&
    last.runId === outcome.run_id &&
    last.status === 'success' &&
    failed === attempts.length - 1 &&
    (server.isRestarted ? failed >= size : failed === size) &&
    isDeepStrictEqual(outcome.result, values) &&
    values['symbol'] === symbol &&
    values['partial'] === 'prepared 1 times' &&
    values['final'] === `${symbol} at attempt ${size + 1}`
  const text = `its result is ${JSON.stringify(outcome.result)}; the server has ${JSON.stringify(attempts)}`
  return isAsExpected ? [] : [{ wrong: 'wrong', text: text.slice(0, 2000) }]
}
