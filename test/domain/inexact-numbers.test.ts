import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inexactNumbersIn, NumberMarker, withDigits, withoutMarks } from '../../src/domain/inexact-numbers.ts'

const mark = 'm-1:'
const encode = (text: string) => new TextEncoder().encode(text)
const decode = (pieces: readonly Uint8Array[]) => pieces.map((piece) => Buffer.from(piece).toString('latin1')).join('')

/** Through one marker, cut at these places. */
function markedIn(text: string, cuts: readonly number[] = []): string {
  const bytes = encode(text)
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  const marker = new NumberMarker(mark)
  const pieces = places.slice(1).map((end, n) => marker.push(bytes.subarray(places[n], end)))
  return Buffer.from(decode([...pieces, marker.push(new Uint8Array(), true)]), 'latin1').toString('utf8')
}

describe('integers that JavaScript would round', () => {
  test.each([
    { text: '{"order":{"id":9007199254740993}}', paths: ['order.id'] },
    { text: '{"orders":[{"id":1},{"id":-9007199254740993}]}', paths: ['orders[1].id'] },
    { text: '1285704473650888702', paths: ['$'] },
    { text: '[[1152921504606846976]]', paths: ['[0][0]'] },
    { text: '{"a.b":{"":9007199254740993},"größe":9007199254740993}', paths: ['["a.b"][""]', 'größe'] },
    { text: '{"__proto__":9007199254740993}', paths: ['__proto__'] },
    { text: `{"x":${'9'.repeat(400)}}`, paths: ['x'] },
  ])('are named: $text', ({ text, paths }) => {
    expect(inexactNumbersIn(text)).toEqual(paths)
  })

  test.each([
    '9007199254740991',
    '9007199254740994',
    '"9007199254740993"',
    '{"9007199254740993":1}',
    '{"a":"\\"9007199254740993"}',
    '0.12345678901234567',
    '1e300',
    '12345678901234567.5',
    'not JSON 9007199254740993',
    '{9007199254740993:1}',
    '0009007199254740993',
    '',
  ])('are no other: %s', (text) => {
    expect(inexactNumbersIn(text)).toEqual([])
  })

  test('are named in the order of the text, 20 at most', () => {
    const text = JSON.stringify({ a: Array(30).fill(0) }).replaceAll('0', '9007199254740993')
    expect(inexactNumbersIn(text)).toEqual(Array.from({ length: 20 }, (_, n) => `a[${n}]`))
  })

  test('are found in any JSON, wherever it is cut, and nothing else changes', () => {
    fc.assert(
      fc.property(documents, fc.array(fc.nat(), { maxLength: 8 }), ({ text, paths }, cuts) => {
        const { value, paths: found } = withoutMarks<unknown>(JSON.parse(markedIn(text, cuts)), mark)
        expect(found).toEqual(paths.slice(0, 20))
        expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)))
        expect(inexactNumbersIn(text)).toEqual(paths.slice(0, 20))
      }),
      { numRuns: 500 },
    )
  })

  test('come back digit by digit', () => {
    fc.assert(
      fc.property(documents, ({ text }) => {
        expect(withDigits(JSON.stringify(JSON.parse(markedIn(text))), mark)).toBe(text)
      }),
    )
  })

  test('are looked for in any bytes, which stay what they are otherwise', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(), { maxLength: 8 }), (text, cuts) => {
        expect(withDigits(markedIn(text, cuts), mark)).toBe(Buffer.from(text).toString('utf8'))
      }),
    )
  })

  test('are found in each line of an event stream, whatever stood in the line before', () => {
    const stream = 'event: it"s\nid: 7\ndata: {"id":9007199254740993}\n\n: "\ndata: [9007199254740993]\n'
    expect(markedIn(stream)).toBe(
      `event: it"s\nid: 7\ndata: {"id":"${mark}9007199254740993"}\n\n: "\ndata: ["${mark}9007199254740993"]\n`,
    )
  })

  test('of endless digits are not held back', () => {
    const marker = new NumberMarker(mark)
    const digits = encode('9'.repeat(10_000))
    expect(marker.push(digits)).toHaveLength(10_000)
    expect(marker.push(digits)).toHaveLength(10_000)
    expect(decode([marker.push(encode(',9007199254740993]'))])).toBe(`,"${mark}9007199254740993"]`)
  })

  test('may be nested as deep as JSON.parse can read', () => {
    const deep = `${'['.repeat(5000)}9007199254740993${']'.repeat(5000)}`
    expect(inexactNumbersIn(deep)).toHaveLength(1)
  })
})

/** A JSON text as `JSON.stringify` writes it, but with whole numbers of any size, and the paths of those that are rounded. */
interface Document {
  readonly text: string
  readonly paths: readonly string[]
}

const isRounded = (digits: string) => JSON.stringify(Number(digits)) !== digits
const stepTo = (key: string) => (/^[^\s."[\]]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)
const below = (step: string, { paths }: Node) => paths.map((path) => step + path)
interface Node {
  readonly text: string
  /** From here on: ".order[0]"; "" is the value itself. */
  readonly paths: readonly string[]
}

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map((n) => leaf(n.toString())),
    fc.constantFrom('9007199254740993', '9007199254740992', '1152921504606846976', '-9007199254740993').map(leaf),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => ({ text: JSON.stringify(n), paths: [] })),
    fc.string({ unit: 'grapheme' }).map((text) => ({ text: JSON.stringify(text), paths: [] })),
    fc
      .string({ unit: fc.constantFrom('"', '\\', '9', '{', ':') })
      .map((text) => ({ text: JSON.stringify(text), paths: [] })),
    fc.constantFrom('null', 'true', 'false').map((text) => ({ text, paths: [] })),
    fc.array(tie('node'), { maxLength: 4 }).map((nodes) => ({
      text: `[${nodes.map(({ text }) => text).join(',')}]`,
      paths: nodes.flatMap((one, n) => below(`[${n}]`, one)),
    })),
    fc
      // Of keys like "1" JSON.parse changes the order.
      .uniqueArray(
        fc.tuple(
          fc.string().filter((key) => !/^\d/.test(key)),
          tie('node'),
        ),
        {
          maxLength: 4,
          selector: ([key]) => key,
        },
      )
      .map((fields) => ({
        text: `{${fields.map(([key, { text }]) => `${JSON.stringify(key)}:${text}`).join(',')}}`,
        paths: fields.flatMap(([key, one]) => below(stepTo(key), one)),
      })),
  ),
}))

function leaf(digits: string): Node {
  return { text: digits, paths: isRounded(digits) ? [''] : [] }
}

const documents: fc.Arbitrary<Document> = node.map(({ text, paths }) => ({
  text,
  paths: paths.map((path) => (path === '' ? '$' : path.replace(/^\./, ''))),
}))
