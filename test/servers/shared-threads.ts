import { expect } from 'vitest'
import type { GraphName } from '../support/graphs.ts'
import type { Dialect } from './servers.ts'
import {
  aapl,
  asked,
  boom,
  cancelledUnheard,
  done,
  first,
  isRunning,
  keepsStreams,
  notOnAegra,
  notProvable,
  resumable,
  result,
  thenLater,
  wantsNewInput,
} from './situations.ts'
import type { Ids, Situation, Stage } from './situations.ts'

const keepsRunOutput = (dialect: Dialect) => dialect === 'aegra 0.6.0'
const fromStream = (dialect: Dialect) => (keepsStreams(dialect) ? 'stream_values' : 'thread_state')
const isJs = (dialect: Dialect) => dialect.startsWith('JS')
const msft = { symbol: 'MSFT', partial: 'partial MSFT', final: 'done MSFT' }
const buyAapl = { question: 'buy AAPL?' }
const onlyPython = (reason: string) => ({ 'JS 1.5.1': reason, 'JS 2.0.0': reason })
const noLargeIntegers = onlyPython('has no such integers')
const beyond = { order: { id: 9007199254740992, count: 7 } }

/** A run that stopped, and a run that continued it and stopped in the same node: that one leaves no checkpoint. */
async function stoppedTwice(stage: Stage, graph: GraphName, resume?: string): Promise<{ earlier: Ids; later: Ids }> {
  const how = resume === undefined ? {} : { command: { resume } }
  const { earlier, later } = await thenLater(stage, [graph, aapl], [graph, null, how])
  await stage.ended(later)
  return { earlier, later }
}

async function enqueued(stage: Stage): Promise<Ids> {
  const before = await stage.create('work', { symbol: 'MSFT', seconds: 2 })
  return first(stage, 'human', aapl, { multitaskStrategy: 'enqueue' }, before.threadId)
}

async function twoAtWork(stage: Stage, seconds: number): Promise<Ids> {
  const ids = await stage.create('two_at_work', { symbol: 'AAPL', seconds })
  await isRunning(stage, ids)
  return ids
}

