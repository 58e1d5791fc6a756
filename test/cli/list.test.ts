import { randomUUID } from 'node:crypto'
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common'
import type { PayloadCodec } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { CliError, exitCodes } from '../../src/cli/exit.ts'
import { keepShowing } from '../../src/cli/list/live.ts'
import { Screen } from '../../src/cli/screen.ts'
import { read } from '../../src/cli/list/read.ts'
import type { Filter } from '../../src/cli/list/filter.ts'
import type { Listed } from '../../src/cli/list/listed.ts'
import { watchMemo } from '../../src/cli/list/memo.ts'
import { Visibility } from '../../src/cli/list/visibility.ts'
import { connect } from '../../src/cli/temporal.ts'
import { CliProcess } from './cli-process.ts'
import { HandMadeWatches } from './hand-made-watches.ts'
import { runHere } from './here.ts'

const patience = { timeout: 30_000, interval: 100 }
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString()

const thread = randomUUID()
const plain = 300

/** What all tests look at: name → workflow id. */
async function fill(watches: HandMadeWatches) {
  const start = (given: Parameters<HandMadeWatches['start']>[0]) => watches.start(given)
  const named = {
    human: await start({
      state: 'human',
      state_since: hoursAgo(2),
      question: 'BUY AAPL?\n\u{1b}[31m{"answers":["yes","no"]}',
    }),
    olderHuman: await start({
      id: 'order/4711',
      assistant: 'trading',
      deployment: 'research',
      thread_id: thread,
      state: 'human',
      state_since: hoursAgo(50),
      question: '買いますか? '.repeat(30),
    }),
    bareHuman: await start({ state: 'human', state_since: hoursAgo(3), isBare: true }),
    outage: await start({ state: 'outage', state_since: hoursAgo(1), error: 'HTTP 503', deployment: 'research' }),
    failed: await start({
      id: 'order/4712',
      state: 'error',
      error: "it's broken",
      assistant: "o'hara\\",
      isTerminated: true,
    }),
    terminated: await start({ state: 'human', state_since: hoursAgo(9), question: 'too late', isTerminated: true }),
    bareTerminated: await start({ isBare: true, isTerminated: true }),
  }
  await Promise.all([
    ...Array.from({ length: plain }, () => start({ state: 'waiting' })),
    watches.startOdd('odd/text', 'a text'),
    watches.startOdd('odd/fields', {
      deployment: { a: 1 },
      state: 'none such',
      state_since: 'soon',
      question: 7,
      error: null,
    }),
    watches.startUnreadable('odd/unreadable'),
  ])
  await vi.waitFor(async () => {
    expect((await watches.client.workflow.count()).count).toBe(all)
    expect((await watches.client.workflow.count(`ExecutionStatus = 'Terminated'`)).count).toBe(3)
  }, patience)
  return named
}

const all = plain + 10
const open = all - 3

type Names = Awaited<ReturnType<typeof fill>>

let [withThem, without]: HandMadeWatches[] = []
let [ofWith, ofWithout]: Names[] = []
beforeAll(async () => {
  ;[withThem, without] = await Promise.all([true, false].map((hasAttributes) => HandMadeWatches.open(hasAttributes)))
  ;[ofWith, ofWithout] = await Promise.all([fill(made(true)), fill(made(false))])
}, 120_000)
afterAll(async () => {
  await CliProcess.killAll()
  await Promise.all([withThem?.close(), without?.close()])
})

function made(hasAttributes: boolean): HandMadeWatches {
  const watches = hasAttributes ? withThem : without
  if (!watches) throw new Error('not opened')
  return watches
}

function namesOf(hasAttributes: boolean): Names {
  const names = hasAttributes ? ofWith : ofWithout
  if (!names) throw new Error('not filled')
  return names
}

const environment = (hasAttributes: boolean) => ({ TEMPORAL_NAMESPACE: made(hasAttributes).namespace })

