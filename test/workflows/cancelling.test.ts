import { WorkflowUpdateFailedError } from '@temporalio/client'
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client'
import { CancelledFailure } from '@temporalio/common'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { CreationUnanswered } from '../../src/langgraph/creation.ts'
import type { CancelRunInput, Cancellation, WatchOutcome } from '../../src/client.ts'
import { langGraphFailureTypes as types } from '../../src/domain/contract.ts'
import { creationTimeoutMs } from '../../src/domain/defaults.ts'
import type { Creation } from '../../src/domain/creation.ts'
import type { RunLook } from '../../src/domain/run.ts'
import { LangGraphError } from '../../src/langgraph/errors.ts'
import { ended, running, values } from '../support/looks.ts'
import { Stage, answers, testEveryHistory } from '../support/time-skipping.ts'
import type { Script, ScriptedRun } from '../support/time-skipping.ts'

let stage: Stage
beforeAll(async () => {
  stage = await Stage.start()
})
afterEach(() => stage.endTest())
afterAll(() => stage.stop())

const stopped = ended('interrupted', { next: ['work'] })
const asking = ended('success', { next: ['ask'], interrupts: [{ id: 'i1', value: 'buy AAPL?' }] })
const gone = new LangGraphError(types.notFound, 'status from deployment "default": HTTP 404', { status: 404 })
const outage = new LangGraphError(types.unavailable, 'cancel on deployment "default": HTTP 503', { status: 503 })
/** Nobody knows whether the run was created; the request may still arrive for 20 s. */
const unanswered = new CreationUnanswered(
  new LangGraphError(types.timeout, 'create run on deployment "default": no answer'),
  Date.now() + 20_000 - creationTimeoutMs,
)
const patient = { pollInterval: '1h', maxPollTime: '1d' } as const

/** A run that is there at once, and at work. */
function atWork(script: Script = {}): ScriptedRun {
  return stage.run((ids) => ({
    createRun: async () => ({ kind: 'created', ...ids }),
    getRunStatus: answers(running),
    retrieveStreamValues: answers(values),
    ...script,
  }))
}

/** A run that is not there yet: the first try does not create it, the later ones come to `then`. */
function notThere(first: 'busy' | Error, then: 'created' | 'not_found' | Error, script: Script = {}): ScriptedRun {
  return stage.run((ids) => {
    const { threadId } = ids
    const busy = { kind: 'busy', threadId, reason: 'run r1 is at work' } as const
    const found = then === 'created' ? ({ kind: then, ...ids } as const) : ({ kind: 'not_found', threadId } as const)
    return {
      createRun: answers<Creation>(first === 'busy' ? busy : first, then instanceof Error ? then : found),
      getRunStatus: answers(running, stopped),
      ...script,
    }
  })
}

/** At work until it is cancelled; then as the look says. The update's looks and the watch's polls come in any order. */
function untilCancelled(look: RunLook | Error, creationHeld?: Promise<unknown>): ScriptedRun {
  let isCancelled = false
  return stage.run((ids) => ({
    createRun: async () => {
      await creationHeld
      return { kind: 'created', ...ids }
    },
    cancelRun: async () => {
      isCancelled = true
    },
    getRunStatus: async () => {
      if (isCancelled && look instanceof Error) throw look
      return isCancelled && !(look instanceof Error) ? look : running
    },
  }))
}

/** A run that asked, and those that go on from it: each but the last, which is at work, asked too. All answered elsewhere. */
function answeredAgainAndAgain(...next: readonly string[]) {
  let isCancelled = false
  return stage.run(({ threadId, runId }) => ({
    createRun: async (request) => {
      const from = 'continues' in request.run ? request.run.continues : ''
      const by = [runId, ...next][[runId, ...next].indexOf(from) + 1]
      return by === undefined
        ? { kind: 'not_found', threadId }
        : { kind: 'overtaken', threadId, by: { runId: by, resumes: true } }
    },
    cancelRun: async () => {
      isCancelled = true
    },
    getRunStatus: async (asked) => {
      if (asked.runId !== next.at(-1)) return asking
      return isCancelled ? stopped : running
    },
  }))
}

/** Cancels the run's workflow, and waits for its end with skipped time. */
async function cancelled(run: ScriptedRun) {
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

function ofRun({ ids }: ScriptedRun, result: Cancellation['result'], more: Partial<Cancellation> = {}): Cancellation {
  return { result, run_id: ids.runId, thread_id: ids.threadId, ...more }
}

function callsOf(run: ScriptedRun, activity: string) {
  return run.calls.filter((call) => call.activity === activity)
}

/** Sends the update `cancelRun`, and lets the time go on that it and the watch take to their ends. */
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
  const run = atWork(script)
  await stage.startWatch(run, { ...patient, onCancel: 'cancel_run' })
  await stage.until(run, { phase: 'waiting' })
  const beforeMs = await stage.environment.currentTimeMs()
  const { cancellation, status } = await cancelled(run)
  expect(status).toBe('CANCELLED')
  const tookMs = (run.calls.at(-1)?.atMs ?? 0) - beforeMs
  return { run, cancellation, tookMs }
}