/** The rows of the matrix in which other runs, graphs or hands left their marks on the thread; and what values mean. */
export const sharedThreads: readonly Situation[] = [
  {
    title: 'graph failed, then a run that continued it failed otherwise: the first one',
    not: wantsNewInput,
    play: async (stage) => stage.watch((await stoppedTwice(stage, 'flaky')).earlier),
    // The JS servers still have the run's stream.
    expected: (dialect) => ({
      polling_result: 'error',
      status: 'error',
      error: isJs(dialect)
        ? 'ValueError: attempt 1 failed'
        : expect.stringMatching(/before node "work" was done: a later run has overwritten its error$/),
    }),
  },
  {
    title: 'graph failed, then a run that continued it failed otherwise: the second one',
    not: wantsNewInput,
    play: async (stage) => stage.watch((await stoppedTwice(stage, 'flaky')).later),
    expected: { polling_result: 'error', status: 'error', error: 'ValueError: attempt 2 failed' },
  },
  {
    title: 'one node asks again when it is answered: the first run',
    play: async (stage) => stage.watch((await stoppedTwice(stage, 'three_questions', 'a0')).earlier),
    // aegra has the run's output.
    expected: (dialect) =>
      keepsRunOutput(dialect)
        ? asked([undefined, { question: 'q0' }])
        : { ...asked(), next: ['ask'], error: expect.stringMatching(/a later run has overwritten what it asked/) },
  },
  {
    title: 'one node asks again when it is answered: the second run',
    play: async (stage) => stage.watch((await stoppedTwice(stage, 'three_questions', 'a0')).later),
    expected: { ...asked(['ask', { question: 'q1' }]), next: ['ask'] },
  },
  {
    title: 'interrupt(), and the answer made its node fail: the run that asked',
    play: async (stage) => stage.watch((await stoppedTwice(stage, 'human', 'boom')).earlier),
    expected: { ...asked(['ask', buyAapl]), next: ['ask'] },
  },
  {
    title: 'enqueued behind a run of another graph, and waits for a human',
    play: async (stage) => stage.watch(await enqueued(stage)),
    // JS servers read the thread through the other graph, and keep the question on the thread.
    expected: (dialect) => asked([isJs(dialect) ? undefined : 'ask', buyAapl]),
  },
  {
    title: "success, with a graph_id in the user's own metadata",
    play: async (stage) => {
      const metadata = { graph_id: 'mine' }
      return stage.watch(await stage.create('work', aapl, { metadata, config: { metadata } as object }))
    },
    expected: result(done, 'thread_state'),
  },
  {
    title: 'interrupt(), a run of another graph, interrupt(): the one in the middle',
    play: async (stage) => {
      const { later } = await thenLater(stage, ['human', aapl], ['work', { symbol: 'MSFT' }])
      await stage.ended(later)
      await first(stage, 'human', aapl, undefined, later.threadId)
      return stage.watch(later)
    },
    expected: (dialect) =>
      dialect === 'Python 0.16.7'
        ? notProvable('work', 'human')
        : result(msft, isJs(dialect) ? 'join_stream' : 'thread_state'),
  },
  {
    title: 'interrupt(), then a run of another graph that is not due yet',
    play: async (stage) =>
      stage.watch((await thenLater(stage, ['human', aapl], ['work', aapl, { afterSeconds: 600 }])).earlier),
    expected: asked([undefined, buyAapl]),
  },
  {
    title: 'cancelled with two running nodes',
    play: async (stage) => {
      const ids = await twoAtWork(stage, 15)
      await stage.langGraph.runs.cancel(ids.threadId, ids.runId)
      return stage.watch(ids)
    },
    expected: (dialect) => ({
      ...cancelledUnheard(dialect),
      error: expect.stringMatching(/cancelled before node "one", "two" was done/),
    }),
  },
  {
    title: "the server's own time limit, with two running nodes",
    not: { ...onlyPython('has no time limit'), ...notOnAegra('has no time limit') },
    play: async (stage) => stage.watch(await twoAtWork(stage, 120)),
    expected: {
      polling_result: 'timeout',
      status: 'timeout',
      error: expect.stringMatching(/^LangGraph ended the run/),
    },
  },
  {
    title: 'a run with nothing left to do',
    not: wantsNewInput,
    play: async (stage) => {
      const { later } = await thenLater(stage, ['work', aapl], ['work', null])
      return stage.watch(later)
    },
    expected: result(done, 'thread_state'),
  },
  {
    title: 'a failed node repaired by hand, then a run with nothing left to do',
    not: wantsNewInput,
    play: async (stage) => {
      const { threadId } = await first(stage, 'fail', aapl)
      await stage.langGraph.threads.updateState(threadId, { values: { final: 'by hand' }, asNode: 'work' })
      return stage.watch(await stage.create('fail', null, undefined, threadId))
    },
    expected: result({ ...done, final: 'by hand' }, 'thread_state'),
  },
  {
    title: 'graph failed, then its node was repaired by hand',
    not: wantsNewInput,
    play: async (stage) => {
      const ids = await first(stage, 'fail', aapl)
      await stage.langGraph.threads.updateState(ids.threadId, { values: { final: 'by hand' }, asNode: 'work' })
      await first(stage, 'fail', null, undefined, ids.threadId)
      return stage.watch(ids)
    },
    expected: boom,
  },
  {
    title: 'failed, and its state cannot be read',
    not: onlyPython('has no such integers'),
    play: async (stage) => stage.watch(await stage.create('overflow', aapl)),
    // aegra keeps the error's name only if a node failed.
    expected: (dialect) => ({
      polling_result: 'error',
      status: 'error',
      error: `${keepsRunOutput(dialect) ? '' : 'TypeError: '}Integer exceeds 64-bit range`,
    }),
  },
  {
    title: 'an output schema',
    play: async (stage) => stage.watch(await stage.create('with_output', aapl)),
    // The JS servers do not tell it, and stream the whole state too.
    expected: (dialect) => result(isJs(dialect) ? done : { final: 'done AAPL' }, 'thread_state'),
  },
  {
    title: 'an output schema, resumable stream',
    play: async (stage) => stage.watch(await stage.create('with_output', aapl, resumable)),
    expected: (dialect) => result(isJs(dialect) ? done : { final: 'done AAPL' }, fromStream(dialect)),
  },
  {
    title: 'an output schema, and a field beside it, resumable stream',
    play: async (stage) =>
      stage.watch(await stage.create('with_output', aapl, resumable), { resultKeys: ['final', 'partial'] }),
    expected: (dialect) =>
      result({ partial: 'partial AAPL', final: 'done AAPL' }, isJs(dialect) ? 'stream_values' : 'thread_state'),
  },
  {
    title: 'integers beyond 2^53 in a result',
    not: noLargeIntegers,
    play: async (stage) => stage.watch(await stage.create('numbers', aapl)),
    expected: { ...result({ symbol: 'AAPL', answer: null, final: beyond }), inexact_numbers: ['final.order.id'] },
  },
  {
    title: 'integers beyond 2^53 in a result, resumable stream',
    not: noLargeIntegers,
    play: async (stage) => stage.watch(await stage.create('numbers', aapl, resumable), { resultKeys: ['final'] }),
    expected: (dialect) => ({
      ...result({ final: beyond }, fromStream(dialect)),
      inexact_numbers: ['final.order.id'],
    }),
  },
  {
    title: 'integers beyond 2^53 in a question',
    not: noLargeIntegers,
    play: async (stage) => stage.watch(await stage.create('numbers', { symbol: 'ask' })),
    expected: {
      ...asked(['ask', { order: { id: 9007199254740992 } }]),
      inexact_numbers: ['interrupts[0].value.order.id'],
    },
  },
]
