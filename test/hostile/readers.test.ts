import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { endingAt, parseCheckpoint, valuesAt, withoutAnswered } from '../../src/langgraph/checkpoint.ts'
import { errorText } from '../../src/langgraph/error-text.ts'
import { asLangGraphError, BadAnswer, HttpError, LangGraphError } from '../../src/langgraph/errors.ts'
import { Outgoing } from '../../src/langgraph/outgoing.ts'
import { Redaction } from '../../src/langgraph/redaction.ts'
import { inheritedOptions, isContinuation, listedRun } from '../../src/langgraph/run-options.ts'
import { RunStream } from '../../src/langgraph/stream.ts'
import { recordOf } from '../../src/langgraph/wire.ts'

const KB = 1024
const secret = 'planted-key'
const redaction = new Redaction([secret])
const outgoing = new Outgoing(redaction)

/** JSON in which the names that servers use are frequent, and so are wrong types behind them. */
const names = fc.constantFrom(
  'metadata',
  'run_id',
  'source',
  'graph_id',
  'tasks',
  'name',
  'error',
  'message',
  'interrupts',
  'id',
  'interrupt_id',
  'value',
  'next',
  'checkpoint',
  'checkpoint_id',
  'values',
  'result',
  'status',
  'kwargs',
  'input',
  'config',
  'context',
  'configurable',
  'tags',
  'webhook',
  'durability',
  'created_at',
  '__interrupt__',
  '__proto__',
  'constructor',
  '',
)
const { wire } = fc.letrec((tie) => ({
  wire: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, 0, -1, 1e308, '', 'x', secret, 'update', '*', '2026-01-01T00:00:00Z', "E('x')"),
    fc.string({ unit: 'binary' }),
    fc.array(tie('wire'), { maxLength: 4 }),
    fc.dictionary(names, tie('wire'), { maxKeys: 6 }),
  ),
}))

/** Reads, or refuses what a server sent. Anything else that is thrown is a mistake of the reader. */
function read<T>(reading: () => T): T | undefined {
  try {
    return reading()
  } catch (error) {
    if (error instanceof BadAnswer) return undefined
    throw error
  }
}

function outgoingOf(sent: unknown) {
  return outgoing.ending(endingAt(parseCheckpoint(sent)))
}

function many<T>(item: T): T[] {
  return Array.from({ length: 20_000 }, () => item)
}

/** What of a stream can be seen, or the type of its failure. */
function seenIn(bytes: Uint8Array, length: number): string {
  const stream = new RunStream('r', undefined)
  try {
    for (let at = 0; at < bytes.length; at += length) stream.write(bytes.subarray(at, at + length))
    const reading = stream.end()
    if (reading.found === 'error')
      return JSON.stringify(outgoing.ending({ kind: 'unproven', reason: '', error: reading.error }))
    return JSON.stringify({ ...outgoing.values(reading), values: undefined, interrupts: undefined })
  } catch (error) {
    return asLangGraphError(error, { what: 'x', deployment: 'd', redaction }).type
  }
}