function list(hasAttributes: boolean, ...options: readonly string[]) {
  return runHere(['list', ...options], { env: environment(hasAttributes) })
}

async function rows(hasAttributes: boolean, ...options: readonly string[]): Promise<Listed[]> {
  const { code, stdout } = await list(hasAttributes, ...options, '--json')
  expect(code).toBe(0)
  return JSON.parse(stdout)
}

describe.each([true, false])('list, in a namespace with the search attributes: %s', (hasAttributes) => {
  const filters: readonly [readonly string[], readonly (keyof Names)[]][] = [
    [['--waiting'], ['olderHuman', 'bareHuman', 'human']],
    [['--waiting', '--limit', '1'], ['olderHuman']],
    [['--state', 'outage,success'], ['outage']],
    [['--failed'], ['bareTerminated', 'terminated', 'failed']],
    [['--state', 'error'], ['failed']],
    [
      ['--state', 'terminated'],
      ['bareTerminated', 'terminated'],
    ],
    [
      ['--failed', '--since', '1h'],
      ['bareTerminated', 'terminated', 'failed'],
    ],
    [['--thread', thread.toUpperCase()], ['olderHuman']],
    [['--assistant', 'trading'], ['olderHuman']],
    [['--assistant', "o'hara\\"], ['failed']],
    [
      ['--deployment', 'research'],
      ['outage', 'olderHuman'],
    ],
    [['--deployment', 'research', '--waiting'], ['olderHuman']],
    [['--assistant', 'nobody'], []],
    [['--state', 'success,retrieving,cancelled,completed,failed,timed_out'], []],
  ]

  test.each(filters)('%j', async (options, expected) => {
    const found = await rows(hasAttributes, ...options)

    const ids = namesOf(hasAttributes)
    expect(found.map(({ id }) => id)).toEqual(expected.map((name) => ids[name]))
  })

  test('has each of hundreds once, the open ones first, and all fields of each', async () => {
    const found = await rows(hasAttributes, '--limit', '1000')

    expect(new Set(found.map(({ id }) => id)).size).toBe(all)
    expect(found).toHaveLength(all)
    expect(found.slice(0, open).every(({ ended }) => ended === undefined)).toBe(true)
    const { human, olderHuman, terminated } = namesOf(hasAttributes)
    const [of, ofExecution, ofTerminated] = [human, olderHuman, terminated].map((id) =>
      found.find((one) => one.id === id),
    )
    expect(of).toEqual({
      id: human,
      type: 'watchRun',
      state: 'human',
      temporal_status: 'running',
      started: expect.stringMatching(/^20\S+Z$/),
      state_since: expect.stringMatching(/^20\S+Z$/),
      deployment: 'default',
      thread_id: human.split('/')[2],
      run_id: human.split('/')[3],
      question: 'BUY AAPL?\n\u{1b}[31m{"answers":["yes","no"]}',
    })
    expect(ofExecution).toMatchObject({ type: 'executeRun', assistant: 'trading', thread_id: thread })
    expect(ofTerminated).toMatchObject({ state: 'terminated', temporal_status: 'terminated' })
    expect(ofTerminated).not.toHaveProperty('question')
    expect(ofTerminated?.state_since).toBe(ofTerminated?.ended)
  })

  test('takes a memo of anybody for none', async () => {
    const found = await rows(hasAttributes, '--state', 'running')

    const odd = found.map(({ id, started, ...one }) => [id, { ...one, state_since: one.state_since === started }])
    expect(Object.fromEntries(odd)).toEqual(
      Object.fromEntries(
        ['odd/text', 'odd/fields', 'odd/unreadable'].map((id) => [
          id,
          { type: 'executeRun', state: 'running', temporal_status: 'running', state_since: true },
        ]),
      ),
    )
  })

  test('says how many there are, and how many wait for a human', async () => {
    const plainList = await list(hasAttributes)
    const openOnes = await list(hasAttributes, '--open', '--limit', '5')

    expect(plainList.stdout.trim().split('\n')).toHaveLength(21)
    const [counted, forHuman] = plainList.stderr.split('\n')
    expect(counted).toBe(`20 of ${all} (--limit shows more)`)
    // Without attributes on all of them, only those that were read are known.
    expect(forHuman).toMatch(hasAttributes ? /^at least [23] wait for a human: langgraph-runs list --waiting/ : /^$/)
    expect(openOnes.stderr).toBe(`5 of ${open} (--limit shows more)\n`)
  })

  test.each([80, 120])('fits a terminal of %s columns, with every id whole', async (columns) => {
    const ids = namesOf(hasAttributes)
    const { stdout } = await runHere(['list', '--waiting'], { env: environment(hasAttributes), columns })

    const lines = stdout.trimEnd().split('\n')
    // A letter of Japanese takes two.
    const widths = lines.map((line) => line.length + (line.match(/[ぁ-んァ-ヶ一-龠]/g)?.length ?? 0))
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns)
    expect(Math.max(...widths)).toBeGreaterThan(columns - 3)
    expect(lines).toHaveLength(7)
    expect(lines[0]).toMatch(/^STATE +FOR +DEPLOYMENT +ASSISTANT +QUESTION OR ERROR$/)
    expect(lines[1]).toMatch(/^human +2 d +research +trading +買いますか\? .*…$/)
    expect(lines[2]).toBe('  --id order/4711')
    expect(lines[6]).toBe(`  ${ids.human.split('/').slice(2).join(' ')}`)
    expect(lines[5]).toMatch(/^human +2 h +default +BUY AAPL\? \\u001b\[31m/)
  })

  test('is one line for each if no terminal is there, or with --wide', async () => {
    const piped = await list(hasAttributes, '--waiting')
    const wide = await runHere(['list', '--waiting', '--wide'], { env: environment(hasAttributes), columns: 80 })

    const { human } = namesOf(hasAttributes)
    expect(piped.stdout).toMatch(new RegExp(`\n${human} +human +2 h +default +BUY AAPL\\? `))
    expect(wide.stdout).toBe(piped.stdout)
  })
})

