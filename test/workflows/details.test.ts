import { describe, expect, test } from 'vitest'
import type { WatchOutcome, WatchProgress } from '../../src/domain/outcome.ts'
import type { WatchState } from '../../src/domain/state.ts'
import { describe as describeProgress, describeCancellation, describeEnd } from '../../src/workflows/details.ts'
import { beginning } from '../../src/workflows/memory.ts'
import type { Memory } from '../../src/workflows/memory.ts'
import type { Question } from '../../src/workflows/question.ts'
import { openState } from '../../src/workflows/state.ts'

const run = { threadId: 't1', runId: 'r1', deployment: 'research' }
const question: Question = {
  interrupts: [{ id: 'i1', value: 'buy?' }],
  next: ['ask'],
  answers: {},
  goOn: false,
  looks: 0,
  failedLooks: 0,
}

function polls(inARow: number): Memory['polls'] {
  return { ...beginning(0).polls, unanswered: { inARow, sinceMs: 0 } }
}

describe('the state of an open watch', () => {
  const rows: readonly [string, Partial<Memory>, WatchProgress['phase'], WatchState][] = [
    ['a run that is not created yet', { run: undefined }, 'waiting', 'creating'],
    ['a try to create it', { run: undefined }, 'creating', 'creating'],
    ['a sleep', {}, 'waiting', 'waiting'],
    ['a poll', {}, 'polling', 'waiting'],
    ['two polls without an answer', { polls: polls(2) }, 'waiting', 'waiting'],
    ['three', { polls: polls(3) }, 'polling', 'outage'],
    ['three tries to create the run', { run: undefined, polls: polls(3) }, 'waiting', 'outage'],
    ['an open question', { question }, 'interrupted', 'human'],
    ['an open question of a server that is away', { question, polls: polls(3) }, 'interrupted', 'human'],
    ['an answer that is being given', { question: { ...question, answers: { 0: 'yes' } } }, 'creating', 'waiting'],
    ['a retrieval', {}, 'retrieving', 'retrieving'],
    ['a retrieval after failed polls', { polls: polls(3) }, 'retrieving', 'retrieving'],
  ]
  test.each(rows)('%s', (_, change, phase, state) => {
    expect(openState({ ...beginning(0, run), ...change }, phase)).toBe(state)
  })
})

const about = { workflowId: 'order/1', deployment: 'research', run }
const shown: WatchProgress = { phase: 'waiting', state: 'waiting', poll_count: 1, started_at: '', elapsed_seconds: 1 }

