import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { payloadOptions } from '../support/encryption.ts'
import { QueryFirst, waits } from '../support/query-first.ts'

// A query that waits for a worker, while timers fire: what `query-first.ts` says.

const copies = 3
const patience = 60_000
let stage: QueryFirst
let started: Awaited<ReturnType<QueryFirst['play']>>
beforeAll(async () => {
  stage = await QueryFirst.open(inject('temporalAddress'), inject('workflowBundle'))
  started = await stage.play(copies)
}, 150_000)
afterAll(() => stage.close())

describe('after two killed workers, a workflow is not stuck that waited', () => {
  test.each(Object.keys(waits))('%s', { timeout: patience }, async (name) => {
    const own = started.filter((one) => one.name === name)
    expect(own).toHaveLength(copies)
    const outcomes = await Promise.all(own.map(({ outcome }) => outcome))
    expect(outcomes).toMatchObject(own.map(() => ({ polling_result: expect.any(String) })))
  })
})

test('every history replays', { timeout: patience }, async () => {
  const histories = await Promise.all(
    started.map(async ({ handle }) => ({ workflowId: handle.workflowId, history: await handle.fetchHistory() })),
  )
  const different = []
  const workflowBundle = { codePath: inject('workflowBundle') }
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle, ...payloadOptions },
    histories,
  )) {
    if (error) different.push({ workflowId, error })
  }
  expect(different).toEqual([])
})
