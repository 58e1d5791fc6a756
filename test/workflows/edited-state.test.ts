import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Creation, StateNow } from '../../src/domain/creation.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { ended, values } from '../support/looks.ts'
import { Stage, answers, testEveryHistory } from '../support/time-skipping.ts'
import type { ScriptedRun } from '../support/time-skipping.ts'

// Somebody has edited the thread's state by hand while a watch waits for an answer.

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const question = { id: 'i1', value: 'buy AAPL?', node: 'ask' }
const other = { id: 'i2', value: 'buy MSFT?', node: 'ask' }
const askingAgain = '0199a1b2-c3d4-7e5f-8a9b-0000000000f1'
const followUp = '0199a1b2-c3d4-7e5f-8a9b-0000000000f2'
const asking = (interrupt: typeof question) => ended('success', { next: ['ask'], interrupts: [interrupt] })
const notAsked = { cause: { type: 'NotAsked', message: expect.stringContaining('state was edited by hand') } }

type Try =
  | { readonly kind: 'created'; readonly runId: string; readonly asksAgain?: true }
  | { readonly kind: 'edited'; readonly now: StateNow }
const created = (runId: string) => ({ kind: 'created', runId }) as const
const createdToAskAgain = { kind: 'created', runId: askingAgain, asksAgain: true } as const

/** A run that asks; the looks at what comes after it; and what the tries to give an answer come to. */
async function asked(looks: readonly RunLook[], tries: readonly Try[]): Promise<ScriptedRun> {
  const run = stage.run(({ threadId }) => ({
    getRunStatus: answers(asking(question), ...looks),
    createRun: answers<Creation>(...tries.map((tried) => ({ threadId, ...tried }))),
    retrieveStreamValues: answers(values),
  }))
  await stage.startWatch(run, { onInterrupt: 'wait' })
  await stage.until(run, { phase: 'interrupted' })
  return run
}

const answer = (run: ScriptedRun, value?: string) =>
  stage.runs.resume(stage.nameOf(run), value === undefined ? {} : { value })
const givenBy = ({ calls }: ScriptedRun) =>
  calls.filter(({ activity }) => activity === 'createRun').map(({ argument }) => argument.run)

test('an answer is kept until the graph has asked again, and given if it asks the same', async () => {
  const looks = [asking({ ...question, id: 'i9' }), ended('success')]
  const run = await asked(looks, [createdToAskAgain, created(followUp)])
  expect(await answer(run, 'yes')).toMatchObject({ run_id: followUp })
  expect(await stage.handleOf(run).result()).toMatchObject({ run_id: followUp, result: values.values })
  expect(givenBy(run)).toMatchObject([
    { continues: run.ids.runId, resume: { i1: 'yes' } },
    { continues: askingAgain, resume: { i9: 'yes' } },
  ])
})

test('an answer is refused if the graph asks something else when it asks again', async () => {
  const looks = [asking(other), ended('success')]
  const run = await asked(looks, [createdToAskAgain, created(followUp)])
  await expect(answer(run, 'yes')).rejects.toMatchObject(notAsked)
  expect(await stage.runs.progress(run.ids)).toMatchObject({ phase: 'interrupted', interrupts: [other] })
  await answer(run, 'no')
  expect(await stage.handleOf(run).result()).toMatchObject({ run_id: followUp })
  expect(givenBy(run)[1]).toMatchObject({ continues: askingAgain, resume: { i2: 'no' } })
})

test.each([
  { what: 'something else is asked', now: { interrupts: [other], next: ['ask'] }, value: 'no', resume: { i2: 'no' } },
  { what: 'nobody is asked any more', now: { interrupts: [], next: ['work'] } },
])('an answer is refused if $what, and the watch follows the state', async ({ now, value, resume }) => {
  const run = await asked([ended('success')], [{ kind: 'edited', now }, created(followUp)])
  await expect(answer(run, 'yes')).rejects.toMatchObject(notAsked)
  expect(await stage.runs.progress(run.ids)).toMatchObject({ phase: 'interrupted', ...now })
  await answer(run, value)
  expect(await stage.handleOf(run).result()).toMatchObject({ run_id: followUp })
  expect(Reflect.get(Object(givenBy(run)[1]), 'resume')).toEqual(resume)
})

testEveryHistory(() => stage)
