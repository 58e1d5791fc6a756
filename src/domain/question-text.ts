import { readable } from './readable.ts'
import type { Interrupt } from './run.ts'
import { cutAtWord } from './text.ts'

interface Asked {
  /** Empty at a breakpoint. */
  readonly interrupts: readonly Interrupt[]
  readonly next?: readonly string[] | undefined
}

/** What a run asks a human, as text with a field a line, of which nothing is cut within a word. */
export function questionText({ interrupts, next = [] }: Asked, maxBytes: number): string {
  if (interrupts.length === 0) return cutAtWord(`breakpoint before ${readable(next.join(', '))}`, maxBytes)
  const many = interrupts.length > 1
  const texts = interrupts.map(({ value }, index) => {
    const text = readable(value)
    return many ? `${index + 1}. ${text.replaceAll('\n', '\n   ')}` : text
  })
  return cutAtWord(texts.join('\n'), maxBytes)
}
