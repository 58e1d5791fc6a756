import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Parsed } from '../../src/domain/fields.ts'
import {
  parseCancelRunInput,
  parseExecuteRunInput,
  parseReadRunStatusInput,
  parseResumeInput,
  parseRetrieveRunResultInput,
  parseWatchRunInput,
} from '../../src/domain/parse-input.ts'
import { inWords, refusal } from '../../src/domain/problem.ts'

const parsers: Readonly<Record<string, (input: unknown) => Parsed<unknown>>> = {
  watchRun: parseWatchRunInput,
  executeRun: parseExecuteRunInput,
  retrieveRunResult: parseRetrieveRunResultInput,
  readRunStatus: parseReadRunStatusInput,
  cancelRun: parseCancelRunInput,
  resume: parseResumeInput,
}
/** What a failure takes along through Temporal: 32 fields, and some that are unknown. */
const mostBytes = 20_000
const names = fc.constantFrom(
  'threadId',
  'runId',
  'deployment',
  'pollInterval',
  'initialInterval',
  'maximumInterval',
  'backoffCoefficient',
  'maxPollTime',
  'stuckAfter',
  'retrievalOrder',
  'retrievalTimeout',
  'resultKeys',
  'onUnsuccessful',
  'onCancel',
  'onInterrupt',
  'humanTimeout',
  'assistantId',
  'input',
  'command',
  'config',
  'context',
  'metadata',
  'interruptBefore',
  'webhook',
  'afterSeconds',
  'action',
  'value',
  'interruptId',
  '__proto__',
  'constructor',
  'toString',
  '',
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
    fc.constantFrom(null, undefined, '10s', 'none', '*', 1000, 'return', 'a', '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(names, fc.string({ unit: 'binary' })), tie('value'), { maxKeys: 8 }),
  ),
}))

function saidOf(name: string, input: unknown): string {
  const parsed = parsers[name]?.(input)
  return parsed?.kind === 'refused' ? refusal(name, parsed.problems.map(inWords)) : ''
}

describe.each(Object.keys(parsers))('an input of %s', (name) => {
  test('is accepted or refused, whatever it is, in a failure that Temporal can carry', () => {
    fc.assert(
      fc.property(value, (input) => {
        expect(Buffer.byteLength(saidOf(name, input))).toBeLessThan(mostBytes)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    { what: 'many fields', input: Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`field${n}`, n])) },
    { what: 'long names', input: { ['x'.repeat(1_000_000)]: 1, ['y'.repeat(1_000_000)]: { z: 1 } } },
    {
      what: 'long values',
      input: { threadId: 'x'.repeat(1_000_000), resultKeys: Array(100).fill('k'.repeat(10_000)) },
    },
    { what: 'a list', input: Array(1_000_000).fill(0) },
    { what: 'a text', input: 'x'.repeat(1_000_000) },
  ])('of $what is refused in few words', ({ input }) => {
    const said = saidOf(name, input)
    expect(said).not.toBe('')
    expect(Buffer.byteLength(said)).toBeLessThan(mostBytes)
  })

  test.each([
    { levels: 201, open: '[', close: ']' },
    { levels: 20_000, open: '[', close: ']' },
    { levels: 300_000, open: '{"a":', close: '}' },
  ])('that is nested $levels levels deep is refused', ({ levels, open, close }) => {
    const deep: unknown = JSON.parse(`{"input":${open.repeat(levels)}1${close.repeat(levels)}}`)
    const sentence = `Invalid input for ${name}: the argument is nested deeper: must be at most 200 levels deep`
    expect(saidOf(name, deep)).toBe(sentence)
    expect(saidOf(name, Object(deep)['input'])).toBe(sentence)
  })
})

test('an input may be nested 200 levels deep', () => {
  const input: unknown = JSON.parse(`{"assistantId":"a","input":${'['.repeat(199)}1${']'.repeat(199)}}`)
  expect(parseExecuteRunInput(input)).toMatchObject({ kind: 'accepted' })
})

test('names of fields have at most 200 bytes', () => {
  const ids = { threadId: '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', runId: '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b' }
  expect(parseWatchRunInput({ ...ids, resultKeys: ['ü'.repeat(100)] })).toMatchObject({ kind: 'accepted' })
  const said = saidOf('watchRun', { ...ids, resultKeys: [`${'ü'.repeat(100)}x`] })
  expect(said).toMatch(/must be 1-100 non-empty field names of at most 200 bytes each$/)
  expect(said).not.toContain('ü'.repeat(60))
})
