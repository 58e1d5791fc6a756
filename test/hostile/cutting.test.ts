import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allBut, apart, begin, first, keep, mark, only, RawJson } from '../../src/langgraph/cut.ts'
import type { Cut } from '../../src/langgraph/cut.ts'
import { BadAnswer } from '../../src/langgraph/errors.ts'
import { JsonCutter } from '../../src/langgraph/json-cutter.ts'

const MB = 1024 * 1024
const bounds = { maxTextBytes: 4 * MB, maxKeptBytes: 8 * MB }

/** What is left of a text that comes in pieces of such lengths, which repeat. */
function cutOf(text: string | Uint8Array, cut: Cut, lengths: readonly number[] = [MB], limits = bounds): unknown {
  const cutter = new JsonCutter({ cut, ...limits })
  const bytes = Buffer.from(text)
  for (let at = 0, piece = 0; at < bytes.length; piece += 1) {
    const length = lengths[piece % lengths.length] ?? 1
    cutter.write(bytes.subarray(at, at + length))
    at += length
  }
  return cutter.end()
}

const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 })
/** With what a hand, and Python, would write between the tokens. */
const written = fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t', '\r\n')).map(([value, space]) => ({
  value,
  text: JSON.stringify(value, null, space),
}))
const names = fc.constantFrom('a', 'b', '', '__proto__', 'a"b', 'ä')

