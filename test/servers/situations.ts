import { setTimeout as pause } from 'node:timers/promises'
import { Client } from '@langchain/langgraph-sdk'
import { expect, vi } from 'vitest'
import type { BackgroundRuns, ExecuteRunInput, WatchOutcome, WatchRunInput } from '../../src/client.ts'
import type { GraphName } from '../support/graphs.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'
import type { Dialect } from './servers.ts'

export interface Ids {
  readonly threadId: string
  readonly runId: string
}

/** A workflow that creates its run. */
export interface Execution {
  readonly workflowId: string
  result(): Promise<WatchOutcome>
  /** Starts it once more, when it has ended. */
  again(): Promise<Execution>
}

interface StartOptions {
  /** Default: a new one. */
  readonly workflowId?: string
  /** Through the stage's proxy. */
  readonly isProxied?: boolean
}

/** What a situation works with: one real server, and the real workflows. */
export interface Stage {
  readonly dialect: Dialect
  readonly langGraph: Client
  readonly runs: BackgroundRuns
  readonly proxy: TcpProxy
  create(graph: GraphName, input: unknown, options?: RunOptions, threadId?: string): Promise<Ids>
  ended(ids: Ids): Promise<void>
  watch(ids: Ids, options?: Omit<WatchRunInput, 'threadId' | 'runId'>): Promise<WatchOutcome>
  start(input: ExecuteRunInput, options?: StartOptions): Promise<Execution>
}

export type RunOptions = Omit<NonNullable<Parameters<Client['runs']['create']>[2]>, 'input'>

/** One row of the matrix: brings a run into a situation, watches it, and checks what the watch reports. */
export interface Situation {
  readonly title: string
  /** Dialects on which the situation cannot come about, and why. */
  readonly not?: Partial<Record<Dialect, string>>
  readonly play: (stage: Stage) => Promise<WatchOutcome>
  readonly expected: object | ((dialect: Dialect) => object)
}

export function createStage(
  dialect: Dialect,
  url: string,
  workflows: Pick<Stage, 'watch' | 'start' | 'runs' | 'proxy'>,
): Stage {
  const langGraph = new Client({
    apiUrl: url,
    apiKey: null,
    // Python servers close a connection after 5 s without a request, which a request may be using just then.
    defaultHeaders: { connection: 'close' },
    callerOptions: { maxRetries: 0, maxConcurrency: Infinity },
  })
  return {
    dialect,
    langGraph,
    ...workflows,
    async create(graph, input, options, threadId) {
      const thread = threadId ?? (await langGraph.threads.create()).thread_id
      const run = await langGraph.runs.create(thread, graph, { input: input as null, ...options })
      return { threadId: thread, runId: run.run_id }
    },
    async ended({ threadId, runId }) {
      const status = async () => (await langGraph.runs.get(threadId, runId)).status
      await vi.waitUntil(async () => !/pending|running/.test(await status()), { timeout: 60_000 })
      if (dialect !== 'aegra 0.6.0') return
      // It refuses an answer until its thread has ended too.
      const ofThread = async () => (await langGraph.threads.get(threadId)).status
      await vi.waitUntil(async () => (await ofThread()) !== 'busy', { timeout: 60_000 })
    },
  }
}

export const aapl = { symbol: 'AAPL' }
const slow = { symbol: 'AAPL', seconds: 3 }
export const done = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }
export const boom = {
  polling_result: 'error',
  status: 'error',
  error: 'ValueError: boom for AAPL',
  failed_nodes: ['work'],
}
export const result = (value: object, strategy?: string) => ({
  polling_result: 'success_with_results',
  status: 'success',
  result: value,
  ...(strategy && { retrieval_metadata: expect.objectContaining({ strategy_used: strategy }) }),
})
export const asked = (...nodes: readonly (readonly [string | undefined, unknown])[]) => ({
  polling_result: 'interrupted',
  status: 'interrupted',
  interrupts: nodes.map(([node, value]) => ({ id: expect.any(String), value, ...(node && { node }) })),
})
const question = [['ask', { question: 'buy AAPL?' }]] as const
const breakpoint = (next: string) => ({
  polling_result: 'interrupted',
  status: 'interrupted',
  interrupts: [],
  next: [next],
})
/** Never a success: the run may wait for a human. */
export const notProvable = (graph: GraphName, later: GraphName) => ({
  polling_result: 'error',
  status: 'polling_error',
  ending_verified: false,
  error: expect.stringMatching(
    new RegExp(`cannot be proven: .*another graph \\("${later}"\\), which hides how this run of "${graph}" ended`),
  ),
})
const gone = (text: RegExp) => ({
  polling_result: 'error',
  status: 'polling_error',
  error: expect.stringMatching(text),
})
export const cancelled = (dialect: Dialect) => ({
  ...(dialect === 'JS 2.0.0'
    ? { polling_result: 'error', status: 'error' }
    : { polling_result: 'interrupted', status: 'interrupted' }),
  error: expect.stringMatching(/^The run was cancelled/),
  cancelled: true,
})
/** Somebody else cancelled the run, and their request has read its stream, which alone tells of it on JS 2.0.0. */
export const cancelledUnheard = (dialect: Dialect) =>
  dialect === 'JS 2.0.0'
    ? { polling_result: 'error', status: 'error', error: expect.stringMatching(/^The run failed or was cancelled/) }
    : cancelled(dialect)
