import type { MetricTags } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { countedWatch } from '../../src/sweep/counted-watch.ts'
import { runtimeMetrics } from '../../src/telemetry/metrics.ts'
import { SweepMetrics } from '../../src/telemetry/sweep-metrics.ts'

/** A sweep's metrics, of which the last value of each series is kept. */
function stage() {
  const clock = { nowMs: 1_000_000 }
  const values: Record<string, number> = {}
  const keep = (name: string) => (value: number, tags: MetricTags) =>
    void (values[[name, ...Object.values(tags)].join(' ')] = value)
  const metrics = {
    openWatches: { set: keep('open') },
    oldestHumanWait: { set: keep('human') },
    sweepAge: { set: keep('age') },
    sweepDuration: { record: keep('took') },
  }
  return { clock, values, sweep: new SweepMetrics(metrics, { deployment: 'd' }, () => clock.nowMs) }
}

const nothingOpen = {
  'open d creating': 0,
  'open d waiting': 0,
  'open d outage': 0,
  'open d human': 0,
  'open d backing_off': 0,
  'open d retrieving': 0,
}

describe('the metrics of a sweep', () => {
  test('count the open watches, and show the longest wait for a human as it grows', () => {
    const { clock, values, sweep } = stage()
    sweep.looked(250)
    sweep.aged(1500)
    expect(values).toEqual({ 'took d': 0.25, 'age d': 1.5 })
    const human = [{ state: 'human', sinceMs: 940_000 } as const, { state: 'human', sinceMs: 990_000 } as const]
    sweep.counted([...human, { state: 'waiting', sinceMs: 1 }])
    expect(values).toMatchObject({ ...nothingOpen, 'open d human': 2, 'open d waiting': 1, 'human d': 60 })
    clock.nowMs += 5000
    sweep.aged(0)
    expect(values['human d']).toBe(65)
    sweep.counted([{ state: 'waiting', sinceMs: 1 }])
    expect(values).toMatchObject({ ...nothingOpen, 'open d waiting': 1, 'human d': 0 })
  })

  test('say nothing that is not known: another worker may sweep now', () => {
    const { values, sweep } = stage()
    sweep.aged(0)
    sweep.counted([{ state: 'human', sinceMs: 0 }])
    sweep.ended(undefined)
    expect(new Set(Object.values(values))).toEqual(new Set([NaN]))
    sweep.aged(0)
    expect(values['human d']).toBeNaN()
  })

  test('are 0 if no watch is open, and the sweep has no age', () => {
    const { values, sweep } = stage()
    sweep.ended('idle')
    expect(values).toEqual({ ...nothingOpen, 'human d': 0, 'age d': NaN })
  })

  test('are none if the runtime exports none', () => {
    expect(runtimeMetrics()()).toBeUndefined()
  })
})

describe('an open watch is counted', () => {
  const ids = '11111111-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222'
  const listed = { workflowId: `watch-run/d/${ids}`, startedAtMs: 5, memo: undefined }
  const since = '1970-01-01T00:00:01.000Z'

  test.each([
    ['by its memo', { ...listed, memo: { deployment: 'd', state: 'human', state_since: since } }, 'human', 1000],
    ['by its id alone', listed, 'waiting', 5],
    ['before it has a run', { ...listed, workflowId: 'mine', memo: { deployment: 'd' } }, 'creating', 5],
    ['that says no state', { ...listed, workflowId: 'mine', memo: { deployment: 'd', run_id: 'r' } }, 'waiting', 5],
    ['with a memo of anybody', { ...listed, memo: { state: ['human'], state_since: 'soon' } }, 'waiting', 5],
  ])('%s', (_, watch, state, sinceMs) => {
    expect(countedWatch('d', watch)).toEqual({ state, sinceMs })
  })

  test.each([
    ['another deployment', { ...listed, workflowId: `watch-run/other/${ids}` }],
    ['an end', { ...listed, memo: { deployment: 'd', state: 'success' } }],
    ['no watch', { ...listed, workflowId: 'mine', memo: 'text' }],
  ])('but not if it is of %s', (_, watch) => {
    expect(countedWatch('d', watch)).toBeUndefined()
  })
})