describe('whatever a server sends', () => {
  test('a checkpoint is read or refused, within its bounds, and without secrets but in values', () => {
    fc.assert(
      fc.property(wire, (sent) => {
        const checkpoint = read(() => parseCheckpoint(withoutAnswered(sent)))
        if (!checkpoint) return
        const ending = outgoing.ending(endingAt(checkpoint))
        const shown = JSON.stringify(ending, (key, value: unknown) => (key === 'value' ? undefined : value))
        expect(shown).not.toContain(secret)
        expect(read(() => outgoing.values(valuesAt(checkpoint, endingAt(checkpoint))))).toHaveProperty('found')
      }),
      { numRuns: 1000 },
    )
  })

  test('a run of a list, its options and its input are read or refused', () => {
    fc.assert(
      fc.property(wire, (sent) => {
        const kinds = [
          read(() => listedRun(sent)),
          read(() => inheritedOptions(recordOf(sent))),
          read(() => isContinuation(recordOf(sent))),
        ].map((known) => typeof known)
        expect(['object', 'boolean', 'undefined']).toEqual(expect.arrayContaining(kinds))
      }),
      { numRuns: 1000 },
    )
  })

  test('the text of an error is a text', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.stringMatching(/^[A-Z]\w*\('(\\.|[^\\])*',?\)$/),
    )
    fc.assert(
      fc.property(texts, (sent) => {
        expect(typeof errorText(sent)).toBe('string')
      }),
      { numRuns: 1000 },
    )
  })

  test('a stream is read, refused or cut, and its error holds no secret', () => {
    const event = fc.tuple(
      fc.constantFrom('metadata', 'values', 'error', 'other', secret),
      fc.oneof(
        wire.map((data) => JSON.stringify(data)),
        fc.string({ unit: 'binary' }),
      ),
    )
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        (events, length, ofRun) => {
          const begin = ofRun ? 'event: metadata\ndata: {"run_id":"r"}\n\n' : ''
          const text = events
            .map(([name, data]) => `event: ${name}\ndata: ${data.replaceAll(/[\r\n]/g, ' ')}\n\n`)
            .join('')
          const seen = seenIn(Buffer.from(begin + text), length)
          expect(seen).not.toContain(secret)
          expect(seen).toMatch(/^(\{.*\}|LangGraphBadAnswer|LangGraphUnavailable)$/)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test("an error's body becomes a message within its bounds, without secrets", () => {
    const bodies = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      wire.map((body) => JSON.stringify({ detail: body, message: secret })),
    )
    fc.assert(
      fc.property(bodies, fc.integer({ min: 400, max: 599 }), fc.nat(40), (body, status, padding) => {
        const text = `${'p'.repeat(padding * 10)}${body}${secret}${body}`
        const error = asLangGraphError(new HttpError(new Response(null, { status }), text), {
          what: 'x',
          deployment: 'd',
          redaction,
        })
        expect(error).toBeInstanceOf(LangGraphError)
        expect(error.message).not.toMatch(/plante|\n/)
        expect(Buffer.byteLength(error.message)).toBeLessThan(500)
      }),
    )
  })
})

