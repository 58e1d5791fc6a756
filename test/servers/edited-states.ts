import { expect } from 'vitest'
import { asked, human, runsOf } from './executions.ts'
import { done, result } from './situations.ts'
import type { Execution, Situation, Stage } from './situations.ts'

const notAsked = { cause: { type: 'NotAsked', message: expect.stringContaining('state was edited') } }

async function edit({ langGraph }: Stage, threadId: string, values: object, asNode?: string): Promise<void> {
  await langGraph.threads.updateState(threadId, { values: { ...values }, ...(asNode !== undefined && { asNode }) })
}

/** Expects it at once, without waiting for the next look for what others did. */
async function shows({ runs }: Stage, execution: Execution, asked: object): Promise<void> {
  expect(await runs.progress(execution)).toMatchObject({ phase: 'interrupted', ...asked })
}

/** The rows of the matrix in which somebody edits the thread's state, as in Studio, while an execution waits for an answer. */
export const editedStates: readonly Situation[] = [
  {
    title: 'executed: interrupt(), the state edited, answered as it was shown',
    play: async (stage) => {
      const execution = await stage.start(human)
      const { threadId, interrupts } = await asked(stage, execution)
      await edit(stage, threadId, { partial: 'edited' })
      const interruptId = interrupts[0]?.id ?? null
      const receipt = await stage.runs.resume(execution, { value: 'yes', interruptId })
      const outcome = await execution.result()
      expect(outcome.run_id).toBe(receipt.run_id)
      // The second run had to ask again: the edit might have changed the question.
      expect(outcome.runs).toHaveLength(3)
      return outcome
    },
    expected: result({ ...done, partial: 'edited', answer: 'yes' }),
  },
  {
    title: 'executed: interrupt(), the state edited so that something else is asked',
    play: async (stage) => {
      const execution = await stage.start(human)
      const { threadId } = await asked(stage, execution)
      await edit(stage, threadId, { symbol: 'MSFT' })
      await expect(stage.runs.resume(execution, { value: 'yes' })).rejects.toMatchObject(notAsked)
      await shows(stage, execution, { interrupts: [{ value: { question: 'buy MSFT?' } }] })
      await stage.runs.resume(execution, { value: 'no' })
      return execution.result()
    },
    expected: result({ symbol: 'MSFT', partial: 'partial AAPL', answer: 'no', final: 'done MSFT' }),
  },
  {
    title: 'executed: two interrupts at once, the state edited, answered one by one',
    play: async (stage) => {
      const execution = await stage.start({ ...human, assistantId: 'two_humans' })
      const { threadId, interrupts } = await asked(stage, execution)
      await edit(stage, threadId, { partial: 'edited' })
      const idOf = (question: string) => interrupts.find(({ value }) => value === question)?.id ?? null
      await stage.runs.resume(execution, { value: 'two', interruptId: idOf('second?') })
      await stage.runs.resume(execution, { value: 'one', interruptId: idOf('first?') })
      return execution.result()
    },
    expected: result({ ...done, partial: 'edited', answer: 'one', answer2: 'two' }),
  },
  {
    title: 'executed: interrupt(), the state edited as the node that asks',
    play: async (stage) => {
      const execution = await stage.start(human)
      const { threadId, runId } = await asked(stage, execution)
      await edit(stage, threadId, { answer: 'by hand' }, 'ask')
      await expect(stage.runs.resume(execution, { value: 'yes' })).rejects.toMatchObject(notAsked)
      await shows(stage, execution, { interrupts: [], next: ['work'] })
      expect(await runsOf(stage, threadId)).toEqual([runId])
      await stage.runs.resume(execution)
      return execution.result()
    },
    expected: result({ ...done, answer: 'by hand' }),
  },
]
