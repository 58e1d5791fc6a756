import type { Json, WatchProgress } from '../client.ts'
import { isRecord } from '../domain/json.ts'

type OpenQuestions = Pick<WatchProgress, 'interrupts' | 'truncated' | 'next' | 'human_deadline_at'>
type Interrupt = NonNullable<WatchProgress['interrupts']>[number]

export function waitsForHuman({ phase, interrupts }: WatchProgress): boolean {
  return phase === 'interrupted' && interrupts !== undefined
}

/** The answers that a question offers itself, in its field `answers` or `choices`. */
export function offeredAnswers({ value }: Interrupt): readonly Json[] {
  if (!isRecord(value)) return []
  const offered = value['answers'] ?? value['choices']
  return Array.isArray(offered) ? offered : []
}

/** For a person: who asks what, and until when. */
export function describeQuestion({ interrupts = [], truncated, next = [], human_deadline_at }: OpenQuestions): string {
  const until = human_deadline_at === undefined ? '' : `, until ${human_deadline_at}`
  if (interrupts.length === 0)
    return `The run stopped at a breakpoint before ${next.join(', ')}, and asks nothing${until}`
  const many = interrupts.length > 1
  return [
    `The run waits for a human${until}. It asks:`,
    ...interrupts.map((interrupt, index) => describeInterrupt(interrupt, many ? `${index + 1}. ` : '')),
    ...(truncated ? ['  and more, too large to show: LangGraph has all questions'] : []),
  ].join('\n')
}

function describeInterrupt({ id, value, node }: Interrupt, number: string): string {
  const from = [node && `node ${node}`, id && `--interrupt-id ${id}`].filter(Boolean).join(', ')
  return `  ${number}${typeof value === 'string' ? value : JSON.stringify(value)}${from && `  (${from})`}`
}
