import { WorkflowUpdateFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CancelRunInput, Cancellation, WatchOutcome } from '../../src/client.ts'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import type { Creation } from '../../src/domain/creation.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { ended, running, values } from '../support/looks.ts'
import { answers, Stage, testEveryHistory } from '../support/time-skipping.ts'
import type { Script, ScriptedRun } from '../support/time-skipping.ts'
import {
  answeredAgainAndAgain,
  asking,
  atWork,
  callsOf,
  gone,
  notThere,
  ofRun,
  outage,
  patient,
  stopped,
  unanswered,
  untilCancelled,
} from './cancelled-runs.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

/** Sends the update `cancelRun`, and lets the time pass that it and the watch take to their ends. */
async function cancelRun(
  run: ScriptedRun,
  input?: CancelRunInput,
  whenAccepted = () => {},
): Promise<{ cancellation: Cancellation; outcome: WatchOutcome }> {
  const handle: WorkflowHandle<() => Promise<WatchOutcome>> = stage.handleOf(run)
  const update = await handle.startUpdate<Cancellation, [CancelRunInput | undefined]>('cancelRun', {
    args: [input],
    waitForStage: 'ACCEPTED',
  })
  whenAccepted()
  const outcome = await handle.result()
  return { cancellation: await update.result(), outcome }
}