describe('a workflow that is cancelled with `onCancel: leave`', () => {
  test('lets the run go on, as every watch does by default', async () => {
    const run = atWork()
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    expect(await cancelled(run)).toEqual(asCancelled(ofRun(run, 'left', { status: 'running' })))

    expect(callsOf(run, 'cancelRun')).toEqual([])
    expect(await stage.detailsOf(run)).toContain('the workflow was cancelled; the run: **left**')
  })

  test('lets the run go on that it has created', async () => {
    const run = atWork()
    await stage.startExecution(run, { ...patient, onCancel: 'leave' })
    await stage.until(run, { phase: 'waiting' })
    expect(await cancelled(run)).toEqual(asCancelled(ofRun(run, 'left')))
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })

  test('before there is a run says so', async () => {
    const run = notThere('busy', 'created')
    await stage.startExecution(run, { ...patient, onCancel: 'leave' })
    await stage.until(run, { phase: 'waiting' })
    expect(await cancelled(run)).toEqual(asCancelled({ result: 'not_created' }))
  })

  test('after a try that got no answer says that a run may go on', async () => {
    const run = notThere(unanswered, 'created')
    await stage.startExecution(run, { ...patient, onCancel: 'leave' })
    await stage.until(run, { phase: 'waiting' })
    const error = `A run may have been created: ${unanswered.message}`
    expect(await cancelled(run)).toEqual(asCancelled({ result: 'left', error }))
  })
})

describe('an execution that is cancelled', () => {
  test.each(['leave', 'cancel_run'] as const)('before a worker is there creates no run: %s', async (onCancel) => {
    await stage.stopWorker()
    const run = atWork()
    await stage.startExecution(run, { ...patient, onCancel })
    await stage.handleOf(run).cancel()
    await stage.startWorker()

    expect(await endOf(stage.handleOf(run))).toEqual(asCancelled({ result: 'not_created' }))

    expect(run.calls).toEqual([])
  })

  test('between two tries to create the run creates none', async () => {
    const run = notThere('busy', 'created')
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
      const run = notThere(unanswered, 'created')

      expect(await cancelledAfterIt(run)).toEqual(asCancelled(ofRun(run, 'cancelled', { status: 'interrupted' })))

      const [first, look, ...others] = callsOf(run, 'createRun')
      expect(look?.argument).toEqual({ ...first?.argument, findOnly: true })
      expect((look?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(19_900)
      expect(others).toEqual([])
    })

    test('looks for the run, and there is none', async () => {
      const run = notThere(unanswered, 'not_found')
      expect(await cancelledAfterIt(run)).toEqual(asCancelled({ result: 'not_created' }))
      expect(callsOf(run, 'cancelRun')).toEqual([])
    })

    test('says that nobody knows, where LangGraph does not answer three looks either', async () => {
      const run = notThere(unanswered, outage)
      const error = `A run may have been created: ${outage.message}`
      expect(await cancelledAfterIt(run)).toEqual(asCancelled({ result: 'cancel_unconfirmed', error }))
      expect(callsOf(run, 'createRun')).toHaveLength(4)
    })
  })

  test('while it waits cancels the run, and reads it until it has stopped', async () => {
    const run = atWork({ getRunStatus: answers(running, running, running, stopped) })
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
    const run = atWork({ getRunStatus: answers(asking) })
    await stage.startExecution(run, { ...patient, onInterrupt: 'wait' })
    await pollNow(run)
    await stage.until(run, { phase: 'interrupted' })

    expect(await cancelled(run)).toEqual(asCancelled(ofRun(run, 'had_ended', { status: 'success' })))
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })
})

