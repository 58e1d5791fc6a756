import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { below, inexactNumbersIn, marked, parsedWithRounded, withDigits } from '../../src/domain/inexact-numbers.ts'

const mark = 'm-1:'

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

  test('are found in any JSON, and nothing else changes', () => {
    fc.assert(
      fc.property(documents, fc.constantFrom('', ' ', '\n  '), ({ text, paths }, space) => {
        const spaced = text.replaceAll(/^|$/g, space)
        const { value, paths: found } = parsedWithRounded(spaced)
        expect(found).toEqual(paths.slice(0, 20))
        expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)))
        expect(inexactNumbersIn(spaced)).toEqual(paths.slice(0, 20))
      }),
      { numRuns: 500 },
    )
  })

  test('come back digit by digit', () => {
    fc.assert(
      fc.property(documents, ({ text }) => {
        expect(withDigits(JSON.stringify(JSON.parse(marked(text, mark))), mark)).toBe(text)
      }),
    )
  })

  test('are looked for in any text, which stays what it is otherwise', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', '\\', '9', '-', ',') }),
    )
    fc.assert(
      fc.property(anything, (text) => {
        expect(withDigits(marked(text, mark), mark)).toBe(text)
        expect(inexactNumbersIn(text)).toBeInstanceOf(Array)
      }),
    )
  })

  test.each([
    { what: 'text', text: `["${'x'.repeat(5_000_000)}"]` },
    { what: 'backslashes', text: `["${'\\'.repeat(5_000_000)}"]` },
    { what: 'digits', text: `[${'9'.repeat(1_000_000)}]` },
  ])('are looked for in linear time: $what', ({ text }) => {
    expect(inexactNumbersIn(text).length).toBeLessThan(2)
  })

  test.each([
    { paths: ['$'], at: ['interrupts[0].value'] },
    { paths: ['order.id', '[1]'], at: ['interrupts[0].value.order.id', 'interrupts[0].value[1]'] },
  ])('are named from the path of their value: $at', ({ paths, at }) => {
    expect(below('interrupts[0].value', paths)).toEqual(at)
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
const beneath = (step: string, { paths }: Node) => paths.map((path) => step + path)
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
      paths: nodes.flatMap((one, n) => beneath(`[${n}]`, one)),
    })),
    fc
      // Of keys like "1" JSON.parse changes the order.
      .uniqueArray(
        fc.tuple(
          fc.oneof(fc.string(), fc.constant('__proto__')).filter((key) => !/^\d/.test(key)),
          tie('node'),
        ),
        {
          maxLength: 4,
          selector: ([key]) => key,
        },
      )
      .map((fields) => ({
        text: `{${fields.map(([key, { text }]) => `${JSON.stringify(key)}:${text}`).join(',')}}`,
        paths: fields.flatMap(([key, one]) => beneath(stepTo(key), one)),
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
