import { afterEach, beforeEach, expect, test } from 'vitest'
import { after, json, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import { activitiesOn, newRun, tryOf } from './in-activity.ts'

// The workflow may not read its own clock, so the activities tell it the times.

let server: ScriptedLangGraph
beforeEach(async () => {
  server = await ScriptedLangGraph.start()
})
afterEach(() => server.stop())

const now = Date.now()
/** The second try, 3 s after the first was due; the worker's own clock is an hour slow. */
const secondTry = { scheduledTimestampMs: now + 3_600_000, currentAttemptScheduledTimestampMs: now + 3_603_000 }

test('a poll says when it was made, by the clock of Temporal', async () => {
  server.on('run', json({ status: 'running' }))
  const look = tryOf(secondTry).environment.run(activitiesOn(server.url).getRunStatus, newRun())
  expect(await look).toHaveProperty('askedAtMs', secondTry.currentAttemptScheduledTimestampMs)
})

test.each([
  { what: 'an answer', answer: json({ values: null }) },
  { what: 'a failure', answer: text('no', { status: 503 }) },
])('a retrieval says with $what how long all its tries took', async ({ answer }) => {
  server.on('state', after(200, answer)).on('history', json([]))
  const { retrieveThreadState } = activitiesOn(server.url)
  const retrieval: ReturnType<typeof retrieveThreadState> = tryOf(secondTry).environment.run(
    retrieveThreadState,
    newRun(),
  )
  const tookMs = await retrieval.then(
    (retrieved) => retrieved.tookMs,
    (error: { details: [{ took_ms: number }] }) => error.details[0].took_ms,
  )
  expect(tookMs).toBeGreaterThanOrEqual(3190)
  expect(tookMs).toBeLessThan(10_000)
})
