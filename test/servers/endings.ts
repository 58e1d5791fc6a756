import { expect } from 'vitest'
import type { WatchOutcome } from '../../src/client.ts'
import { asked as untilAsked, human } from './executions.ts'
import { aapl, asked, boom, cancelled, done, isRunning, notOnAegra, result, wantsNewInput } from './situations.ts'
import type { Ids, Situation, Stage } from './situations.ts'

const startsAtOnce = notOnAegra('starts it at once')
const late = { afterSeconds: 6 } as const
const limits = { maxPollTime: '4s', stuckAfter: '4s' } as const

/** One of two parallel nodes has finished, and the other's question is answered. */
async function answered(stage: Stage, value: string): Promise<WatchOutcome> {
  const execution = await stage.start({ ...human, assistantId: 'one_of_two' })
  await untilAsked(stage, execution)
  expect(await stage.runs.progress(execution)).toHaveProperty('next', ['two'])
  await stage.runs.resume(execution, { value })
  return execution.result()
}

async function cancelledHalfWay(stage: Stage): Promise<Ids> {
  const ids = await stage.create('one_of_two', { ...aapl, seconds: 8 })
  await isRunning(stage, ids)
  await stage.langGraph.runs.cancel(ids.threadId, ids.runId)
  return ids
}

/** The rows of the matrix that show what of a run has ended and why, and from when on it counts as late. */
export const endings: readonly Situation[] = [
  {
    title: 'one of two parallel nodes has finished, the other asks',
    play: async (stage) => stage.watch(await stage.create('one_of_two', aapl)),
    expected: { ...asked(['two', { question: 'buy AAPL?' }]), next: ['two'] },
  },
  {
    title: 'executed: one of two parallel nodes has finished, the other asks and is answered',
    play: (stage) => answered(stage, 'yes'),
    expected: result({ symbol: 'AAPL', partial: 'partial AAPL', answer: 'yes', answer2: 'one' }),
  },
  {
    title: 'executed: one of two parallel nodes has finished, the other fails when it is answered',
    play: (stage) => answered(stage, 'boom'),
    expected: { ...boom, failed_nodes: ['two'] },
  },
  {
    title: 'one of two running nodes fails',
    play: async (stage) => stage.watch(await stage.create('two_at_work', { symbol: 'boom', seconds: 5 })),
    expected: { ...boom, error: 'ValueError: boom for boom', failed_nodes: ['two'] },
  },
  {
    title: 'one of two parallel nodes has finished, cancelled while the other is running',
    play: async (stage) => stage.watch(await cancelledHalfWay(stage)),
    // Its checkpoint says so on the JS servers.
    expected: (dialect) => ({
      ...cancelled(dialect),
      cancelled: true,
      error: 'The run was cancelled before node "two" was done',
    }),
  },
  {
    title: 'one of two parallel nodes has finished, cancelled, then a run that continued it asks',
    not: wantsNewInput,
    play: async (stage) => {
      const { threadId } = await cancelledHalfWay(stage)
      return stage.watch(await stage.create('one_of_two', null, undefined, threadId))
    },
    expected: { ...asked(['two', { question: 'buy AAPL?' }]), next: ['two'] },
  },
  {
    title: 'due later than `maxPollTime` and `stuckAfter` last',
    not: startsAtOnce,
    play: async (stage) => stage.watch(await stage.create('work', aapl, late), limits),
    expected: result(done),
  },
  {
    title: 'executed: due later than `maxPollTime` and `stuckAfter` last',
    not: startsAtOnce,
    play: async (stage) => (await stage.start({ assistantId: 'work', input: aapl, ...late, ...limits })).result(),
    expected: result(done),
  },
  {
    title: 'due later, and not ended at maxPollTime',
    not: startsAtOnce,
    play: async (stage) =>
      stage.watch(await stage.create('work', { ...aapl, seconds: 20 }, late), { maxPollTime: '4s' }),
    // Had the time until it was due counted, its last status would be `pending`.
    expected: { status: 'polling_timeout', error: expect.stringMatching(/^Polling timed out .* last status: running/) },
  },
]