export const resumable = { streamResumable: true } as const
export const keepsStreams = (dialect: Dialect) => dialect !== 'aegra 0.6.0'
export const notOnAegra = (reason: string) => ({ 'aegra 0.6.0': reason })
const noBreakpoints = notOnAegra('runs through them')
const noCopies = notOnAegra('has no copies')
export const wantsNewInput = notOnAegra('wants a new input')
const noRollback = notOnAegra('has no rollback')
const noStrategies = notOnAegra('runs both at once')
const recursionLimit = { config: { recursion_limit: 1 } } as const
const recursionLimitReached = (dialect: Dialect) => ({
  polling_result: 'error',
  status: 'error',
  // aegra keeps the error's name only if a node failed.
  error: expect.stringMatching(
    dialect === 'aegra 0.6.0' ? /^Recursion limit of 1/ : /^GraphRecursionError: Recursion limit of 1/,
  ),
})

export async function isRunning(stage: Stage, { threadId, runId }: Ids): Promise<void> {
  const status = async () => (await stage.langGraph.runs.get(threadId, runId)).status
  await vi.waitUntil(async () => (await status()) === 'running', { timeout: 20_000 })
  // Into its first node, so that it has something to leave behind.
  await pause(500)
}

/** `cancelled` would tell it apart from a run that waits for a human, or that failed. */
function uncancelled(outcome: WatchOutcome): WatchOutcome {
  expect(outcome).not.toHaveProperty('cancelled')
  return outcome
}

export async function first(stage: Stage, ...run: Parameters<Stage['create']>): Promise<Ids> {
  const ids = await stage.create(...run)
  await stage.ended(ids)
  return ids
}

/** A run of `graph` that ended, and after it another one on its thread. */
export async function thenLater(
  stage: Stage,
  [graph, input, options]: readonly [GraphName, unknown, RunOptions?],
  [laterGraph, laterInput, laterOptions]: readonly [GraphName, unknown, RunOptions?],
): Promise<{ earlier: Ids; later: Ids }> {
  const earlier = await first(stage, graph, input, options)
  const later = await stage.create(laterGraph, laterInput, laterOptions, earlier.threadId)
  return { earlier, later }
}

