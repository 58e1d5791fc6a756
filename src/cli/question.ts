import type { Interrupt, Json, WatchProgress } from '../client.ts'
import { isRecord } from '../domain/json.ts'
import { onOneLine, printable, quoted } from '../domain/printable.ts'
import { linesOfOne } from '../domain/question-text.ts'

type OpenQuestions = Pick<WatchProgress, 'interrupts' | 'truncated' | 'next' | 'human_deadline_at'>

export function waitsForHuman({ phase, interrupts }: WatchProgress): boolean {
  return phase === 'interrupted' && interrupts !== undefined
}

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
  return [`The run waits for a human${until}. It asks:`, ...asked(interrupts, truncated).map(below)].join('\n')
}

/** The same from the memo, which holds the text alone. */
export function describeSeenQuestion(question: string, since: string): string {
  const asks = question === '' ? [] : question.split('\n').map((line) => below(beside(line)))
  return [`The run waits for a human, since ${since}${asks.length > 0 ? '. It asks:' : ''}`, ...asks].join('\n')
}

/** An outcome or a progress as a person reads it: with its questions as text, under the name that they have in a memo. */
export function withQuestionText(value: unknown): unknown {
  if (!isRecord(value) || !isAsked(value['interrupts'])) return value
  const question = asked(value['interrupts']).join('\n')
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => (name === 'interrupts' ? ['question', question] : [name, field])),
  )
}

function isAsked(interrupts: unknown): interrupts is readonly Interrupt[] {
  return Array.isArray(interrupts) && interrupts.length > 0 && interrupts.every(isRecord)
}

/** The lines of each question, and below them who asks it, and how an answer names it. */
function asked(interrupts: readonly Interrupt[], truncated = false): string[] {
  const many = interrupts.length > 1
  const lines = interrupts.flatMap((interrupt, index) => [
    ...Array.from(linesOfOne(interrupt, many ? index + 1 : undefined), beside),
    ...namesOf(interrupt),
  ])
  return [...lines, ...(truncated ? ['and more, too large to show: LangGraph has all questions'] : [])]
}

function namesOf({ id, node }: Interrupt): string[] {
  const names = [node && `node ${onOneLine(node)}`, id && `--interrupt-id ${quoted(id)}`].filter(Boolean)
  return names.length === 0 ? [] : [`(${names.join(', ')})`]
}

/** So none of its lines looks like one of this program. */
function beside(line: string): string {
  return `│ ${printable(line)}`
}

function below(line: string): string {
  return `  ${line}`
}
