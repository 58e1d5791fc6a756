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
  readonly options?: { readonly onInterrupt: 'wait' }
  /** So many runs in a row have one thread. */
  readonly onOneThread?: number
  /** What the client does meanwhile. */
  readonly act?: Act
  readonly ends: 'result' | 'error' | 'cancelled'
}

/** Longer than any patience. */
const endless = 3600
const asked = { onInterrupt: 'wait' } as const

/** The rows of the table that the program prints. */
export const kinds: readonly [Kind, ...Kind[]] = [
  { name: 'executed: succeeds', by: 'executeRun', graph: 'work', input: { seconds: 2 }, ends: 'result' },
  { name: 'watched: succeeds', by: 'watchRun', graph: 'work', input: { seconds: 3 }, ends: 'result' },
  { name: 'executed: fails', by: 'executeRun', graph: 'fail', input: { seconds: 1 }, ends: 'error' },
  { name: 'watched: fails', by: 'watchRun', graph: 'fail', input: { seconds: 2 }, ends: 'error' },
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
