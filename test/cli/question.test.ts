import { describe, expect, test } from 'vitest'
import { describeQuestion, describeSeenQuestion, withQuestionText } from '../../src/cli/question.ts'
import { questionText } from '../../src/domain/question-text.ts'
import { readable } from '../../src/domain/readable.ts'

const order = { question: 'BUY AAPL?', order: { id: 7, lots: [{ n: 1 }] }, note: 'slow\nmarket' }
const one = { interrupts: [{ id: 'i1', node: 'ask', value: order }] }
const three = { interrupts: [{ id: 'i1', value: order }, { id: 'i 2', value: 'Sure?' }, { value: 3 }] }

/** What the graph said: the lines beside the bar. */
function asked(shown: string): string {
  const lines = shown.split('\n').flatMap((line) => /^ {2}│ (.*)$/.exec(line)?.slice(1) ?? [])
  return lines.join('\n')
}

describe('a question', () => {
  test('reads the same as in the memo and the list, with how to name it below', () => {
    expect(asked(describeQuestion(one))).toBe(questionText(one, 1024))
    expect(asked(describeQuestion(three))).toBe(questionText(three, 1024))
    expect(describeQuestion(one)).toContain(
      'It asks:\n  │ question: BUY AAPL?\n  │ order:\n  │   id: 7\n  │   lots:\n  │     - {"n":1}\n',
    )
    expect(describeQuestion(three)).toMatch(
      / {2}│ {6}market\n {2}\(--interrupt-id i1\)\n {2}│ 2\. Sure\?\n {2}\(--interrupt-id 'i 2'\)\n {2}│ 3\. 3$/,
    )
    expect(describeSeenQuestion(questionText(one, 1024), '2026-01-01T00:00:00Z')).toMatch(
      /^The run waits for a human, since 2026-01-01T00:00:00Z\. It asks:\n {2}│ question: BUY AAPL\?\n {2}│ order:/,
    )
  })

  test('stands as text in an outcome or a progress that a person reads, in its place', () => {
    const shown = readable(withQuestionText({ status: 'interrupted', ...one, next: ['ask'] }))

    expect(asked(shown)).toBe(questionText(one, 1024))
    expect(shown).toMatch(/^status: interrupted\nquestion:\n {2}│ [^]*\n {2}\(node ask, --interrupt-id i1\)\nnext: \[/)
  })

  test.each([{ interrupts: [], next: ['ask'] }, { interrupts: 'x' }, { interrupts: [1] }, { status: 'success' }, 7])(
    'is not in %j, which stays as it is',
    (value) => {
      expect(withQuestionText(value)).toBe(value)
    },
  )
})
