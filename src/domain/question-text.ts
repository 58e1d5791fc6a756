import { readableLines } from './readable.ts'
import type { Interrupt } from './run.ts'
import { cutAtWord } from './text.ts'

interface Asked {
  /** Empty at a breakpoint. */
  readonly interrupts: readonly Interrupt[]
  readonly next?: readonly string[] | undefined
}

/**
 * What a run asks a human, as text with a field a line, of which nothing is cut within a word. No more of it is written
 * than is kept: a workflow that takes seconds to write all of a large question would be stuck.
 */
export function questionText(asked: Asked, maxBytes: number): string {
  const lines: string[] = []
  let length = 0
  for (const line of linesOf(asked)) {
    lines.push(line)
    length += line.length + 1
    if (length > maxBytes + 1) break
  }
  return cutAtWord(lines.join('\n'), maxBytes)
}

function* linesOf({ interrupts, next = [] }: Asked): Generator<string, void> {
  if (interrupts.length === 0) yield* readableLines(`breakpoint before ${next.join(', ')}`)
  const many = interrupts.length > 1
  for (const [index, interrupt] of interrupts.entries()) yield* linesOfOne(interrupt, many ? index + 1 : undefined)
}

/** @param number of a question among several */
export function* linesOfOne({ value }: Interrupt, number?: number): Generator<string, void> {
  let lead = number === undefined ? '' : `${number}. `
  const further = ' '.repeat(lead.length)
  for (const line of readableLines(value)) {
    yield lead + line
    lead = further
  }
}
