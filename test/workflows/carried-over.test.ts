import { WithStartWorkflowOperation } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CreationUnanswered } from '../../src/langgraph/creation.ts'
import type { WatchOutcome } from '../../src/client.ts'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { Creation } from '../../src/domain/creation.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import type { Memory } from '../../src/workflows/memory.ts'
import { ended, running, values } from '../support/looks.ts'
import { answers, Stage, testEveryHistory } from '../support/time-skipping.ts'
import type { ScriptedRun } from '../support/time-skipping.ts'

// What an execution takes over by continue-as-new: thousands of events lead there, so it is given here as its argument.

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const question = { id: 'i1', value: 'buy AAPL?', node: 'ask' }
const asking = ended('success', { next: ['ask'], interrupts: [question] })
const followUps = ['0199a1b2-c3d4-7e5f-8a9b-0000000000f1', '0199a1b2-c3d4-7e5f-8a9b-0000000000f2'] as const
const [followUp, secondFollowUp] = followUps
const outage = new LangGraphError(types.unavailable, 'HTTP 502')
const polls = { count: 1, sleeps: 3, failedInARow: 0, unreadableInARow: 0, wasHinted: false }
/** Nobody answers it later. */
const asked = { interrupts: [question], next: ['ask'], untilMs: 0, answers: {}, goOn: false, looks: 1, failedLooks: 0 }

type Carried = Partial<Memory>

async function carriedOver(run: ScriptedRun, carried: Carried): Promise<Memory> {
  const { threadId, runId } = run.ids
  return {
    startedAtMs: await stage.environment.currentTimeMs(),
    run: { threadId, runId, deployment: 'default' },
    chain: [],
    polls,
    creation: {},
    handledResumes: [],
    isWoken: false,
    hasBeenReached: true,
    isDeploymentKnown: true,
    ...carried,
  }
}

/** Starts the watch in the midst, with an update that comes before it has taken a step. */
async function withUpdate(
  run: ScriptedRun,
  carried: Carried,
  update: { readonly name: 'cancelRun' | 'resume'; readonly input: object; readonly id?: string },
): Promise<{ receipt: unknown; outcome: WatchOutcome }> {
  const { client } = stage.environment
  const startWorkflowOperation = new WithStartWorkflowOperation('watchRun', {
    taskQueue: stage.taskQueue,
    workflowId: stage.nameOf(run).workflowId,
    workflowIdConflictPolicy: 'FAIL',
    args: [{ ...run.ids, onInterrupt: 'wait' }, await carriedOver(run, carried)],
  })
  const { name, input, id } = update
  const handle = await client.workflow.startUpdateWithStart(name, {
    args: [input],
    ...(id !== undefined && { updateId: id }),
    waitForStage: 'ACCEPTED',
    startWorkflowOperation,
  })
  const outcome: WatchOutcome = await stage.handleOf(run).result()
  return { receipt: await handle.result(), outcome }
}

describe('an answer that is being given', () => {
  test('has no more time than before', async () => {
    const run = stage.run(({ threadId }) => ({
      createRun: async () => ({ kind: 'busy', threadId, reason: 'run r1 is at work' }),
    }))
    const startedAtMs = (await stage.environment.currentTimeMs()) - 3_600_000
    const state = await carriedOver(run, {
      startedAtMs,
      polls: { ...polls, fromMs: startedAtMs + 3_540_000 },
      question: { ...asked, answers: { 0: 'yes' } },
    })
    const workflowId = stage.nameOf(run).workflowId
    const input = { ...run.ids, onInterrupt: 'wait', maxPollTime: '2m', pollInterval: '10s' }
    const options = { taskQueue: stage.taskQueue, workflowId, args: [input, state] }
    const outcome: unknown = await stage.environment.client.workflow.execute('watchRun', options)
    expect(outcome).toHaveProperty('error', expect.stringContaining('could not be given to LangGraph within'))
    expect(outcome).toHaveProperty('polling_metadata.completion_time_seconds', expect.closeTo(3660, -1))
  })

  test('without an answer of LangGraph has its run found and cancelled by `cancelRun`', async () => {
    let isCancelled = false
    const run = stage.run(({ threadId, runId }) => ({
      getRunStatus: async (of) => (of.runId === runId ? asking : isCancelled ? ended('interrupted') : running),
      createRun: async ({ findOnly }) => {
        if (!findOnly) throw new CreationUnanswered(outage, 0)
        return { kind: 'created', threadId, runId: followUp }
      },
      cancelRun: async () => {
        isCancelled = true
      },
    }))
    const unknown = { what: 'created', error: outage.message } as const
    const carried = { creation: { unknown }, question: { ...asked, answers: { 0: 'yes' } } }
    const { receipt, outcome } = await withUpdate(run, carried, { name: 'cancelRun', input: {} })
    expect(receipt).toMatchObject({ result: 'cancelled', run_id: followUp })
    expect(outcome).toMatchObject({ run_id: followUp, error: expect.stringContaining('cancelled') })
  })
})