export const situations: readonly Situation[] = [
  {
    title: 'success',
    play: async (stage) => stage.watch(await stage.create('work', slow)),
    expected: result({ ...done, seconds: 3 }, 'thread_state'),
  },
  {
    title: 'success, resumable stream',
    play: async (stage) => stage.watch(await stage.create('work', aapl, { ...resumable, streamMode: ['values'] })),
    expected: (dialect) => result(done, keepsStreams(dialect) ? 'stream_values' : 'thread_state'),
  },
  {
    title: 'success, resumable stream of mode updates',
    play: async (stage) => stage.watch(await stage.create('work', aapl, { ...resumable, streamMode: ['updates'] })),
    expected: result(done, 'thread_state'),
  },
  {
    title: 'success, unicode values',
    play: async (stage) => stage.watch(await stage.create('work', { symbol: 'Ä€😀\u2028' })),
    expected: result({ symbol: 'Ä€😀\u2028', partial: 'partial Ä€😀\u2028', final: 'done Ä€😀\u2028' }),
  },
  {
    title: 'graph failed',
    play: async (stage) => stage.watch(await stage.create('fail', aapl)),
    expected: boom,
  },
  {
    title: 'graph failed, resumable stream',
    play: async (stage) => stage.watch(await stage.create('fail', aapl, resumable)),
    expected: boom,
  },
  {
    title: 'graph failed, then a later run failed otherwise',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['fail', aapl], ['fail', { symbol: 'MSFT' }])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    expected: boom,
  },
  {
    title: 'graph failed, then a later run succeeded',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['fail', aapl], ['work', { symbol: 'MSFT' }])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    expected: boom,
  },
  {
    title: 'success, then cancelled by somebody',
    play: async (stage) => stage.watch(await cancelledLate(stage, 'work')),
    expected: result(done, 'thread_state'),
  },
  {
    title: 'graph failed, then cancelled by somebody',
    play: async (stage) => stage.watch(await cancelledLate(stage, 'fail')),
    expected: boom,
  },
  {
    title: 'failed between nodes (recursion limit), resumable stream',
    play: async (stage) => stage.watch(await stage.create('work', aapl, { ...recursionLimit, ...resumable })),
    expected: recursionLimitReached,
  },
  {
    title: 'failed between nodes (recursion limit)',
    play: async (stage) => stage.watch(await stage.create('work', aapl, recursionLimit)),
    expected: recursionLimitReached,
  },
  {
    title: 'failed at its input',
    not: notOnAegra('refuses to create it'),
    play: async (stage) => stage.watch(await stage.create('work', 'no object')),
    expected: { polling_result: 'error', status: 'error', error: expect.stringMatching(/^\w+Error: Expected /) },
  },
  {
    title: 'interrupt()',
    play: async (stage) => uncancelled(await stage.watch(await stage.create('human', aapl))),
    expected: { ...asked(...question), next: ['ask'] },
  },
  {
    title: 'interrupt(), resumable stream',
    play: async (stage) => stage.watch(await stage.create('human', aapl, resumable)),
    expected: asked(...question),
  },
  {
    title: 'interrupt(), retrieval order without thread_state',
    play: async (stage) =>
      stage.watch(await stage.create('human', aapl, resumable), { retrievalOrder: ['join_stream', 'stream_values'] }),
    expected: asked(...question),
  },
  {
    title: 'interrupt(), stream of mode updates',
    play: async (stage) => stage.watch(await stage.create('human', aapl, { streamMode: ['updates'] })),
    expected: { ...asked(...question), next: ['ask'] },
  },
  {
    title: 'two interrupts at once',
    play: async (stage) => stage.watch(await stage.create('two_humans', aapl)),
    expected: { ...asked(['ask', 'first?'], ['ask_too', 'second?']), next: ['ask', 'ask_too'] },
  },
  {
    title: 'interrupt() in a subgraph',
    play: async (stage) => stage.watch(await stage.create('nested_human', aapl)),
    expected: asked(['child', { question: 'inside?' }]),
  },
  {
    title: 'interrupt(), resumed by a later run',
    play: async (stage) => {
      const { earlier, later } = await thenLater(
        stage,
        ['human', aapl],
        ['human', undefined, { command: { resume: 'yes' } }],
      )
      await stage.ended(later)
      return stage.watch(earlier)
    },
    expected: asked(...question),
  },
  {
    title: 'the run that resumed it',
    play: async (stage) => {
      const { later } = await thenLater(stage, ['human', aapl], ['human', undefined, { command: { resume: 'yes' } }])
      return stage.watch(later)
    },
    expected: result({ ...done, answer: 'yes' }),
  },
  {
    title: 'a run that answered one of two questions: no checkpoint is its own',
    play: async (stage) => stage.watch(await answeredOneOfTwo(stage)),
    expected: asked(['ask_too', 'second?']),
  },
  {
    title: 'a run that answered one of two questions, resumable stream',
    play: async (stage) => stage.watch(await answeredOneOfTwo(stage, resumable)),
    expected: asked([undefined, 'second?']),
  },
  {
    title: 'breakpoint before a node',
    not: noBreakpoints,
    play: async (stage) => stage.watch(await stage.create('work', aapl, { interruptBefore: ['work'] })),
    expected: breakpoint('work'),
  },
  {
    title: 'breakpoint after a node, resumable stream',
    not: noBreakpoints,
    play: async (stage) => stage.watch(await stage.create('work', aapl, { interruptAfter: ['prepare'], ...resumable })),
    expected: breakpoint('work'),
  },
  {
    title: 'breakpoint, passed by a later run',
    not: noBreakpoints,
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['work', aapl, { interruptBefore: ['work'] }], ['work', null])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    expected: breakpoint('work'),
  },
  {
    title: 'interrupt(), then a later run with new input',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['human', aapl], ['human', { symbol: 'MSFT' }])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    expected: asked(...question),
  },
  {
    title: 'interrupt(), then a later run of another graph: not provable, and no partial values',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['human', aapl], ['work', { symbol: 'MSFT' }])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    // The JS servers still have the run's stream, and aegra has the run's output: both show the question.
    expected: (dialect) =>
      dialect === 'Python 0.16.7' ? notProvable('human', 'work') : asked([undefined, { question: 'buy AAPL?' }]),
  },
  {
    title: 'a later run finished',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['work', aapl], ['work', { symbol: 'MSFT' }])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    expected: result(done, 'thread_state'),
  },
  {
    title: 'a later run is running',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['work', aapl], ['work', { symbol: 'MSFT', seconds: 5 }])
      await isRunning(stage, later)
      return stage.watch(earlier)
    },
    expected: result(done),
  },
  {
    title: 'a later run failed',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['work', aapl], ['work', { symbol: 'MSFT' }, recursionLimit])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    expected: result(done, 'thread_state'),
  },
  {
    title: 'a later run of another graph finished: not provable by the checkpoints',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['work', aapl], ['fail', { symbol: 'MSFT' }])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    // The JS servers still have the run's stream, and aegra has the run's output.
    expected: (dialect) =>
      dialect === 'Python 0.16.7'
        ? notProvable('work', 'fail')
        : result(done, keepsStreams(dialect) ? 'join_stream' : 'thread_state'),
  },
  {
    title: 'a later run of another graph finished, resumable stream',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['work', aapl, resumable], ['fail', { symbol: 'MSFT' }])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    expected: (dialect) => result(done, keepsStreams(dialect) ? 'stream_values' : 'thread_state'),
  },
  {
    title: 'a later run of a graph with fewer channels finished: not provable by the checkpoints',
    play: async (stage) => {
      const { earlier, later } = await thenLater(stage, ['work', aapl], ['few_channels', { symbol: 'MSFT' }])
      await stage.ended(later)
      return stage.watch(earlier)
    },
    expected: (dialect) =>
      dialect === 'Python 0.16.7'
        ? notProvable('work', 'few_channels')
        : result(done, keepsStreams(dialect) ? 'join_stream' : 'thread_state'),
  },
  {
    title: 'a later run is enqueued behind it',
    not: noStrategies,
    play: async (stage) => {
      const earlier = await stage.create('work', slow)
      const later = await stage.create('work', { symbol: 'MSFT' }, { multitaskStrategy: 'enqueue' }, earlier.threadId)
      const [outcome] = await Promise.all([stage.watch(earlier), stage.ended(later)])
      return outcome
    },
    expected: result({ ...done, seconds: 3 }),
  },
  {
    title: 'the enqueued run itself',
    not: noStrategies,
    play: async (stage) => {
      const earlier = await stage.create('work', slow)
      return stage.watch(
        await stage.create('work', { symbol: 'MSFT', seconds: 0 }, { multitaskStrategy: 'enqueue' }, earlier.threadId),
      )
    },
    expected: result({ symbol: 'MSFT', partial: 'partial MSFT', final: 'done MSFT', seconds: 0 }),
  },
  {
    title: 'a run that forked from an older checkpoint',
    not: wantsNewInput,
    play: async (stage) => stage.watch((await forked(stage)).fork),
    expected: result(done),
  },
  {
    title: 'the run that was forked from',
    not: wantsNewInput,
    play: async (stage) => stage.watch((await forked(stage)).origin),
    expected: result(done),
  },
  {
    title: "the thread's state updated by hand afterwards",
    play: async (stage) => {
      const ids = await first(stage, 'work', aapl)
      await stage.langGraph.threads.updateState(ids.threadId, { values: { final: 'by hand' }, asNode: 'work' })
      return stage.watch(ids)
    },
    expected: result(done),
  },
  {
    title: 'interrupt(), then the state updated by hand',
    play: async (stage) => {
      const ids = await first(stage, 'human', aapl)
      await stage.langGraph.threads.updateState(ids.threadId, { values: { answer: 'by hand' }, asNode: 'ask' })
      return stage.watch(ids)
    },
    expected: asked(...question),
  },
  {
    title: 'the thread was copied',
    not: noCopies,
    play: async (stage) => {
      const ids = await first(stage, 'work', aapl)
      await stage.langGraph.threads.copy(ids.threadId)
      return stage.watch(ids)
    },
    expected: result(done),
  },
  {
    title: 'the run asked for on the copied thread',
    not: noCopies,
    play: async (stage) => {
      const { threadId, runId } = await first(stage, 'work', aapl)
      const copy = await stage.langGraph.threads.copy(threadId)
      return stage.watch({ threadId: copy.thread_id, runId })
    },
    expected: gone(/404.*never was on this thread/),
  },
  {
    title: 'a run on the copied thread',
    not: noCopies,
    play: async (stage) => {
      const { threadId } = await first(stage, 'work', aapl)
      const copy = await stage.langGraph.threads.copy(threadId)
      return stage.watch(await stage.create('work', { symbol: 'MSFT' }, undefined, copy.thread_id))
    },
    expected: result({ symbol: 'MSFT', partial: 'partial MSFT', final: 'done MSFT' }),
  },
  {
    title: 'cancelled while running',
    play: async (stage) => {
      const ids = await stage.create('work', { symbol: 'AAPL', seconds: 15 })
      await isRunning(stage, ids)
      await stage.langGraph.runs.cancel(ids.threadId, ids.runId)
      const outcome = await stage.watch(ids)
      return stage.dialect === 'JS 2.0.0' ? uncancelled(outcome) : outcome
    },
    expected: cancelledUnheard,
  },
  {
    title: 'cancelled while running, resumable stream',
    play: async (stage) => {
      const ids = await stage.create('work', { symbol: 'AAPL', seconds: 15 }, resumable)
      await isRunning(stage, ids)
      const watched = stage.watch(ids)
      await stage.langGraph.runs.cancel(ids.threadId, ids.runId)
      return watched
    },
    expected: cancelled,
  },
  {
    title: 'cancelled while pending',
    not: noStrategies,
    play: async (stage) => {
      const earlier = await stage.create('work', { symbol: 'MSFT', seconds: 4 })
      await isRunning(stage, earlier)
      const ids = await stage.create('work', aapl, { multitaskStrategy: 'enqueue' }, earlier.threadId)
      await stage.langGraph.runs.cancel(ids.threadId, ids.runId)
      return stage.watch(ids)
    },
    expected: { polling_result: 'interrupted', status: 'interrupted', error: 'The run was cancelled', cancelled: true },
  },
  {
    title: 'interrupted by a later run (multitask strategy interrupt)',
    not: noStrategies,
    play: async (stage) => {
      const ids = await stage.create('work', { symbol: 'AAPL', seconds: 15 })
      await isRunning(stage, ids)
      await stage.create('work', { symbol: 'MSFT', seconds: 0 }, { multitaskStrategy: 'interrupt' }, ids.threadId)
      return stage.watch(ids)
    },
    expected: cancelled,
  },
  {
    title: 'rolled back by cancelling',
    not: noRollback,
    play: async (stage) => {
      const ids = await stage.create('work', { symbol: 'AAPL', seconds: 15 })
      await isRunning(stage, ids)
      await stage.langGraph.runs.cancel(ids.threadId, ids.runId, false, 'rollback')
      return uncancelled(await stage.watch(ids))
    },
    expected: (dialect) =>
      dialect === 'Python 0.16.7'
        ? gone(/404.*deleted or rolled back/)
        : {
            polling_result: 'error',
            status: 'error',
            error: expect.stringMatching(/^The run failed or was cancelled/),
          },
  },
  {
    title: 'rolled back by a later run',
    not: noStrategies,
    play: async (stage) => {
      const ids = await stage.create('work', { symbol: 'AAPL', seconds: 15 })
      await isRunning(stage, ids)
      const watched = stage.watch(ids)
      await stage.create('work', { symbol: 'MSFT', seconds: 0 }, { multitaskStrategy: 'rollback' }, ids.threadId)
      return watched
    },
    expected: (dialect) =>
      dialect === 'Python 0.16.7'
        ? gone(/404.*deleted or rolled back/)
        : {
            polling_result: 'error',
            status: 'error',
            error: expect.stringMatching(/^The run was cancelled/),
            cancelled: true,
          },
  },
  {
    title: 'the run was deleted',
    play: async (stage) => {
      const ids = await first(stage, 'work', aapl)
      await stage.langGraph.runs.delete(ids.threadId, ids.runId)
      return stage.watch(ids)
    },
    expected: gone(/404.*Its thread is there: the run was deleted or rolled back/),
  },
  {
    title: 'the thread was deleted',
    play: async (stage) => {
      const ids = await first(stage, 'work', aapl)
      await stage.langGraph.threads.delete(ids.threadId)
      return stage.watch(ids)
    },
    expected: gone(/404.*Its thread is not there either: the thread was deleted/),
  },
  {
    title: 'a stateless run that finished',
    not: notOnAegra('has no stateless runs'),
    play: async (stage) => {
      const run = await stage.langGraph.runs.create(null, 'work', { input: slow })
      return stage.watch({ threadId: run.thread_id, runId: run.run_id })
    },
    expected: gone(/404.*the run was stateless and has finished.*At an earlier poll it was there/),
  },
  {
    title: 'an unknown run of a known thread',
    play: async (stage) => {
      const { threadId } = await stage.langGraph.threads.create().then((thread) => ({ threadId: thread.thread_id }))
      return stage.watch({ threadId, runId: '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b' })
    },
    expected: gone(/404.*no such run/),
  },
  {
    title: 'ids in upper case',
    play: async (stage) => {
      const { threadId, runId } = await first(stage, 'work', aapl)
      return stage.watch({ threadId: threadId.toUpperCase(), runId: runId.toUpperCase() })
    },
    expected: result(done),
  },
  {
    title: "the server's own time limit",
    not: { 'JS 1.5.1': 'has no time limit', 'JS 2.0.0': 'has no time limit', 'aegra 0.6.0': 'has no time limit' },
    play: async (stage) => stage.watch(await stage.create('work', { symbol: 'AAPL', seconds: 120 })),
    expected: { polling_result: 'timeout', status: 'timeout', error: expect.stringMatching(/time limit/) },
  },
  {
    title: 'a state of 4 MB',
    play: async (stage) => stage.watch(await stage.create('work', { symbol: 'AAPL', size: 4_000_000 })),
    expected: {
      polling_result: 'success_no_results',
      result_reference: { thread_id: expect.any(String), checkpoint_id: expect.any(String), bytes: 4_000_087 },
    },
  },
  {
    title: 'two fields of a state of 4 MB',
    play: async (stage) =>
      stage.watch(await stage.create('work', { symbol: 'AAPL', size: 4_000_000 }), {
        resultKeys: ['final', 'symbol', 'not_there'],
      }),
    expected: result({ symbol: 'AAPL', final: 'done AAPL' }),
  },
  {
    title: 'an input of 1 MB',
    play: async (stage) =>
      stage.watch(await stage.create('work', { symbol: 'y'.repeat(1_000_000) }), {
        resultKeys: ['seconds', 'size', 'partial'],
      }),
    expected: result({ partial: `partial ${'y'.repeat(1_000_000)}` }),
  },
  {
    title: 'not ended at maxPollTime',
    play: async (stage) =>
      stage.watch(await stage.create('work', { symbol: 'AAPL', seconds: 10 }), { maxPollTime: '3s' }),
    expected: {
      polling_result: 'timeout',
      status: 'polling_timeout',
      error: expect.stringMatching(
        /^Polling timed out after 3\.0s \(\d+ polls\); last status: running, unchanged since 2/,
      ),
    },
  },
]

async function answeredOneOfTwo(stage: Stage, options?: RunOptions): Promise<Ids> {
  const { threadId } = await first(stage, 'two_humans', aapl)
  const { tasks } = await stage.langGraph.threads.getState(threadId)
  const id = tasks[0]?.interrupts[0]?.id ?? ''
  return stage.create('two_humans', undefined, { ...options, command: { resume: { [id]: 'yes' } } }, threadId)
}

async function cancelledLate(stage: Stage, graph: GraphName): Promise<Ids> {
  const ids = await first(stage, graph, aapl)
  // Some servers refuse it.
  await stage.langGraph.runs.cancel(ids.threadId, ids.runId).catch(() => undefined)
  return ids
}

async function forked(stage: Stage): Promise<{ origin: Ids; fork: Ids }> {
  const origin = await first(stage, 'work', aapl)
  const history = await stage.langGraph.threads.getHistory(origin.threadId)
  const older = history.find(({ next }) => next[0] === 'work')?.checkpoint.checkpoint_id ?? ''
  const fork = await stage.create('work', null, { checkpointId: older }, origin.threadId)
  await stage.ended(fork)
  return { origin, fork }
}