describe('reads as few pages as it can', () => {
  const rowsAPage = 100

  async function reading(hasAttributes: boolean, filter: Filter, limit = 20) {
    const temporal = await connect({ TEMPORAL_ADDRESS: inject('temporalAddress'), ...environment(hasAttributes) })
    const visibility = new Visibility(temporal, rowsAPage)
    const { rows, pages, total, read: rowsRead } = await read(visibility, filter, { limit, longestFirst: false })
    await temporal.client.connection.close()
    return { rows: rows.length, rowsRead, pages, total, requests: visibility.requests }
  }

  test('one page without a filter, and a count', async () => {
    const found = await reading(true, {})

    expect(found).toEqual({ rows: 20, rowsRead: 20, pages: 1, total: { count: all, isAtLeast: false }, requests: 2 })
  })

  test('one page by search attributes, and those that have none', async () => {
    const found = await reading(true, { states: ['outage'] })

    expect(found).toMatchObject({ rows: 1, pages: 1, total: { count: 1, isAtLeast: false }, requests: 4 })
    // The open ones without search attributes come too.
    expect(found.rowsRead).toBe(5)
  })

  test('all pages if only the memo tells', async () => {
    const found = await reading(false, { states: ['outage'] })

    expect(found).toMatchObject({ rows: 1, pages: Math.ceil(open / rowsAPage), total: { count: 1, isAtLeast: false } })
  })

  test('no further than the limit, and says that there may be more', async () => {
    const found = await reading(false, { states: ['waiting'] }, 5)

    expect(found).toMatchObject({ rows: 5, pages: 1, total: { isAtLeast: true } })
    expect(found.total.count).toBeGreaterThan(80)
  })
})

