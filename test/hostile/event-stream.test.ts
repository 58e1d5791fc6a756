import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadAnswer, LangGraphError } from '../../src/langgraph/errors.ts'
import { EventSplitter } from '../../src/langgraph/event-stream.ts'

/** The events of these names, with their data, of a stream that comes in pieces of such lengths. */
function eventsIn(stream: string | Uint8Array, pieces: readonly number[] = [65_536], wanted = ['a', 'b']) {
  const events: { event: string; data: string }[] = []
  const splitter = new EventSplitter((event) => {
    const chunks: Uint8Array[] = []
    if (!wanted.includes(event)) return undefined
    return {
      write: (bytes) => void chunks.push(bytes.slice()),
      end: () => void events.push({ event, data: Buffer.concat(chunks).toString('utf8') }),
    }
  })
  const bytes = Buffer.from(stream)
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const length = pieces[piece % pieces.length] ?? 1
    splitter.write(bytes.subarray(at, at + length))
    at += length
  }
  splitter.end()
  return events
}

/** The events, or that the stream was cut. */
function outcome(reading: () => unknown): unknown {
  try {
    return reading()
  } catch (error) {
    return error instanceof LangGraphError ? 'cut' : error
  }
}

const pieces = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })
const newlines = fc.constantFrom('\n', '\r\n', '\r')
const data = fc.array(
  fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll(/[\r\n]/g, '')),
  { minLength: 1, maxLength: 3 },
)
const sent = fc.array(fc.record({ event: fc.constantFrom('a', 'b', 'other'), lines: data }), { maxLength: 5 })

describe('a stream of events', () => {
  test('is read alike, whatever its pieces and its ends of line', () => {
    fc.assert(
      fc.property(sent, newlines, pieces, fc.boolean(), (events, newline, lengths, isDataFirst) => {
        const stream = events.flatMap(({ event, lines }) => {
          const fields = [`event: ${event}`, ...lines.map((line) => `data: ${line}`)]
          return [': beat', 'id: 1', ...(isDataFirst ? fields.toReversed() : fields), 'retry: 5', '', ''].join(newline)
        })
        const expected = events
          .filter(({ event }) => event !== 'other')
          .map(({ event, lines }) => ({ event, data: (isDataFirst ? lines.toReversed() : lines).join('\n') }))
        expect(eventsIn(stream.join(''), lengths)).toEqual(expected)
      }),
    )
  })

  test.each([
    { what: 'fields without a space', stream: 'event:a\ndata:1\n\n', events: [{ event: 'a', data: '1' }] },
    { what: 'a space of the data', stream: 'event:a\ndata:  1\n\n', events: [{ event: 'a', data: ' 1' }] },
    { what: 'a name that was changed', stream: 'event:b\nevent:a\ndata:1\n\n', events: [{ event: 'a', data: '1' }] },
    { what: 'no data', stream: 'event:a\n\n', events: [] },
    { what: 'no name', stream: 'data:1\n\n', events: [] },
    {
      what: 'names that are longer',
      stream: 'event:a\ndatabase:1\neventually:b\ndata:2\n\n',
      events: [{ event: 'a', data: '2' }],
    },
    { what: 'a byte order mark', stream: '\uFEFFevent:a\ndata:1\n\n', events: [{ event: 'a', data: '1' }] },
    { what: 'nothing but beats', stream: ':\n\n:\n\n', events: [] },
  ])('may hold $what', ({ stream, events }) => {
    expect(eventsIn(stream)).toEqual(events)
    expect(eventsIn(stream, [1])).toEqual(events)
  })

  test.each(['event:a', 'event:a\n', 'event:a\ndata:1', 'event:a\ndata:1\n', 'event:a\ndata:1\n\nx', ':', 'data'])(
    'that ends so was cut: %j',
    (stream) => {
      expect(() => eventsIn(stream)).toThrow(LangGraphError)
    },
  )

  test('of nothing but lines is refused', () => {
    expect(() => eventsIn(Buffer.alloc(3_000_000, '\n'))).toThrow(BadAnswer)
    expect(() => eventsIn('data:1\n'.repeat(2_100_000))).toThrow(BadAnswer)
  })

  test('that names a large event after its data is refused, and not read without it', () => {
    const large = `data:${'x'.repeat(70_000)}\n`
    expect(() => eventsIn(`${large}event:a\n\n`)).toThrow(BadAnswer)
    expect(eventsIn(`${large}event:other\n\n`)).toEqual([])
    expect(eventsIn(`${large}\nevent:a\ndata:1\n\n`)).toEqual([{ event: 'a', data: '1' }])
  })

  test('is total: any bytes are events, or were cut', () => {
    const tokens = fc.constantFrom('event:', 'data:', 'a', 'b', ' ', ':', '\n', '\r', '\r\n', '\n\n', '\u0000', '😀')
    const texts = fc.oneof(
      fc.array(tokens).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(texts, pieces, (text, lengths) => {
        const whole = outcome(() => eventsIn(text))
        expect(whole === 'cut' || Array.isArray(whole)).toBe(true)
        expect(outcome(() => eventsIn(text, lengths))).toEqual(whole)
      }),
      { numRuns: 2000 },
    )
  })
})