describe('a run that is to be cancelled', () => {
  test('and does not stop is given up within a minute', async () => {
    const { run, cancellation, tookMs } = await cancelledAtWork({})
    const error = 'LangGraph accepted it, and the run goes on'
    expect(cancellation).toEqual(ofRun(run, 'cancel_unconfirmed', { status: 'running', error }))
    expect(tookMs).toBeGreaterThan(30_000)
    expect(tookMs).toBeLessThan(60_000)
  })

  test('and whose server refuses that three times is said to be unconfirmed, with the reason', async () => {
    const { run, cancellation, tookMs } = await cancelledAtWork({ cancelRun: () => Promise.reject(outage) })
    expect(cancellation).toEqual(ofRun(run, 'cancel_unconfirmed', { status: 'running', error: outage.message }))
    expect(callsOf(run, 'cancelRun').map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect(tookMs).toBeLessThan(60_000)
  })

  test('and stops although the server did not say so is cancelled', async () => {
    const { run, cancellation } = await cancelledAtWork({
      getRunStatus: answers(running, running, stopped),
      cancelRun: () => Promise.reject(outage),
    })
    expect(cancellation).toEqual(ofRun(run, 'cancelled', { status: 'interrupted' }))
  })

  test('and cannot be read is said to be unconfirmed, within five minutes', async () => {
    const { run, cancellation, tookMs } = await cancelledAtWork({ getRunStatus: answers<RunLook>(running, outage) })
    expect(cancellation).toEqual(ofRun(run, 'cancel_unconfirmed', { error: outage.message }))
    expect(tookMs).toBeLessThan(300_000)
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

describe('the update `cancelRun`', () => {
  test.each([
    { input: undefined, action: 'interrupt' },
    { input: { action: null }, action: 'interrupt' },
    { input: { action: 'interrupt' }, action: 'interrupt' },
    { input: { action: 'rollback' }, action: 'rollback' },
  ] as const)(
    'with $input cancels the run by $action, and the watch reports the outcome',
    async ({ input, action }) => {
      const run = untilCancelled(stopped)
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
    const run = untilCancelled(ended('error'))
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })
    const { outcome } = await cancelRun(run)
    expect(outcome).toMatchObject({ polling_result: 'error', status: 'error', error: 'The run was cancelled' })
  })

  test('with `rollback` has an outcome, although the run is gone', async () => {
    const run = untilCancelled(gone)
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
    const run = atWork({ getRunStatus: answers(running, ended('success')) })
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const cancellation = await stage.runs.cancelRun(run.ids)

    expect(cancellation).toEqual(ofRun(run, 'had_ended', { status: 'success' }))
    expect(await stage.handleOf(run).result()).toHaveProperty('result', values.values)
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })

  test('on a run that does not stop says so, and the watch goes on', async () => {
    const looks = Array.from({ length: 10 }, () => running)
    const run = atWork({ getRunStatus: answers(...looks, ended('success')) })
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run)

    expect(cancellation).toMatchObject({ result: 'cancel_unconfirmed', status: 'running' })
    expect(outcome).toHaveProperty('result', values.values)
  })

  test('while the thread is busy keeps the run from being created', async () => {
    const run = notThere('busy', 'created')
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
    const run = untilCancelled(stopped, gate.opened)
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
    const run = notThere(unanswered, finds)
    await stage.startExecution(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run)

    expect(cancellation.result).toBe(result)
    expect(outcome.status).toBe(status)
    expect(callsOf(run, 'createRun').map(({ argument }) => argument.findOnly)).toEqual([undefined, true])
  })

  test('after a try without an answer, on a server that stays away, says that nobody knows', async () => {
    const run = notThere(unanswered, outage)
    await stage.startExecution(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run)

    const unknown = { result: 'cancel_unconfirmed', error: expect.stringContaining('A run may have been created') }
    expect(cancellation).toEqual(unknown)
    expect(outcome).toMatchObject({ status: 'polling_error', cancellation: unknown })
  })

  test('while the run that goes on is created cancels that one', async () => {
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
    const run = atWork({ getRunStatus: answers(...looks, asking) })
    await stage.startWatch(run, { ...patient, onInterrupt: 'wait', humanTimeout: '1h' })
    await stage.until(run, { phase: 'waiting' })

    const { cancellation, outcome } = await cancelRun(run)

    expect(cancellation).toMatchObject({ result: 'cancel_unconfirmed' })
    expect(outcome).toMatchObject({ error: expect.stringContaining('Nobody answered within 3600.0s') })
  })

  test('on a run that had failed does not make it a cancelled one', async () => {
    const run = atWork({ getRunStatus: answers(running, ended('error')) })
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })
    const { cancellation, outcome } = await cancelRun(run)
    expect(cancellation).toEqual(ofRun(run, 'had_ended', { status: 'error' }))
    expect(outcome).toMatchObject({ status: 'error', error: expect.stringContaining('failed or was cancelled') })
  })

  test('while the run waits for a human ends the waiting', async () => {
    const run = atWork({
      getRunStatus: answers(asking),
      createRun: async ({ threadId = '' }) => ({ kind: 'not_found', threadId }),
    })
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

  test('while the last try to create the run is at work finds the run that it may have created', async () => {
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
    const run = atWork({
      getRunStatus: answers(running, asking),
      createRun: async ({ threadId = '' }) => ({ kind: 'not_found', threadId }),
    })
    await stage.startWatch(run, { ...patient, onInterrupt: 'wait' })
    await stage.until(run, { phase: 'waiting' })
    const { cancellation, outcome } = await cancelRun(run)
    expect(cancellation).toMatchObject({ result: 'had_ended' })
    expect(outcome).toHaveProperty('polling_metadata.completion_time_seconds', expect.closeTo(0, -2))
  })

  describe('after somebody else has answered the question, which is not noticed yet,', () => {
    const followUp = '0199a1b2-c3d4-7e5f-8a9b-0000000000f1'
    const byOther = { runId: followUp, resumes: true } as const
    function answeredElsewhere(look: Script['findLaterRun'] = async () => null) {
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

    test('cancels the run that goes on', async () => {
      const run = answeredElsewhere()
      await stage.startWatch(run, { onInterrupt: 'wait' })
      await stage.until(run, { phase: 'interrupted' })
      const { cancellation, outcome } = await cancelRun(run)
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: followUp })
      expect(outcome).toMatchObject({ run_id: followUp, error: expect.stringContaining('cancelled') })
    })

    test('and just looked for, cancels the run that goes on', async () => {
      const gate = stage.gate()
      const run = answeredElsewhere(async () => {
        await gate.opened
        return byOther
      })
      await stage.startWatch(run, { onInterrupt: 'wait' })
      await stage.until(run, { phase: 'interrupted' })
      await vi.waitFor(() => expect(callsOf(run, 'findLaterRun')).toHaveLength(1))
      const { cancellation, outcome } = await cancelRun(run, {}, gate.open)
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: followUp })
      expect(outcome).toMatchObject({ run_id: followUp, error: expect.stringContaining('cancelled') })
    })

    const thirdRun = '0199a1b2-c3d4-7e5f-8a9b-0000000000f2'

    test('and again, cancels the last run', async () => {
      const run = answeredAgainAndAgain(followUp, thirdRun)
      await stage.startWatch(run, { onInterrupt: 'wait' })
      await stage.until(run, { phase: 'interrupted' })
      const { cancellation, outcome } = await cancelRun(run)
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: thirdRun })
      expect(outcome).toMatchObject({ run_id: thirdRun })
    })

    test('and again, the cancelled workflow cancels the last run', async () => {
      const run = answeredAgainAndAgain(followUp, thirdRun)
      await stage.startWatch(run, { onInterrupt: 'wait', onCancel: 'cancel_run' })
      await stage.until(run, { phase: 'interrupted' })
      expect((await cancelled(run)).cancellation).toMatchObject({ result: 'cancelled', run_id: thirdRun })
    })

    test('on a server that is away, says that nobody knows', async () => {
      const run = atWork({ getRunStatus: answers(asking), createRun: answers<Creation>(outage) })
      await stage.startWatch(run, { onInterrupt: 'wait' })
      await stage.until(run, { phase: 'interrupted' })
      const { cancellation } = await cancelRun(run)
      expect(cancellation).toEqual({ result: 'cancel_unconfirmed', error: expect.stringContaining(outage.message) })
    })

    test('the cancelled workflow cancels the run that goes on', async () => {
      const run = answeredElsewhere()
      await stage.startWatch(run, { onInterrupt: 'wait', onCancel: 'cancel_run' })
      await stage.until(run, { phase: 'interrupted' })
      const { cancellation } = await cancelled(run)
      expect(cancellation).toMatchObject({ result: 'cancelled', run_id: followUp })
      expect(callsOf(run, 'cancelRun').map(({ argument }) => argument.runId)).toEqual([followUp])
    })
  })

  test('sent twice, once to roll back, says that the run was rolled back', async () => {
    const run = untilCancelled(gone)
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })
    const handle: WorkflowHandle<() => Promise<WatchOutcome>> = stage.handleOf(run)
    for (const action of ['rollback', 'interrupt']) {
      await handle.startUpdate('cancelRun', { args: [{ action }], waitForStage: 'ACCEPTED' })
    }
    expect(await handle.result()).toHaveProperty('error', expect.stringContaining('cancelled and rolled back'))
  })

  test('with an action that is none is refused as InvalidInput', async () => {
    const run = atWork()
    await stage.startWatch(run, patient)
    await stage.until(run, { phase: 'waiting' })

    const wrong = { action: 'kill' } as unknown as CancelRunInput
    await expect(stage.runs.cancelRun(run.ids, wrong)).rejects.toMatchObject({ type: 'InvalidInput' })
    const unchecked = stage.handleOf(run).executeUpdate('cancelRun', { args: [wrong] })

    await expect(unchecked).rejects.toThrow(WorkflowUpdateFailedError)
    await expect(unchecked).rejects.toMatchObject({ cause: { type: 'InvalidInput' } })
    expect(callsOf(run, 'cancelRun')).toEqual([])
  })

  test('where no watch is open is not found', async () => {
    const run = atWork()
    await expect(stage.runs.cancelRun(run.ids)).rejects.toMatchObject({ name: 'WorkflowNotFoundError' })
  })
})

testEveryHistory(() => stage)
