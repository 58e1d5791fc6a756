import type { Interrupt, Json, WatchProgress } from '../client.ts'
import { isRecord } from '../domain/json.ts'
import { movedIn, onOneLine, quoted } from '../domain/printable.ts'

type OpenQuestions = Pick<WatchProgress, 'interrupts' | 'truncated' | 'next' | 'human_deadline_at'>

export function waitsForHuman({ phase, interrupts }: WatchProgress): boolean {
  return phase === 'interrupted' && interrupts !== undefined
}

/** What stands before the further lines of a question, so that none looks like a line of this program. */
const besideQuestion = '  │ '

/** The answers that a question offers itself, in its field `answers` or `choices`. */
export function offeredAnswers({ value }: Interrupt): readonly Json[] {
  if (!isRecord(value)) return []
  const offered = value['answers'] ?? value['choices']
  return Array.isArray(offered) ? offered : []
}

/** Tells a person who asks what, and until when. */
export function describeQuestion({ interrupts = [], truncated, next = [], human_deadline_at }: OpenQuestions): string {
  const until = human_deadline_at === undefined ? '' : `, until ${human_deadline_at}`
  if (interrupts.length === 0) {
    const nodes = onOneLine(next.join(', '))
    return `The run stopped at a breakpoint before ${nodes}, and asks nothing${until}`
  }
  const many = interrupts.length > 1
  return [
    `The run waits for a human${until}. It asks:`,
    ...interrupts.map((interrupt, index) => describeInterrupt(interrupt, many ? `${index + 1}. ` : '')),
    ...(truncated ? ['  and more, too large to show: LangGraph has all questions'] : []),
  ].join('\n')
}

/** The same from the memo, which holds the text alone. */
export function describeSeenQuestion(question: string, since: string): string {
  const asks = question === '' ? '' : `. It asks:\n  ${movedIn(question, besideQuestion)}`
  return `The run waits for a human, since ${since}${asks}`
}

function describeInterrupt({ id, value, node }: Interrupt, number: string): string {
  const from = [node && `node ${onOneLine(node)}`, id && `--interrupt-id ${quoted(id)}`].filter(Boolean).join(', ')
  const words = typeof value === 'string' ? value : JSON.stringify(value)
  return `  ${number}${movedIn(words, besideQuestion)}${from && `  (${from})`}`
}
