import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../../src/cli/ending.ts'
import type { WatchOutcome } from '../../src/client.ts'

const ids = { run_id: 'r', thread_id: 't' }
const polling_metadata = { poll_count: 1, completion_time_seconds: 1, timestamp: '2026-01-01T00:00:00Z' }

describe('a run that was cancelled', () => {
  test.each<WatchOutcome>([
    { ...ids, polling_result: 'interrupted', status: 'interrupted', polling_metadata },
    { ...ids, polling_result: 'error', status: 'error', error: 'CancelledError', polling_metadata },
  ])('ends the command with 6, whatever word its server has for it: $status', (outcome) => {
    expect(exitCodeOf({ ...outcome, cancelled: true })).toBe(6)
    expect(exitCodeOf(outcome)).not.toBe(6)
  })
})
