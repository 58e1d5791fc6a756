import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client'
import { CancelledFailure } from '@temporalio/common'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Cancellation } from '../../src/client.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { ended, running } from '../support/looks.ts'
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
} from './cancelled-runs.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

/** Cancels the run's workflow, and waits for its end with skipped time. */
async function cancelled(run: ScriptedRun) {
  await stage.untilIdle(run)
  await stage.handleOf(run).cancel()
  return endOf(stage.handleOf(run))
}

async function endOf(handle: WorkflowHandle) {
  const cause: unknown = await handle.result().catch((error: WorkflowFailedError) => error.cause)
  expect(cause).toBeInstanceOf(CancelledFailure)
  const { status, memo } = await handle.describe()
  return { status: status.name, cancellation: memo?.['cancellation'] }
}

/** How a cancelled workflow ends. */
function asCancelled(cancellation: Cancellation) {
  return { status: 'CANCELLED', cancellation }
}

/** A run that was created is polled after a sleep. */
async function pollNow(run: ScriptedRun): Promise<void> {
  await stage.until(run, { phase: 'waiting' })
  await stage.runs.wake(stage.nameOf(run))
}

async function cancelledAfterIt(run: ScriptedRun) {
  await stage.startExecution(run, patient)
  await stage.until(run, { phase: 'waiting' })
  return cancelled(run)
}

async function cancelledAtWork(script: Script) {
  const run = stage.run(atWork(script))
  await stage.startWatch(run, { ...patient, onCancel: 'cancel_run' })
  await stage.until(run, { phase: 'waiting' })
  const beforeMs = await stage.environment.currentTimeMs()
  const { cancellation, status } = await cancelled(run)
  expect(status).toBe('CANCELLED')
  const tookMs = (run.calls.at(-1)?.atMs ?? 0) - beforeMs
  return { run, cancellation, tookMs }
}

describe('a workflow that is cancelled with `onCancel: leave`', () => {
  test('lets the run continue, as every watch does by default', async () => {
    const run = stage.run(atWork())
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    expect(await cancelled(run)).toEqual(asCancelled(ofRun(run, 'left', { status: 'running' })))

    expect(callsOf(run, 'cancelRun')).toEqual([])
    expect(await stage.detailsOf(run)).toContain('the workflow was cancelled; the run: **left**')
  })

  test('lets the run continue that it has created', async () => {
    const run = stage.run(atWork())
    await stage.startExecution(run, { ...patient, onCancel: 'leave' })
    await stage.until(run, { phase: 'waiting' })
    expect(await cancelled(run)).toEqual(asCancelled(ofRun(run, 'left')))
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })

  test('before a run exists says so', async () => {
    const run = stage.run(notThere('busy', 'created'))
    await stage.startExecution(run, { ...patient, onCancel: 'leave' })
    await stage.until(run, { phase: 'waiting' })
    expect(await cancelled(run)).toEqual(asCancelled({ result: 'not_created' }))
  })

  test('after a try that got no answer says that a run may continue', async () => {
    const run = stage.run(notThere(unanswered, 'created'))
    await stage.startExecution(run, { ...patient, onCancel: 'leave' })
    await stage.until(run, { phase: 'waiting' })
    const error = `A run may have been created: ${unanswered.message}`
    expect(await cancelled(run)).toEqual(asCancelled({ result: 'left', error }))
  })
})

