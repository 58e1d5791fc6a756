import type { RunEnding, RunLook } from '../../src/domain/run.ts'

/** What a poll sees of a run that is running. */
export const running: RunLook = { status: 'running' }

/** What a poll sees of a run that has ended, with nothing left to do unless `ending` says so. */
export function ended(status: string, ending: Partial<RunEnding & { kind: 'known' }> = {}): RunLook {
  return { status, ending: { kind: 'known', next: [], interrupts: [], ...ending } }
}

/** What a retrieval finds. */
export const values = { found: 'values' as const, values: { trading_signal: 'BUY' } }
