import type { GraphName } from '../support/graphs.ts'

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
  readonly act?: 'answer' | 'cancel the run' | 'cancel the workflow'
  readonly ends: 'result' | 'error' | 'cancelled'
}

/** Longer than any patience. */
const endless = 3600
const asked = { onInterrupt: 'wait' } as const

/** The rows of the table that the program prints. */
export const kinds: readonly [Kind, ...Kind[]] = [
  { name: 'succeeds', by: 'executeRun', graph: 'work', input: { seconds: 2 }, ends: 'result' },
  { name: 'succeeds, watched', by: 'watchRun', graph: 'work', input: { seconds: 3 }, ends: 'result' },
  { name: 'fails', by: 'executeRun', graph: 'fail', input: { seconds: 1 }, ends: 'error' },
  { name: 'fails, watched', by: 'watchRun', graph: 'fail', input: { seconds: 2 }, ends: 'error' },
  {
    name: 'asks and is answered',
    by: 'executeRun',
    graph: 'human',
    input: { seconds: 1 },
    options: asked,
    act: 'answer',
    ends: 'result',
  },
  {
    name: 'asks and is answered, watched',
    by: 'watchRun',
    graph: 'human',
    input: { seconds: 1 },
    options: asked,
    act: 'answer',
    ends: 'result',
  },
  {
    name: 'cancelled',
    by: 'executeRun',
    graph: 'work',
    input: { seconds: endless },
    act: 'cancel the run',
    ends: 'cancelled',
  },
  {
    name: 'cancelled, watched',
    by: 'watchRun',
    graph: 'work',
    input: { seconds: endless },
    act: 'cancel the run',
    ends: 'cancelled',
  },
  {
    name: 'cancelled with its workflow',
    by: 'executeRun',
    graph: 'work',
    input: { seconds: endless },
    act: 'cancel the workflow',
    ends: 'cancelled',
  },
  { name: 'result of 1 MB', by: 'executeRun', graph: 'work', input: { seconds: 1, size: 1_000_000 }, ends: 'result' },
  {
    name: 'on one thread with two others',
    by: 'executeRun',
    graph: 'work',
    input: { seconds: 1 },
    onOneThread: 3,
    ends: 'result',
  },
  {
    name: 'on one thread with two others, watched',
    by: 'watchRun',
    graph: 'work',
    input: { seconds: 1 },
    onOneThread: 3,
    ends: 'result',
  },
]
