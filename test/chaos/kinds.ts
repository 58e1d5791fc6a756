import type { RetryInput } from '../../src/client.ts'
import type { GraphName } from '../support/graphs.ts'

export type Act = 'answer' | 'cancel the run' | 'cancel the workflow'

/** One kind of run. */
export interface Kind {
  readonly name: string
  /** `watchRun`: somebody else has created the run. */
  readonly by: 'executeRun' | 'watchRun'
  readonly graph: GraphName
  /** Beside `symbol`, which is the run's own. */
  readonly input: { readonly seconds?: number; readonly size?: number }
  /** How the watch waits. */
  readonly options?: { readonly onInterrupt: 'wait' } | { readonly retry: RetryInput }
  /** So many runs in a row have one thread. */
  readonly onOneThread?: number
  /** What the client does meanwhile. */
  readonly act?: Act
  /** Its result is too large for Temporal, and is kept in the store. */
  readonly isStored?: true
  /** `recovered`: it fails as often as `size` says, each time in another run, and then succeeds. */
  readonly ends: 'result' | 'error' | 'cancelled' | 'recovered'
}

/** Longer than any patience. */
const endless = 3600
const asked = { onInterrupt: 'wait' } as const
/** With attempts to spare: a server that is restarted forgets how often the graph has failed. */
const retried = { retry: { maximumAttempts: 100, initialInterval: '1s', backoffCoefficient: 1 } } as const

/**
 * The rows of the table that the program prints. Every run takes a second: the second copy of a creation would come after the end
 * of a shorter one, and make a second run, which is not promised.
 */
export const kinds: readonly [Kind, ...Kind[]] = [
  { name: 'executed: succeeds', by: 'executeRun', graph: 'work', input: { seconds: 2 }, ends: 'result' },
  { name: 'watched: succeeds', by: 'watchRun', graph: 'work', input: { seconds: 3 }, ends: 'result' },
  { name: 'executed: fails', by: 'executeRun', graph: 'fail', input: { seconds: 1 }, ends: 'error' },
  { name: 'watched: fails', by: 'watchRun', graph: 'fail', input: { seconds: 2 }, ends: 'error' },
  {
    name: 'executed: fails twice and is retried',
    by: 'executeRun',
    graph: 'recovering',
    input: { seconds: 1, size: 2 },
    options: retried,
    ends: 'recovered',
  },
  {
    name: 'watched: fails once and is retried',
    by: 'watchRun',
    graph: 'recovering',
    input: { seconds: 1, size: 1 },
    options: retried,
    ends: 'recovered',
  },
  {
    name: 'executed: asks and is answered',
    by: 'executeRun',
    graph: 'human',
    input: { seconds: 1 },
    options: asked,
    act: 'answer',
    ends: 'result',
  },
  {
    name: 'watched: asks and is answered',
    by: 'watchRun',
    graph: 'human',
    input: { seconds: 1 },
    options: asked,
    act: 'answer',
    ends: 'result',
  },
  {
    name: 'executed: cancelled',
    by: 'executeRun',
    graph: 'work',
    input: { seconds: endless },
    act: 'cancel the run',
    ends: 'cancelled',
  },
  {
    name: 'watched: cancelled',
    by: 'watchRun',
    graph: 'work',
    input: { seconds: endless },
    act: 'cancel the run',
    ends: 'cancelled',
  },
  {
    name: 'executed: cancelled with its workflow',
    by: 'executeRun',
    graph: 'work',
    input: { seconds: endless },
    act: 'cancel the workflow',
    ends: 'cancelled',
  },
  {
    name: 'executed: result of 1 MB',
    by: 'executeRun',
    graph: 'work',
    input: { seconds: 1, size: 1_000_000 },
    ends: 'result',
  },
  {
    name: 'executed: result of 1.6 MB, in the store',
    by: 'executeRun',
    graph: 'work',
    input: { seconds: 1, size: 1_600_000 },
    isStored: true,
    ends: 'result',
  },
  {
    name: 'executed: on one thread with two others',
    by: 'executeRun',
    graph: 'work',
    input: { seconds: 1 },
    onOneThread: 3,
    ends: 'result',
  },
  {
    name: 'watched: on one thread with two others',
    by: 'watchRun',
    graph: 'work',
    input: { seconds: 1 },
    onOneThread: 3,
    ends: 'result',
  },
]