describe('the bounds of what leaves', () => {
  test.each([
    { what: 'a checkpoint_id', sent: { checkpoint: { checkpoint_id: 'x'.repeat(101) } } },
    { what: 'a run_id', sent: { metadata: { run_id: 'x'.repeat(101) } } },
    { what: 'the id of a question', sent: { tasks: [{ interrupts: [{ id: 'x'.repeat(101) }] }] } },
  ])('$what of more than 100 bytes is a bad answer', ({ sent }) => {
    expect(() => parseCheckpoint(sent)).toThrow(BadAnswer)
  })

  test('the run_id of a list, too', () => {
    expect(() => listedRun({ run_id: 'x'.repeat(101) })).toThrow(BadAnswer)
  })

  test.each(['../../x', '', 'a', '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\n'])('%j is no run', (runId) => {
    expect(listedRun({ run_id: runId, status: 'running' })).toBeUndefined()
  })

  test('nodes have 200 bytes each, and those that would run next 4 KB in all', () => {
    const next = Array.from({ length: 100 }, (_, n) => `${n}${'ü'.repeat(KB)}`)
    const ending = outgoingOf({ next })
    const asking = outgoingOf({ next: ['a'], tasks: [{ name: 'ü'.repeat(KB), interrupts: [{ id: 'a', value: 1 }] }] })
    expect(asking).toMatchObject({ interrupts: [{ id: 'a', node: expect.stringMatching(/^ü{98}…$/) }] })
    const names = ending.kind === 'known' ? ending.next : []
    expect(names.length).toBeGreaterThan(15)
    expect(Buffer.byteLength(names.join(''))).toBeLessThanOrEqual(4 * KB)
  })

  test.each([
    { what: 'a status', text: () => outgoing.status({ status: `${'s'.repeat(95)}${secret}` }).status, most: 100 },
    {
      what: 'an error',
      text: () => String(Reflect.get(outgoingOf({ tasks: [{ error: `${'e'.repeat(4088)}${secret}` }] }), 'error')),
      most: 4 * KB,
    },
    {
      what: 'a reason',
      text: () =>
        String(Reflect.get(outgoing.values({ found: 'nothing', reason: `${'r'.repeat(1020)}${secret}` }), 'reason')),
      most: KB,
    },
  ])('$what ends in the middle of no secret', ({ text, most }) => {
    expect(text()).not.toContain('plan')
    expect(Buffer.byteLength(text())).toBeLessThanOrEqual(most)
  })

  const said = `it says ${secret}`
  const asked = { interrupts: [{ id: said, value: 'buy?', node: said }], next: [said], inexactNumbers: [said] }
  test.each([
    { what: 'a version', left: () => outgoing.firstLook({ kind: 'ready', version: said }) },
    { what: 'a status', left: () => outgoing.status({ status: said, origin: { assistantId: said, graphId: said } }) },
    {
      what: 'an ending',
      left: () => outgoing.ending({ kind: 'known', ...asked, error: said, failedNodes: [said], checkpointId: said }),
    },
    ...(['unproven', 'hidden'] as const).map((kind) => ({
      what: `an ending that is ${kind}`,
      left: () => outgoing.ending({ kind, reason: said, error: said }),
    })),
    { what: 'an unreadable ending', left: () => outgoing.ending({ kind: 'unreadable', reason: said }) },
    { what: 'no values', left: () => outgoing.values({ found: 'nothing', reason: said }) },
    { what: 'a question in a stream', left: () => outgoing.values({ found: 'interrupts', ...asked }) },
    {
      what: 'what stands beside values',
      left: () => outgoing.values({ found: 'values', values: 1, checkpointId: said, inexactNumbers: [said] }),
    },
    {
      what: 'what stands beside large values',
      left: () => outgoing.values({ found: 'too_large', bytes: 1, checkpointId: said }),
    },
    ...(['refused', 'busy', 'unproven'] as const).map((kind) => ({
      what: `a creation that is ${kind}`,
      left: () => outgoing.creation({ kind, threadId: 't', reason: said }),
    })),
    {
      what: 'an edited state that refuses an answer',
      left: () => outgoing.creation({ kind: 'edited', threadId: 't', now: asked }),
    },
    { what: 'an edited state', left: () => outgoing.later({ kind: 'edited', now: asked }) },
  ])('$what holds no secret', ({ left }) => {
    expect(JSON.stringify(left())).not.toContain(secret)
  })

  test('a known status is no secret, and a value is never touched', () => {
    const plain = new Outgoing(new Redaction(['running', 'success']))
    expect(plain.status({ status: 'running' })).toEqual({ status: 'running' })
    expect(plain.values({ found: 'values', values: { a: 'success' } })).toEqual({
      found: 'values',
      values: { a: 'success' },
    })
  })
})

test('reading takes time in proportion to the length', () => {
  const readings: Record<string, () => unknown> = {
    'tasks with errors': () => parseCheckpoint({ tasks: many({ error: "E('" }) }),
    questions: () => parseCheckpoint({ tasks: [{ interrupts: many({ id: 'a', value: 'x' }) }] }),
    'nodes to run next': () => parseCheckpoint({ next: many('n') }),
    'an error of backslashes': () => errorText(`E('${'\\'.repeat(1_000_000)}')`),
    'an error of quotes': () => errorText(`E('${`','`.repeat(300_000)}')`),
    'an error of names': () => errorText('a.'.repeat(500_000)),
    'an error of parentheses': () => errorText('a('.repeat(500_000)),
    'a body of white space': () =>
      asLangGraphError(new HttpError(new Response(null, { status: 500 }), ' '.repeat(65_536)), {
        what: 'x',
        deployment: 'd',
        redaction,
      }),
  }
  for (const reading of Object.values(readings)) {
    const before = process.cpuUsage()
    reading()
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000)
  }
})