test('a page may take longer than Temporal may to show that it is there', async () => {
  const temporal = await connect({ TEMPORAL_ADDRESS: inject('temporalAddress'), ...environment(true) })
  const secondsLeft: number[] = []
  vi.spyOn(temporal.client, 'withDeadline').mockImplementation((deadline, request) => {
    secondsLeft.push(Math.round((Number(deadline) - Date.now()) / 1000))
    return request()
  })

  await read(new Visibility(temporal), {}, { limit: 20, longestFirst: false })

  await temporal.client.connection.close()
  expect(secondsLeft).toEqual([5, 30])
})

test('a memo that the codec cannot decode is none', async () => {
  const codec: PayloadCodec = {
    encode: (payloads) => Promise.resolve(payloads),
    decode: () => Promise.reject(new Error('no key')),
  }
  const converter = {
    payloadConverter: defaultPayloadConverter,
    failureConverter: defaultFailureConverter,
    payloadCodecs: [codec],
  }
  const payload = defaultPayloadConverter.toPayload({ state: 'human' })

  expect(await watchMemo(converter, { langgraph: payload })).toEqual({})
  expect(await watchMemo({ ...converter, payloadCodecs: [] }, { langgraph: payload })).toEqual({ state: 'human' })
})

describe('list --watch', () => {
  test('prints the list again when it has changed if no terminal is there, until Ctrl-C: 130', async () => {
    const watches = await HandMadeWatches.open(false)
    const id = await watches.start({ id: 'order/1', state: 'human', question: 'Sure?' })
    const command = CliProcess.start(['list', '--watch', '--json'], {
      TEMPORAL_NAMESPACE: watches.namespace,
    })
    await command.said('"question":"Sure?"')

    await watches.client.workflow.getHandle(id).terminate()
    await command.said('"state":"terminated"')
    command.signal('SIGINT')

    const { code, stdout } = await command.ended
    expect(code).toBe(130)
    const [first, second, ...others] = stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '[]')
    expect([first, second].map((line) => JSON.parse(line ?? '')[0].state)).toEqual(['human', 'terminated'])
    expect(others).toEqual([])
    await watches.close()
  })

  test('prints nothing while nothing has changed, and says once more what is wrong', async () => {
    const [one] = await rows(true, '--limit', '1')
    const printed: string[] = []
    const said: string[] = []
    const answers = [one, one, undefined, one && { ...one, state: 'outage' as const }]
    const ask = () => {
      if (answers.length === 0) return Promise.reject(new Error('over'))
      const row = answers.shift()
      if (!row) return Promise.reject(new CliError(exitCodes.unavailable, 'Temporal does not answer'))
      return Promise.resolve({ rows: [row], words: [] })
    }
    const context = {
      print: (text: string) => printed.push(text),
      screen: new Screen({ write: (text) => said.push(text) }, { isLive: false }),
    }

    const showing = keepShowing(context, { ask, inText: (found) => found.map(({ state }) => state).join() }, 1)

    await expect(showing).rejects.toThrow('over')
    expect(printed).toEqual(['waiting', 'outage'])
    expect(said).toEqual(['Temporal does not answer\n'])
  })

  test('rewrites a terminal, and marks what has just changed', async () => {
    const watches = await HandMadeWatches.open(true)
    const id = await watches.start({ id: 'order/1', state: 'human', question: 'Sure?' })
    const command = CliProcess.onTerminal(['list', '--watch'], { TEMPORAL_NAMESPACE: watches.namespace })
    await command.said('Sure?')

    await watches.client.workflow.getHandle(id).terminate()
    await command.said('terminated *')
    command.type('\u{3}')

    const { code, stdout } = await command.ended
    expect(code).toBe(130)
    expect(stdout).toContain('\u{1b}[HID       STATE  FOR')
    expect(stdout).toContain('every 2 s, Ctrl-C ends')
    await watches.close()
  })
})