describe('cutting JSON', () => {
  test('keeps all of it, whatever its pieces', () => {
    fc.assert(
      fc.property(written, lengths, ({ value, text }, pieces) => {
        expect(cutOf(text, keep, pieces)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('keeps a part unparsed as it was sent, without white space, and knows its length', () => {
    fc.assert(
      fc.property(written, lengths, ({ value, text }, pieces) => {
        const sent = JSON.stringify(JSON.parse(JSON.stringify(value)))
        const cut = cutOf(`{"other":[1,2],"values":${text}}`, only({ values: apart(MB) }), pieces)
        expect(cut).toEqual({ values: new RawJson(sent, Buffer.byteLength(sent)) })
      }),
    )
  })

  test.each([
    { what: 'an integer beyond 2^53', sent: '9007199254740993' },
    { what: 'a number that ends with 0', sent: '1.10' },
    { what: 'a number beyond all others', sent: '1e400' },
    { what: 'the sign of 0', sent: '-0' },
    { what: '9,000 digits', sent: '123456789'.repeat(1000) },
    { what: 'escapes', sent: String.raw`"\u0000\ud800\""` },
  ])('keeps as it was sent $what', ({ sent }) => {
    for (const pieces of [[MB], [1], [7]]) {
      const cut = cutOf(`{"values":[${sent}, {"a":${sent}}]}`, only({ values: apart(MB) }), pieces)
      expect(cut).toMatchObject({ values: { text: `[${sent},{"a":${sent}}]` } })
    }
  })

  test('leaves of an object the fields that were named', () => {
    const objects = fc.dictionary(names, fc.jsonValue(), { maxKeys: 6 })
    fc.assert(
      fc.property(objects, fc.uniqueArray(names), lengths, (object, fields, pieces) => {
        const sent: unknown = JSON.parse(JSON.stringify(object))
        const kept = Object.entries(Object(sent)).filter(([name]) => fields.some((field) => field === name))
        const cut = only(Object.fromEntries(fields.map((name) => [name, keep])))
        expect(cutOf(JSON.stringify(object, null, 1), cut, pieces)).toEqual(Object.fromEntries(kept))
      }),
    )
  })

  test('leaves of a list the items that were asked for, and reads no further', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.integer({ min: 0, max: 5 }), lengths, (list, limit, pieces) => {
        const sent: unknown = JSON.parse(JSON.stringify(list.slice(0, limit)))
        expect(cutOf(JSON.stringify(list), first(limit, keep), pieces)).toEqual(sent)
      }),
    )
    expect(cutOf('[1,2,{},<html>', first(2, keep), [6])).toEqual([1, 2])
    expect(cutOf('{"list":[1,2,3],"more":4}', only({ list: first(2, keep), more: keep }))).toEqual({
      list: [1, 2],
      more: 4,
    })
  })

  test.each([
    { text: '{"a":null}', cut: only({ a: mark }), left: { a: null } },
    { text: '{"a":{"b":[1]}}', cut: only({ a: mark }), left: { a: true } },
    { text: '{"a":"long"}', cut: only({ a: mark }), left: { a: true } },
    { text: '{"a":[1],"b":{"c":1},"d":2}', cut: allBut({ b: mark }), left: { a: [1], b: true, d: 2 } },
    { text: '{"a":[1]}', cut: only({ a: only({ b: keep }) }), left: { a: null } },
    { text: '[{"a":1}]', cut: only({ a: keep }), left: null },
    { text: '{"a":1}', cut: first(1, keep), left: null },
    { text: '"text"', cut: first(1, keep), left: 'text' },
    { text: '\uFEFF{"a":1}', cut: only({ a: keep }), left: { a: 1 } },
    { text: String.raw`{"\u0061":1}`, cut: only({ a: keep }), left: { a: 1 } },
    { text: '{"a":1,"a":2}', cut: only({ a: keep }), left: { a: 2 } },
  ])('of $text is $left', ({ text, cut, left }) => {
    expect(cutOf(text, cut)).toEqual(left)
    expect(cutOf(text, cut, [1])).toEqual(left)
  })

  test.each([
    '<html>',
    '',
    ' ',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '[1',
    '"x',
    '{}{}',
    'nul',
    '{"a" 1}',
    '{"a"x1}',
    '{"b":,"a":1}',
    '[1 2 3]',
    '[tr ue]',
    '{,}',
    '[,]',
    ']',
  ])('finds that "%s" is not JSON', (text) => {
    for (const cut of [keep, apart(MB), text.startsWith('[') ? first(9, keep) : only({ a: keep })]) {
      const outcome = tried(() => cutOf(text, cut, [1]))
      // What is kept apart is parsed later.
      const read = outcome instanceof RawJson ? tried((): unknown => JSON.parse(outcome.text ?? '')) : outcome
      expect(read).toBeInstanceOf(SyntaxError)
    }
  })

  test('is total: whatever bytes come, it ends with what was kept or says what they are not', () => {
    const tokens = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '\\',
      '"a"',
      '"a":',
      'null',
      '1',
      ' ',
      '\u00ff',
      'e',
    )
    const texts = fc.oneof(
      fc.array(tokens).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    )
    const cuts = fc.constantFrom(keep, only({ a: keep }), only({ a: apart(3) }), first(2, mark), apart(3), begin(3))
    fc.assert(
      fc.property(texts, cuts, lengths, (text, cut, pieces) => {
        const whole = tried(() => cutOf(text, cut))
        expect(whole instanceof Error && !(whole instanceof SyntaxError)).toBe(false)
        expect(tried(() => cutOf(text, cut, pieces))).toEqual(whole)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the bounds of what is kept', () => {
  test('an answer that has to be kept as a whole is over, and what is kept apart is only counted', () => {
    const cutter = new JsonCutter({ cut: keep, maxTextBytes: 10, maxKeptBytes: 20 })
    cutter.write(Buffer.from('"0123456789'))
    expect(cutter.isOver).toBe(true)
    expect(cutOf('{"values":"0123456789"}', only({ values: apart(5) }))).toEqual({
      values: new RawJson('', 12, false),
    })
  })

  test('parts share them, in the order in which they come', () => {
    const limits = { maxTextBytes: 100, maxKeptBytes: 40 }
    const cut = first(3, apart(30))
    expect(cutOf(JSON.stringify(['x'.repeat(20), 'y'.repeat(20), 'z']), cut, [MB], limits)).toEqual([
      new RawJson(`"${'x'.repeat(20)}"`, 22),
      new RawJson('', 22, false),
      new RawJson('"z"', 3),
    ])
  })

  test.each([
    { what: 'objects', text: `[${'{},'.repeat(200_001)}{}]` },
    { what: 'lists', text: `[${'[],'.repeat(200_001)}[]]` },
  ])('so many $what are too many to be parsed', ({ text }) => {
    const cutter = new JsonCutter({ cut: keep, ...bounds })
    cutter.write(Buffer.from(text))
    expect(cutter.isOver).toBe(true)
  })

  test.each(['[', '{"a":'])('so deep is too deep to be written again: %s', (open) => {
    expect(() => cutOf(open.repeat(501), keep)).toThrow(BadAnswer)
    expect(() => cutOf(`{"a":${open.repeat(500)}`, only({ a: apart(MB) }))).toThrow(BadAnswer)
    expect(cutOf('['.repeat(500) + ']'.repeat(500), keep)).toHaveLength(1)
  })

  test('depth does not matter in what is passed over', () => {
    expect(cutOf(`{"a":1,"b":${'['.repeat(MB)}${']'.repeat(MB)}}`, only({ a: keep }))).toEqual({ a: 1 })
  })

  test('names are bounded, and so is their number', () => {
    expect(() => cutOf(`{"${'x'.repeat(2000)}":1}`, only({ a: keep }), [100])).toThrow(BadAnswer)
    expect(() => cutOf(`{${'"b":1,'.repeat(100_001)}"a":1}`, only({ a: keep }))).toThrow(BadAnswer)
  })

  test('the begin of a string is a string, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (text, most) => {
        const sent = JSON.stringify({ error: text })
        const { error } = Object(cutOf(sent, only({ error: begin(most) })))
        // What is cut within a character ends with the mark of an unknown one.
        const read = String(error.string).replace(/\uFFFD+$/, '')
        expect(text.startsWith(read) || text.includes('\uFFFD')).toBe(true)
      }),
    )
  })
})

test('cutting takes time in proportion to the length, whatever it is made of', () => {
  const fillings = ['{},', '[', '"a":1,', String.raw`\"`, ' ', '1, ', '"",', '"a', '{"a":[', ':']
  const cuts = [keep, only({ a: keep }), only({ a: apart(100) }), first(1, keep), first(1e9, begin(10)), apart(100)]
  for (const filling of fillings) {
    for (const cut of cuts) {
      for (const head of ['[', '{"a":[', '"', '{"b":{']) {
        const text = Buffer.from(head + filling.repeat(MB / 4 / filling.length))
        // Some 20 ms on an idle machine; what is quadratic takes hours.
        expect(cpuMs(text, cut)).toBeLessThan(2000)
      }
    }
  }
})

function tried<T>(work: () => T): T | Error {
  try {
    return work()
  } catch (error) {
    return error instanceof Error ? error : new Error('thrown was no error')
  }
}

function cpuMs(text: Buffer, cut: Cut): number {
  const before = process.cpuUsage()
  tried(() => cutOf(text, cut, [65_536]))
  return process.cpuUsage(before).user / 1000
}