test('a creation that waits for its next try ends at once by `cancelRun`', async () => {
  const run = stage.run({})
  const { client } = stage.environment
  const nowMs = await stage.environment.currentTimeMs()
  const { run: _, ...carried } = await carriedOver(run, {
    polls: { ...polls, next: { sleepMs: 3_600_000, atMs: nowMs + 3_600_000 } },
  })
  const startWorkflowOperation = new WithStartWorkflowOperation('executeRun', {
    taskQueue: stage.taskQueue,
    workflowId: `execution/${run.ids.threadId}`,
    workflowIdConflictPolicy: 'FAIL',
    args: [{ assistantId: 'agent', threadId: run.ids.threadId, pollInterval: '1h', maxPollTime: 'none' }, carried],
  })
  const options = { args: [{}], startWorkflowOperation }
  const cancellation = await client.workflow.executeUpdateWithStart('cancelRun', options)
  expect(cancellation).toEqual({ result: 'not_created' })
  expect((await stage.environment.currentTimeMs()) - nowMs).toBeLessThan(60_000)
})

describe('an update id', () => {
  const byResume = { run_id: secondFollowUp, status: 'interrupted', continued_by: 'resume' } as const
  const handledResumes = [{ id: 'answer-1', question: 0 }]

  test('of an earlier question gets the receipt of that one, and answers no other', async () => {
    const run = stage.run({ getRunStatus: answers(asking) })
    const carried = { chain: [byResume], handledResumes, question: asked }
    const update = { name: 'resume', input: { value: 'yes' }, id: 'answer-1' } as const
    const { receipt, outcome } = await withUpdate(run, carried, update)
    expect(receipt).toEqual({ open_interrupts: 0, thread_id: run.ids.threadId, run_id: run.ids.runId })
    expect(outcome).toHaveProperty('error', expect.stringContaining('Nobody answered'))
  })

  test('of an answer that came to nothing comes to nothing again', async () => {
    const run = stage.run({ getRunStatus: answers(asking) })
    const chain = [{ ...byResume, continued_by: 'elsewhere' as const }]
    const update = { name: 'resume', input: { value: 'yes' }, id: 'answer-1' } as const
    const again = withUpdate(run, { chain, handledResumes, question: asked }, update)
    await expect(again).rejects.toMatchObject({ cause: { type: 'NotAsked' } })
  })

  test('of an earlier question stays known when LangGraph refuses a later answer', async () => {
    const refused: Creation = { kind: 'refused', threadId: '', reason: 'no' }
    const run = stage.run(({ threadId }) => ({
      getRunStatus: answers(asking, ended('success')),
      createRun: answers<Creation>(refused, { kind: 'created', threadId, runId: followUp }),
      retrieveStreamValues: answers(values),
    }))
    const carried = { chain: [byResume], handledResumes, question: { ...asked, answers: { 0: 'nonsense' } } }
    const update = { name: 'resume', input: { value: 'yes' }, id: 'answer-1' } as const
    const { receipt } = await withUpdate(run, carried, update)
    expect(receipt).toHaveProperty('run_id', run.ids.runId)
    expect(run.calls.filter(({ activity }) => activity === 'createRun')).toHaveLength(1)
  })
})

testEveryHistory(() => stage)
