import { describe, expect, test } from 'vitest'
import type { RunRequest } from '../../src/domain/input.ts'
import { Display } from '../../src/workflows/display.ts'
import { beginning } from '../../src/workflows/memory.ts'
import type { Memory } from '../../src/workflows/memory.ts'

const run = { threadId: 't2', runId: 'r2', deployment: 'research' }
const request: RunRequest = {
  deployment: 'trading',
  threadId: 't0',
  run: { assistantId: 'agent', input: null, multitaskStrategy: 'reject' },
}

function shown(change: Partial<Memory>): Display {
  return new Display({ memory: { ...beginning(0), ...change }, request })
}

function unanswered(inARow: number): Pick<Memory, 'polls'> {
  return { polls: { ...beginning(0).polls, lastError: 'HTTP 503', unanswered: { inARow, sinceMs: 0 } } }
}

describe('an open watch', () => {
  test('shows why it gets no answer once that is an outage', () => {
    expect(shown({ run, ...unanswered(2) })).toMatchObject({ state: 'waiting', error: undefined })
    expect(shown({ run, ...unanswered(3) })).toMatchObject({ state: 'outage', error: 'HTTP 503', hasConcluded: false })
  })

  test('shows what its starter has given, until the server and the run say it', () => {
    const creation = { threadId: 't1' }
    expect(shown({})).toMatchObject({ deployment: 'trading', threadId: 't0', assistant: 'agent' })
    expect(shown({ creation })).toMatchObject({ deployment: 'trading', threadId: 't1' })
    expect(shown({ creation, run })).toMatchObject({ deployment: 'research', threadId: 't2' })
  })
})