describe('what the Web UI shows of an open watch', () => {
  test('begins with the command that answers a question, and the question readable', () => {
    const value = { question: 'Sell 100 AAPL?', order: { symbol: 'AAPL', shares: 100 } }
    const details = describeProgress(
      { ...shown, phase: 'interrupted', state: 'human', interrupts: [{ id: 'i1', value }], next: ['ask'] },
      about,
    )
    expect(details).toBe(
      '**Answer it**: `langgraph-runs resume --id order/1`\n\n```text\nquestion: Sell 100 AAPL?\norder:\n  symbol: AAPL\n  shares: 100\n```\n\nbefore `ask`, until somebody answers\n\n1 poll',
    )
  })

  test('cuts a long question between two words, and numbers several', () => {
    const long = 'word '.repeat(2000)
    const interrupts = [{ value: 'first?' }, { value: long }]
    const details = describeProgress({ ...shown, state: 'human', interrupts, next: ['ask'] }, about)
    expect(details).toContain('```text\n1. first?\n2. word word')
    expect(details).toContain('word …\n```')
    // The Web UI cuts longer ones.
    expect(details.split('\n').filter((line) => line.length > 56)).toEqual([])
  })

  test('says how to continue past a breakpoint', () => {
    const details = describeProgress({ ...shown, state: 'human', interrupts: [], next: ['trade'] }, about)
    expect(details).toMatch(
      /^\*\*Continue it\*\*: `langgraph-runs resume --id order\/1`\n\n```text\nbreakpoint before trade\n/,
    )
  })

  test('says what to check in an outage, since when, and why', () => {
    const outage = { inARow: 4, since: '2026-11-28T10:00:00.000Z' }
    const details = describeProgress({ ...shown, state: 'outage', last_error: 'HTTP 503' }, { ...about, outage })
    expect(details).toBe(
      '**Check the deployment `research`**: no answer since 2026-11-28T10:00:00.000Z (4 tries in a row). The watch continues by itself\n\n```text\nHTTP 503\n```\n\n1 poll',
    )
  })

  test('says that there is nothing to do, and where else to look', () => {
    const links = [
      'https://eu.example/t1',
      'https://smith.example/o/1/projects/p/2/r/r1',
      'https://smith.example/studio/thread/t1?baseUrl=x',
    ]
    expect(describeProgress(shown, { ...about, links })).toBe(
      `**Nothing to do**: the run is waited for\n\n1 poll\n\n[eu.example](${links[0]}) · [LangSmith](${links[1]}) · [LangGraph Studio](${links[2]})`,
    )
  })
})

describe('what the Web UI shows of a watch that has ended', () => {
  const base = {
    run_id: 'r1',
    thread_id: 't1',
    polling_metadata: { poll_count: 1, completion_time_seconds: 1, timestamp: '' },
  }
  const timedOut = { ...base.polling_metadata, elapsed_seconds: 1, max_poll_time: 1 }
  const which = 't1 r1 --deployment research'
  const rows: readonly { outcome: WatchOutcome; todo: string }[] = [
    {
      outcome: { polling_result: 'error', status: 'error', error: 'ValueError: boom', ...base },
      todo: `**Fix what the error says**, then continue it: \`langgraph-runs retry ${which}\``,
    },
    {
      outcome: { polling_result: 'error', status: 'polling_error', error: 'HTTP 404', ...base },
      todo: `**Fix what the error says**, then \`langgraph-runs watch ${which}\``,
    },
    {
      outcome: { polling_result: 'timeout', status: 'timeout', error: 'too long', ...base },
      todo: "**Give the run more time**: LangGraph's own limit for background runs has ended it",
    },
    {
      outcome: {
        ...base,
        polling_result: 'timeout',
        status: 'polling_timeout',
        error: 'late',
        polling_metadata: timedOut,
      },
      todo: `**To keep waiting**: \`langgraph-runs watch ${which}\``,
    },
    {
      outcome: { polling_result: 'interrupted', status: 'interrupted', interrupts: [], error: 'asks', ...base },
      todo: `**To answer it here**: \`langgraph-runs watch ${which} --on-interrupt wait\``,
    },
  ]
  test.each(rows)('begins with what to do next: $todo', ({ outcome, todo }) => {
    const { polling_result, status } = outcome
    const error = 'error' in outcome ? outcome.error : ''
    expect(describeEnd(outcome, about)).toBe(
      `${todo}\n\n**${polling_result}**, run status \`${status}\`, 1 poll\n\n\`\`\`text\n${error}\n\`\`\``,
    )
  })

  test('names the workflow to start again if there is no run', () => {
    const outcome = { polling_result: 'error', status: 'polling_error', error: 'no', ...base } as const
    expect(describeEnd(outcome, { ...about, run: undefined })).toMatch(/^\*\*Fix .*\*\*, then start `order\/1` again\n/)
  })

  test('has nothing to do for a run that was cancelled', () => {
    const outcome = {
      polling_result: 'interrupted',
      status: 'interrupted',
      cancelled: true,
      error: 'x',
      ...base,
    } as const
    expect(describeEnd(outcome, about)).toMatch(/^\*\*interrupted\*\*, /)
  })

  test('says what became of the run of a cancelled workflow', () => {
    const cancellation = { result: 'cancelled', run_id: 'r1', status: 'interrupted' } as const
    expect(describeCancellation(cancellation)).toBe(
      'the workflow was cancelled; the run: **cancelled**\n\nrun `r1`\n\nlast status `interrupted`',
    )
  })
})