describe('the update `cancelRun`', () => {
  test.each([
    { input: undefined, action: 'interrupt' },
    { input: { action: null }, action: 'interrupt' },
    { input: { action: 'interrupt' }, action: 'interrupt' },
    { input: { action: 'rollback' }, action: 'rollback' },
  ] as const)(
    'with $input cancels the run by $action, and the watch reports the outcome',
    async ({ input, action }) => {
      const run = stage.run(untilCancelled(stopped))
      await stage.startWatch(run, patient)
      await stage.until(run, { phase: 'waiting' })

      const { cancellation, outcome } = await cancelRun(run, input)

      expect(cancellation).toEqual(ofRun(run, 'cancelled', { status: 'interrupted' }))
      expect(outcome).toMatchObject({
        polling_result: 'interrupted',
        status: 'interrupted',
        run_id: run.ids.runId,
        error: 'The run was cancelled before node "work" was done',
      })
      expect(callsOf(run, 'cancelRun').map(({ argument }) => argument.action)).toEqual([action])
    },
  )

  test('on a server that calls a cancelled run failed has an outcome that says so', async () => {
    const run = stage.run(untilCancelled(ended('error')))
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })
    const { outcome } = await cancelRun(run)
    expect(outcome).toMatchObject({ polling_result: 'error', status: 'error', error: 'The run was cancelled' })
  })

  test('with `rollback` has an outcome, although the run is gone', async () => {
    const run = stage.run(untilCancelled(gone))
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run, { action: 'rollback' })

    expect(cancellation).toEqual(ofRun(run, 'cancelled'))
    expect(outcome).toMatchObject({
      polling_result: 'error',
      status: 'polling_error',
      error: `The run was cancelled and rolled back. ${gone.message}`,
    })
  })

  test('on a run that has ended leaves it alone, and its result is delivered', async () => {
    const run = stage.run(atWork({ getRunStatus: answers(running, ended('success')) }))
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const cancellation = await stage.runs.cancelRun(run.ids)

    expect(cancellation).toEqual(ofRun(run, 'had_ended', { status: 'success' }))
    expect(await stage.handleOf(run).result()).toHaveProperty('result', values.values)
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })

  test('that the server refuses says so at once, and the watch continues', async () => {
    const refusal = new LangGraphError(types.refused, 'the server refuses to roll back run r1', { status: 422 })
    const refuses = async () => {
      throw refusal
    }
    // The poll, the look before, and the one after it.
    const looks = [running, running, running, ended('success')]
    const run = stage.run(atWork({ cancelRun: refuses, getRunStatus: answers(...looks) }))
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run, { action: 'rollback' })

    expect(cancellation).toMatchObject({ result: 'cancel_unconfirmed', error: refusal.message })
    expect(outcome).toHaveProperty('result', values.values)
  })

  test('on a run that does not stop says so, and the watch continues', async () => {
    const looks = Array.from({ length: 10 }, () => running)
    const run = stage.run(atWork({ getRunStatus: answers(...looks, ended('success')) }))
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run)

    expect(cancellation).toMatchObject({ result: 'cancel_unconfirmed', status: 'running' })
    expect(outcome).toHaveProperty('result', values.values)
  })

  test('while the thread is busy keeps the run from being created', async () => {
    const run = stage.run(notThere('busy', 'created'))
    const handle = await stage.startExecution(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const cancellation = await stage.runs.cancelRun(stage.nameOf(run))

    expect(cancellation).toEqual({ result: 'not_created' })
    expect(await handle.result()).toMatchObject({
      polling_result: 'error',
      status: 'polling_error',
      error: 'The run was cancelled before it was created',
    })
    expect(callsOf(run, 'createRun')).toHaveLength(1)
  })

  test('during a try to create the run cancels the run that it creates', async () => {
    const gate = stage.gate()
    const run = stage.run(untilCancelled(stopped, gate.opened))
    await stage.startExecution(run, patient)
    await stage.until(run, { phase: 'creating' })
    const { cancellation, outcome } = await cancelRun(run, {}, gate.open)

    expect(cancellation).toEqual(ofRun(run, 'cancelled', { status: 'interrupted' }))
    expect(outcome).toMatchObject({ polling_result: 'interrupted', run_id: run.ids.runId })
  })

  test.each([
    { finds: 'created', result: 'cancelled', status: 'interrupted' },
    { finds: 'not_found', result: 'not_created', status: 'polling_error' },
  ] as const)('after a try without an answer only looks for the run: $finds', async ({ finds, result, status }) => {
    const run = stage.run(notThere(unanswered, finds))
    await stage.startExecution(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run)

    expect(cancellation.result).toBe(result)
    expect(outcome.status).toBe(status)
    expect(callsOf(run, 'createRun').map(({ argument }) => argument.findOnly)).toEqual([undefined, true])
  })

  test('after a try without an answer, on a server that stays away, says that nobody knows', async () => {
    const run = stage.run(notThere(unanswered, outage))
    await stage.startExecution(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run)

    const unknown = { result: 'cancel_unconfirmed', error: expect.stringContaining('A run may have been created') }
    expect(cancellation).toEqual(unknown)
    expect(outcome).toMatchObject({ status: 'polling_error', cancellation: unknown })
  })

  test('while the run that continues is created cancels that one', async () => {
    const gate = stage.gate()
    const followUp = '0199a1b2-c3d4-7e5f-8a9b-0000000000f1'
    let isCancelled = false
    const run = stage.run(({ threadId, runId }) => ({
      createRun: async () => {
        await gate.opened
        return { kind: 'created', threadId, runId: followUp }
      },
      cancelRun: async () => {
        isCancelled = true
      },
      getRunStatus: async (asked) => {
        if (asked.runId === runId) return asking
        return isCancelled ? stopped : running
      },
    }))
    await stage.startWatch(run, { ...patient, onInterrupt: 'wait' })
    await stage.until(run, { phase: 'interrupted' })
    const handle = stage.handleOf(run)
    await handle.startUpdate('resume', { args: [{ value: 'yes' }], waitForStage: 'ACCEPTED' })
    await stage.until(run, { phase: 'creating' })
    const { cancellation, outcome } = await cancelRun(run, {}, gate.open)

    expect(cancellation).toMatchObject({ result: 'cancelled', run_id: followUp })
    expect(outcome).toMatchObject({ polling_result: 'interrupted', run_id: followUp })
    expect(callsOf(run, 'cancelRun').map(({ argument }) => argument.runId)).toEqual([followUp])
  })

  test('that did not stop the run is forgotten when it asks a human later', async () => {
    const looks = Array.from({ length: 12 }, () => running)
    const run = stage.run(atWork({ getRunStatus: answers(...looks, asking) }))
    await stage.startWatch(run, { ...patient, onInterrupt: 'wait', humanTimeout: '1h' })
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run)

    expect(cancellation).toMatchObject({ result: 'cancel_unconfirmed' })
    expect(outcome).toMatchObject({ error: expect.stringContaining('Nobody answered within 3600.0s') })
  })

  test('on a run that had failed does not make it a cancelled one', async () => {
    const run = stage.run(atWork({ getRunStatus: answers(running, ended('error')) }))
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })
    const { cancellation, outcome } = await cancelRun(run)
    expect(cancellation).toEqual(ofRun(run, 'had_ended', { status: 'error' }))
    expect(outcome).toMatchObject({ status: 'error', error: expect.stringContaining('failed or was cancelled') })
  })

  test('while the run waits for a human ends the waiting', async () => {
    const run = stage.run(
      atWork({
        getRunStatus: answers(asking),
        createRun: async ({ threadId = '' }) => ({ kind: 'not_found', threadId }),
      }),
    )
    await stage.startWatch(run, { onInterrupt: 'wait' })
    await stage.until(run, { phase: 'interrupted' })

    const cancellation = await stage.runs.cancelRun(run.ids)

    expect(cancellation).toEqual(ofRun(run, 'had_ended', { status: 'success' }))
    expect(await stage.handleOf(run).result()).toMatchObject({
      polling_result: 'interrupted',
      error: 'The run was cancelled while it waited for a human',
      interrupts: [{ id: 'i1', value: 'buy AAPL?' }],
    })
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })

  test('while the last try to create the run is running finds the run that it may have created', async () => {
    const gate = stage.gate()
    const held = async () => {
      await gate.opened
      throw unanswered
    }
    let isCancelled = false
    const run = stage.run((ids) => ({
      createRun: answers<Creation>({ kind: 'busy', ...ids, reason: 'run r1 is at work' }, held, {
        kind: 'created',
        ...ids,
      }),
      getRunStatus: async () => (isCancelled ? stopped : running),
      cancelRun: async () => {
        isCancelled = true
      },
    }))
    await stage.startExecution(run, { pollInterval: '5s', maxPollTime: '5s' })
    await stage.until(run, { phase: 'waiting' })
    await stage.environment.sleep('6s')
    await stage.until(run, { phase: 'creating' })

    const { cancellation, outcome } = await cancelRun(run, {}, gate.open)

    expect(cancellation).toEqual(ofRun(run, 'cancelled', { status: 'interrupted' }))
    // The last look comes at once, before or after the run has stopped.
    expect(outcome).toHaveProperty('run_id', run.ids.runId)
  })

  test('of a run that has asked since the last poll ends the watch at once', async () => {
    const run = stage.run(
      atWork({
        getRunStatus: answers(running, asking),
        createRun: async ({ threadId = '' }) => ({ kind: 'not_found', threadId }),
      }),
    )
    await stage.startWatch(run, { ...patient, onInterrupt: 'wait' })
    await stage.until(run, { phase: 'waiting' })
    const { cancellation, outcome } = await cancelRun(run)
    expect(cancellation).toMatchObject({ result: 'had_ended' })
    expect(outcome).toHaveProperty('polling_metadata.completion_time_seconds', expect.closeTo(0, -2))
  })

  describe('after somebody else has answered the question, which is not noticed yet,', () => {
    const followUp = '0199a1b2-c3d4-7e5f-8a9b-0000000000f1'
    const byOther = { runId: followUp, resumes: true } as const
    function answeredElsewhere(look: Script['findLaterRun'] = async () => ({ kind: 'none' })) {
      let isCancelled = false
      return stage.run(({ threadId, runId }) => ({
        createRun: async () => ({ kind: 'overtaken', threadId, by: byOther }),
        findLaterRun: look,
        cancelRun: async () => {
          isCancelled = true
        },
        getRunStatus: async (asked) => {
          if (asked.runId === runId) return asking
          return isCancelled ? stopped : running
        },
      }))
    }

    test('cancels the run that continues', async () => {
      const run = answeredElsewhere()
      await stage.startWatch(run, { onInterrupt: 'wait' })
      await stage.until(run, { phase: 'interrupted' })
      const { cancellation, outcome } = await cancelRun(run)
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: followUp })
      expect(outcome).toMatchObject({ run_id: followUp, error: expect.stringContaining('cancelled') })
    })

    test('and just looked for, cancels the run that continues', async () => {
      const gate = stage.gate()
      const run = answeredElsewhere(async () => {
        await gate.opened
        return { kind: 'later', by: byOther }
      })
      await stage.startWatch(run, { onInterrupt: 'wait' })
      await stage.until(run, { phase: 'interrupted' })
      await vi.waitFor(() => expect(callsOf(run, 'findLaterRun')).toHaveLength(1), 10_000)
      const { cancellation, outcome } = await cancelRun(run, {}, gate.open)
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: followUp })
      expect(outcome).toMatchObject({ run_id: followUp, error: expect.stringContaining('cancelled') })
    })

    const thirdRun = '0199a1b2-c3d4-7e5f-8a9b-0000000000f2'

    test('and again, cancels the last run', async () => {
      const run = stage.run(answeredAgainAndAgain(followUp, thirdRun))
      await stage.startWatch(run, { onInterrupt: 'wait' })
      await stage.until(run, { phase: 'interrupted' })
      const { cancellation, outcome } = await cancelRun(run)
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: thirdRun })
      expect(outcome).toMatchObject({ run_id: thirdRun })
    })

    test('on a server that is away, says that nobody knows', async () => {
      const run = stage.run(atWork({ getRunStatus: answers(asking), createRun: answers<Creation>(outage) }))
      await stage.startWatch(run, { onInterrupt: 'wait' })
      await stage.until(run, { phase: 'interrupted' })
      const { cancellation } = await cancelRun(run)
      expect(cancellation).toEqual({ result: 'cancel_unconfirmed', error: expect.stringContaining(outage.message) })
    })
  })

  test('sent twice, once to roll back, says that the run was rolled back', async () => {
    const run = stage.run(untilCancelled(gone))
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })
    const handle: WorkflowHandle<() => Promise<WatchOutcome>> = stage.handleOf(run)
    for (const action of ['rollback', 'interrupt']) {
      await handle.startUpdate('cancelRun', { args: [{ action }], waitForStage: 'ACCEPTED' })
    }
    expect(await handle.result()).toHaveProperty('error', expect.stringContaining('cancelled and rolled back'))
  })

  test('with an unknown action is refused as InvalidInput', async () => {
    const run = stage.run(atWork())
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const wrong = { action: 'kill' } as unknown as CancelRunInput
    await expect(stage.runs.cancelRun(run.ids, wrong)).rejects.toMatchObject({ type: 'InvalidInput' })
    const unchecked = stage.handleOf(run).executeUpdate('cancelRun', { args: [wrong] })

    await expect(unchecked).rejects.toThrow(WorkflowUpdateFailedError)
    await expect(unchecked).rejects.toMatchObject({ cause: { type: 'InvalidInput' } })
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })

  test('without an open watch is not found', async () => {
    const run = stage.run(atWork())
    await expect(stage.runs.cancelRun(run.ids)).rejects.toMatchObject({ name: 'WorkflowNotFoundError' })
  })
})

testEveryHistory(() => stage)
