import { describe, expect, test } from 'vitest'
import { answersOf, isAnswered, openInterrupts, whatIsWrong, withAnswer } from '../../src/workflows/question.ts'
import type { Question } from '../../src/workflows/question.ts'

const first = { id: 'i1', value: 'buy AAPL?' }
const second = { id: 'i2', value: 'how many?' }
const nothing = { value: undefined, interruptId: undefined }

function asking(interrupts: Question['interrupts'], answers: Question['answers'] = {}): Question {
  return { interrupts, next: ['ask'], answers, goOn: false, looks: 0, failedLooks: 0 }
}

describe('an answer', () => {
  const both = asking([first, second])
  const large = 'x'.repeat(300_000)
  test.each([
    { to: 'the only question', question: asking([first]), answer: { ...nothing, value: 'yes' }, wrong: undefined },
    { to: 'one of two by its id', question: both, answer: { value: 1, interruptId: 'i2' }, wrong: undefined },
    {
      to: 'the last open one',
      question: asking([first, second], { 0: 1 }),
      answer: { ...nothing, value: 1 },
      wrong: undefined,
    },
    { to: 'a breakpoint', question: asking([]), answer: nothing, wrong: undefined },
    {
      to: 'one of two, not said which',
      question: both,
      answer: { ...nothing, value: 1 },
      wrong: '2 questions are open: set `interruptId` to one of "i1", "i2"',
    },
    {
      to: 'one of two without ids',
      question: asking([{ value: 'a' }, { value: 'b' }]),
      answer: { ...nothing, value: 1 },
      wrong:
        '2 questions are open: set `interruptId` to one of one without an id (answer it in LangGraph), one without an id (answer it in LangGraph)',
    },
    {
      to: 'an unknown question',
      question: both,
      answer: { value: 1, interruptId: 'i9' },
      wrong: 'The run has no question "i9"; open: "i1", "i2"',
    },
    {
      to: 'one that has been answered',
      question: asking([first, second], { 0: 'yes' }),
      answer: { value: 'no', interruptId: 'i1' },
      wrong: 'The question "i1" has been answered already; open: "i2"',
    },
    {
      to: 'all that has been answered',
      question: asking([first], { 0: 'yes' }),
      answer: { ...nothing, value: 'no' },
      wrong: 'The question has been answered already',
    },
    {
      to: 'a question, without a value',
      question: both,
      answer: { value: undefined, interruptId: 'i1' },
      wrong: '`value` is missing: the answer, any JSON but null',
    },
    {
      to: 'a breakpoint, with a value',
      question: asking([]),
      answer: { ...nothing, value: 1 },
      wrong: 'The run stopped at a breakpoint and asks nothing: resume it without `value` and `interruptId`',
    },
    {
      to: 'a breakpoint, with an id',
      question: asking([]),
      answer: { ...nothing, interruptId: 'i1' },
      wrong: 'The run stopped at a breakpoint and asks nothing: resume it without `value` and `interruptId`',
    },
    {
      to: 'two questions, too large together',
      question: asking([first, second], { 0: large }),
      answer: { ...nothing, value: large },
      wrong: 'All answers together are 600013 bytes of JSON: at most 524288',
    },
  ])('to $to: $wrong', ({ question, answer, wrong }) => {
    expect(whatIsWrong(question, answer)).toBe(wrong)
  })

  test('leaves the others open, and takes the mark of an earlier refusal away', () => {
    const after = withAnswer({ ...both, refused: 'HTTP 422' }, { value: 10, interruptId: 'i2' })
    expect(openInterrupts(after)).toEqual([first])
    expect(isAnswered(after)).toBe(false)
    expect(after.refused).toBeUndefined()
  })
})

test.each([
  {
    what: 'by the ids of the questions',
    question: asking([first, second], { 0: 'yes', 1: 10 }),
    given: { i1: 'yes', i2: 10 },
  },
  { what: 'bare, if the question has no id', question: asking([{ value: 'sure?' }], { 0: 'yes' }), given: 'yes' },
  { what: 'as nothing at a breakpoint', question: asking([]), given: undefined },
])('LangGraph is given the answers $what', ({ question, given }) => {
  expect(answersOf(question)).toEqual(given)
})
