import { expect, test } from 'vitest'
import { Stage } from '../support/time-skipping.ts'
import { patient, stopped, untilCancelled } from './cancelled-runs.ts'

// On a stage of its own: no answer of Temporal holds such a history.

test('`cancelRun` during a try to create the run says that nobody knows, if the history is full by then', async () => {
  const stage = await Stage.start()
  const gate = stage.gate()
  const run = stage.run(untilCancelled(stopped, gate.opened))
  await stage.startExecution(run, patient)
  await stage.until(run, { phase: 'creating' })
  // As many events as a watch lets its history have: a KB of a signal counts as one.
  for (let n = 0; n < 16; n += 1) await stage.handleOf(run).signal('noise', 'x'.repeat(1_990_000))

  expect(await stage.runs.cancelRun(stage.nameOf(run))).toEqual({
    result: 'cancel_unconfirmed',
    error: "The workflow's history is full: a run that is being created may continue",
  })

  gate.open()
  await stage.stop()
})