describe('an execution that is cancelled', () => {
  test.each(['leave', 'cancel_run'] as const)('before a worker is running creates no run: %s', async (onCancel) => {
    await stage.leaveWorker()
    const run = stage.run(atWork())
    await stage.startExecution(run, { ...patient, onCancel })
    await stage.handleOf(run).cancel()
    await stage.startWorker()

    expect(await endOf(stage.handleOf(run))).toEqual(asCancelled({ result: 'not_created' }))

    expect(run.calls).toEqual([])
  })

  test('between two tries to create the run creates none', async () => {
    const run = stage.run(notThere('busy', 'created'))
    await stage.startExecution(run, patient)
    await stage.until(run, { phase: 'waiting' })

    expect(await cancelled(run)).toEqual(asCancelled({ result: 'not_created' }))

    expect(run.calls.map(({ activity }) => activity)).toEqual(['createRun'])
  })

  test('during a try to create the run cancels the run that it creates', async () => {
    const gate = stage.gate()
    const run = stage.run((ids) => ({
      createRun: async () => {
        await gate.opened
        return { kind: 'created', ...ids }
      },
      getRunStatus: answers(running, stopped),
    }))
    await stage.startExecution(run, patient)
    await stage.until(run, { phase: 'creating' })

    await stage.handleOf(run).cancel()
    gate.open()

    const end = await endOf(stage.handleOf(run))
    expect(end).toEqual(asCancelled(ofRun(run, 'cancelled', { status: 'interrupted' })))
    expect(callsOf(run, 'createRun')).toHaveLength(1)
  })

  describe('after a try that got no answer', () => {
    test('looks for the run, when it must have arrived, and cancels it', async () => {
      const run = stage.run(notThere(unanswered, 'created'))

      expect(await cancelledAfterIt(run)).toEqual(asCancelled(ofRun(run, 'cancelled', { status: 'interrupted' })))

      const [first, look, ...others] = callsOf(run, 'createRun')
      expect(look?.argument).toEqual({ ...first?.argument, findOnly: true, mayExist: true })
      expect((look?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(19_900)
      expect(others).toEqual([])
    })

    test('looks for the run, and finds none', async () => {
      const run = stage.run(notThere(unanswered, 'not_found'))
      expect(await cancelledAfterIt(run)).toEqual(asCancelled({ result: 'not_created' }))
      expect(callsOf(run, 'cancelRun')).toEqual([])
    })

    test('says that nobody knows, if LangGraph does not answer three looks either', async () => {
      const run = stage.run(notThere(unanswered, outage))
      const error = `A run may have been created: ${outage.message}`
      expect(await cancelledAfterIt(run)).toEqual(asCancelled({ result: 'cancel_unconfirmed', error }))
      expect(callsOf(run, 'createRun')).toHaveLength(4)
    })
  })

  test('while it waits cancels the run, and reads it until it has stopped', async () => {
    const run = stage.run(atWork({ getRunStatus: answers(running, running, running, stopped) }))
    await stage.startExecution(run, patient)
    await stage.until(run, { phase: 'waiting' })

    expect(await cancelled(run)).toEqual(asCancelled(ofRun(run, 'cancelled', { status: 'interrupted' })))

    expect(callsOf(run, 'cancelRun').map(({ argument }) => argument)).toEqual([
      { ...run.ids, deployment: 'default', action: 'interrupt' },
    ])
    expect((await stage.timersOf(run)).slice(1).map(({ ms }) => ms)).toEqual([500, 1000, 2000])
    expect(await stage.detailsOf(run)).toBe(
      `the workflow was cancelled; the run: **cancelled**\n\nrun \`${run.ids.runId}\`\n\nlast status \`interrupted\``,
    )
  })

  test('while it waits for a human leaves the run alone, which has ended', async () => {
    const run = stage.run(atWork({ getRunStatus: answers(asking) }))
    await stage.startExecution(run, { ...patient, onInterrupt: 'wait' })
    await pollNow(run)
    await stage.until(run, { phase: 'interrupted' })

    expect(await cancelled(run)).toEqual(asCancelled(ofRun(run, 'had_ended', { status: 'success' })))
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })
})

describe('a run that is to be cancelled', () => {
  test('and does not stop is given up within 65 s', async () => {
    const { run, cancellation, tookMs } = await cancelledAtWork({})
    const error = 'LangGraph accepted it, and the run continues'
    expect(cancellation).toEqual(ofRun(run, 'cancel_unconfirmed', { status: 'running', error }))
    expect(tookMs).toBeGreaterThan(30_000)
    expect(tookMs).toBeLessThan(65_000)
  })

  test('and whose server refuses that three times is said to be unconfirmed, with the reason', async () => {
    const { run, cancellation, tookMs } = await cancelledAtWork({ cancelRun: () => Promise.reject(outage) })
    expect(cancellation).toEqual(ofRun(run, 'cancel_unconfirmed', { status: 'running', error: outage.message }))
    expect(callsOf(run, 'cancelRun').map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(tookMs).toBeLessThan(65_000)
  })

  test('and stops although the server did not say so is cancelled', async () => {
    const { run, cancellation } = await cancelledAtWork({
      getRunStatus: answers(running, running, stopped),
      cancelRun: () => Promise.reject(outage),
    })
    expect(cancellation).toEqual(ofRun(run, 'cancelled', { status: 'interrupted' }))
  })

  test('and cannot be read is said to be unconfirmed, within 65 s', async () => {
    const { run, cancellation, tookMs } = await cancelledAtWork({ getRunStatus: answers<RunLook>(running, outage) })
    expect(cancellation).toEqual(ofRun(run, 'cancel_unconfirmed', { error: outage.message }))
    expect(tookMs).toBeLessThan(65_000)
  })

  test('and is gone before had ended', async () => {
    const { run, cancellation } = await cancelledAtWork({ getRunStatus: answers<RunLook>(running, gone) })
    expect(cancellation).toEqual(ofRun(run, 'had_ended'))
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })

  test('and is gone after is cancelled', async () => {
    const { run, cancellation } = await cancelledAtWork({ getRunStatus: answers<RunLook>(running, running, gone) })
    expect(cancellation).toEqual(ofRun(run, 'cancelled'))
  })

  test.each(['success', 'timeout'])('and ends as %s meanwhile had ended', async (status) => {
    const { run, cancellation } = await cancelledAtWork({ getRunStatus: answers(running, running, ended(status)) })
    expect(cancellation).toEqual(ofRun(run, 'had_ended', { status }))
  })

  test.each(['interrupted', 'error'])('and ends as %s is cancelled', async (status) => {
    const { run, cancellation } = await cancelledAtWork({ getRunStatus: answers(running, running, ended(status)) })
    expect(cancellation).toEqual(ofRun(run, 'cancelled', { status }))
  })
})

const followUp = '0199a1b2-c3d4-7e5f-8a9b-0000000000f1'
const thirdRun = '0199a1b2-c3d4-7e5f-8a9b-0000000000f2'

describe('a workflow that is cancelled after somebody else has answered, which is not noticed yet,', () => {
  test('and again, cancels the last run', async () => {
    const run = stage.run(answeredAgainAndAgain(followUp, thirdRun))
    await stage.startWatch(run, { onInterrupt: 'wait', onCancel: 'cancel_run' })
    await stage.until(run, { phase: 'interrupted' })
    expect((await cancelled(run)).cancellation).toMatchObject({ result: 'cancelled', run_id: thirdRun })
  })

  test('cancels the run that continues', async () => {
    const run = stage.run(answeredAgainAndAgain(followUp))
    await stage.startWatch(run, { onInterrupt: 'wait', onCancel: 'cancel_run' })
    await stage.until(run, { phase: 'interrupted' })
    const { cancellation } = await cancelled(run)
    expect(cancellation).toMatchObject({ result: 'cancelled', run_id: followUp })
    expect(callsOf(run, 'cancelRun').map(({ argument }) => argument.runId)).toEqual([followUp])
  })
})

testEveryHistory(() => stage)
